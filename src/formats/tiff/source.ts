/** A file read by ranges: nothing of it is held but what was asked for, and every range is checked against its length. */
import { open } from 'node:fs/promises';
import { BiomedParseError } from '../../util/errors.ts';
import { readError } from '../../util/files.ts';

/** Bytes that are read by ranges. */
export interface ByteSource {
  /** As errors name it. */
  readonly label: string;
  readonly size: number;
  /** Bytes `offset` to `offset + length`; refuses (`input`) a range that does not lie in the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Refuses a TIFF file for a reason. */
export function refuseTiff(label: string, reason: string, cause?: unknown): never {
  throw new BiomedParseError('input', `cannot read ${label}: ${reason}`, { file: label }, cause);
}

function checkRange(label: string, size: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  refuseTiff(label, `it is damaged or truncated: bytes ${offset} to ${offset + length} are named, it has ${size}`);
}

/** A file on disk; refuses (`input`) one that cannot be opened. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const file = await open(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) refuseTiff(path, 'it is not a file');
    const { size } = found;
    return {
      label: path,
      size,
      async read(offset, length) {
        checkRange(path, size, offset, length);
        const bytes = new Uint8Array(length);
        const { bytesRead } = await file.read(bytes, 0, length, offset).catch((error: unknown) => {
          throw readError(path, error);
        });
        if (bytesRead !== length) refuseTiff(path, 'it was shortened while it was read');
        return bytes;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Bytes in memory. */
export function bytesSource(bytes: Uint8Array, label: string): ByteSource {
  return {
    label,
    size: bytes.length,
    async read(offset, length) {
      checkRange(label, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    close: async () => undefined,
  };
}
