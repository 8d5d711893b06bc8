/**
 * What the network said about slices, kept so that a run that was ended goes on where it stopped. A record holds the mask
 * logits of all prompts at the network's own small size, so that sizes, smoothing and thresholds are made anew from it and
 * a resumed run gives the same bytes as one that was not stopped.
 *
 * A record: "BPSLICE2", then little-endian: twelve uint32 (prompts, height, width, 1 if existence logits follow, values of the summary;
 * of the fit width, height, size and the inner window's left, top, width, height), float32 logits `[prompts, height, width]`, float32
 * existence logits `[prompts]`, the float32 summary, and the CRC-32 of all before it. A record that is short or damaged counts as missing.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCrc32 } from '../formats/crc32.ts';
import type { Fit } from '../image/fit.ts';
import { BiomedParseError } from '../util/errors.ts';
import { makeFolder, systemReason, writeSmallFileAtomic } from '../util/files.ts';

/** The network's answers to all prompts in one slice. */
export interface SliceRecord {
  /** `[prompts, height, width]` over the network's square. */
  readonly logits: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Per prompt; null without an existence head. */
  readonly existence: Float32Array | null;
  /** What the kind of image is guessed from (`EncodedImage.summary`); null where the model guesses none. */
  readonly summary: Float32Array | null;
  /** How the square lies on the slice. */
  readonly fit: Fit;
}

/** Where records are kept. */
export interface SliceStore {
  /** A slice's record; null if there is none that can be used. */
  read(index: number): Promise<SliceRecord | null>;
  write(index: number, record: SliceRecord): Promise<void>;
}

const MAGIC = 'BPSLICE2';
const NUMBERS = 12;
const HEADER = MAGIC.length + 4 * NUMBERS;

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function checksum(bytes: Uint8Array): number {
  const crc = createCrc32();
  crc.add(bytes);
  return crc.value();
}

/** A record as bytes. */
export function encodeRecord({ logits, height, width, existence, summary, fit }: SliceRecord): Uint8Array {
  const values = [logits, existence, summary].filter((one) => one !== null);
  const out = new Uint8Array(values.reduce((sum, { byteLength }) => sum + byteLength, HEADER) + 4);
  const view = new DataView(out.buffer);
  out.set(Buffer.from(MAGIC, 'latin1'));
  const { inner } = fit;
  const window = [inner.left, inner.top, inner.width, inner.height];
  const prompts = logits.length / (height * width);
  const sizes = [prompts, height, width, existence === null ? 0 : 1, summary?.length ?? 0];
  const numbers = [...sizes, fit.width, fit.height, fit.size, ...window];
  for (const [i, value] of numbers.entries()) view.setUint32(MAGIC.length + 4 * i, value, true);
  let at = HEADER;
  for (const one of values) {
    out.set(bytesOf(one), at);
    at += one.byteLength;
  }
  view.setUint32(out.length - 4, checksum(out.subarray(0, -4)), true);
  return out;
}

/** The record in bytes; null if they are none, or damaged. */
export function decodeRecord(bytes: Uint8Array): SliceRecord | null {
  if (bytes.length < HEADER + 4 || Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC)
    return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = Array.from({ length: NUMBERS }, (_, i) => view.getUint32(MAGIC.length + 4 * i, true));
  const [prompts, height, width, heads, moments, ...place] = numbers;
  const [fitWidth, fitHeight, size, left, top, innerWidth, innerHeight] = place;
  const values = prompts * height * width;
  const existences = heads * prompts;
  if (bytes.length !== HEADER + 4 * (values + existences + moments) + 4) return null;
  if (view.getUint32(bytes.length - 4, true) !== checksum(bytes.subarray(0, -4))) return null;
  const floats = new Float32Array(new Uint8Array(bytes.subarray(HEADER, -4)).buffer);
  return {
    logits: floats.subarray(0, values),
    height,
    width,
    existence: heads === 0 ? null : floats.subarray(values, values + existences),
    summary: moments === 0 ? null : floats.subarray(values + existences),
    fit: { width: fitWidth, height: fitHeight, size, inner: { left, top, width: innerWidth, height: innerHeight } },
  };
}

/** Records in memory. */
export function memoryStore(): SliceStore {
  const records = new Map<number, SliceRecord>();
  return {
    read: async (index) => records.get(index) ?? null,
    write: async (index, record) => void records.set(index, record),
  };
}

/** Records as files of a folder, each written whole or not at all. Refuses (`io`) a folder that cannot be made. */
export async function folderStore(folder: string): Promise<SliceStore> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw new BiomedParseError(
      'io',
      `cannot make the work folder ${folder}: ${systemReason(error)}`,
      { folder },
      error,
    );
  }
  const path = (index: number): string => join(folder, `slice-${String(index).padStart(5, '0')}`);
  return {
    async read(index) {
      // Missing or unreadable is the same: the slice is asked again.
      const bytes = await readFile(path(index)).catch(() => null);
      return bytes === null ? null : decodeRecord(bytes);
    },
    write: async (index, record) => writeSmallFileAtomic(path(index), encodeRecord(record)),
  };
}
