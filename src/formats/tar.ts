/**
 * Tar files (POSIX ustar), and the one door to modern-tar. Times, owners and modes are fixed, so that the same files give the same
 * bytes. Names have at most 100 letters of ASCII: then a header has 512 bytes, and where a file lies is known before it is written.
 */
import { createTarPacker } from 'modern-tar';
import { BiomedParseError } from '../util/errors.ts';

const BLOCK = 512;

/** A file for a tar file. */
export interface TarFile {
  readonly name: string;
  readonly data: Uint8Array;
}

/** Where files of these lengths lie in a tar file that holds them one after another, bytes. */
export function tarOffsets(sizes: readonly number[]): number[] {
  let at = 0;
  return sizes.map((size) => {
    const offset = at + BLOCK;
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
    return offset;
  });
}

/** The length of that tar file, bytes: it ends with two empty blocks. */
export function tarSize(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + BLOCK + Math.ceil(size / BLOCK) * BLOCK, 2 * BLOCK);
}

/** The bytes of a tar file, made as its files come. */
export async function* tarBytes(files: AsyncIterable<TarFile> | Iterable<TarFile>): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const feed = async (): Promise<void> => {
    for await (const { name, data } of files) {
      if (!/^[\x21-\x7e]{1,100}$/.test(name)) {
        throw new BiomedParseError(
          'internal',
          `${name} cannot be a name in a tar file; allowed: 1 to 100 letters of ASCII`,
        );
      }
      const header = { name, size: data.length, mtime: new Date(0), mode: 0o644, uid: 0, gid: 0, uname: '', gname: '' };
      const writer = controller.add(header).getWriter();
      if (data.length > 0) await writer.write(data);
      await writer.close();
    }
    controller.finalize();
  };
  const fed = feed().catch((error) => controller.error(error));
  yield* readable as unknown as AsyncIterable<Uint8Array>;
  await fed;
}
