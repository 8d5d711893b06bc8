/**
 * Image file directories of TIFF and BigTIFF, in both byte orders. A directory is a table of tags whose values are read only
 * when they are asked for. Refused: more than 256 directories or 512 tags in one, chains that come back to themselves,
 * values that lie outside the file, lists of more than four million numbers; of long texts the first million bytes are read.
 * Source: TIFF 6.0; the BigTIFF design of libtiff; TIFF Technical Note 1 (SubIFDs).
 */
import { type ByteSource, refuseTiff } from './source.ts';

const MAX_DIRECTORIES = 256;
const MAX_TAGS = 512;
const MAX_NUMBERS = 1 << 22;
const MAX_TEXT = 1 << 20;

export const TIFF_TAG = {
  subfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  description: 270,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripCounts: 279,
  resolutionX: 282,
  resolutionY: 283,
  planar: 284,
  resolutionUnit: 296,
  software: 305,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileCounts: 325,
  subDirectories: 330,
  sampleFormat: 339,
  jpegTables: 347,
} as const;

/** Bytes of a value by its type: BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG, SRATIONAL, FLOAT, DOUBLE, IFD, -, -, LONG8, SLONG8, IFD8. */
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

interface Entry {
  readonly type: number;
  readonly count: number;
  /** Where the values lie in the file. */
  readonly offset: number;
}

/** One image's tags. */
export interface TiffDirectory {
  readonly little: boolean;
  readonly entries: ReadonlyMap<number, Entry>;
}

interface Layout {
  readonly little: boolean;
  readonly big: boolean;
}

/** An unsigned number of 2, 4 or 8 bytes; refuses one that JavaScript cannot hold. */
function unsigned(source: ByteSource, view: DataView, at: number, size: number, little: boolean): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, little);
  if (size === 4) return view.getUint32(at, little);
  const value = Number(view.getBigUint64(at, little));
  if (!Number.isSafeInteger(value)) refuseTiff(source.label, `it is damaged: it names the offset or count ${value}`);
  return value;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

async function readHeader(source: ByteSource): Promise<Layout & { readonly first: number }> {
  const { label, size } = source;
  const view = viewOf(await source.read(0, Math.min(16, size)));
  const order = size >= 8 ? view.getUint16(0) : 0;
  const little = order === 0x4949;
  const version = order === 0x4949 || order === 0x4d4d ? view.getUint16(2, little) : 0;
  if (version === 42) return { little, big: false, first: view.getUint32(4, little) };
  if (version === 43 && size >= 16 && view.getUint16(4, little) === 8) {
    return { little, big: true, first: unsigned(source, view, 8, 8, little) };
  }
  return refuseTiff(label, 'it is no TIFF file');
}

async function readDirectory(source: ByteSource, at: number, { little, big }: Layout) {
  const [head, each, word] = big ? [8, 20, 8] : [2, 12, 4];
  const tags = unsigned(source, viewOf(await source.read(at, head)), 0, head, little);
  if (tags > MAX_TAGS)
    refuseTiff(source.label, `it is damaged: a directory of ${tags} tags; at most ${MAX_TAGS} are allowed`);
  const view = viewOf(await source.read(at + head, tags * each + word));
  const entries = new Map<number, Entry>();
  for (let i = 0; i < tags; i++) {
    const from = i * each;
    const type = view.getUint16(from + 2, little);
    const count = unsigned(source, view, from + 4, word, little);
    const bytes = (SIZES[type] ?? 0) * count;
    const value = from + 4 + word;
    const offset = bytes <= word ? at + head + value : unsigned(source, view, value, word, little);
    entries.set(view.getUint16(from, little), { type, count, offset });
  }
  return { directory: { little, entries }, next: unsigned(source, view, tags * each, word, little) };
}

/** The directories of a file in their order, each followed by those that it names as its own (SubIFDs). */
export async function readDirectories(source: ByteSource): Promise<TiffDirectory[]> {
  const { first, ...layout } = await readHeader(source);
  const found: TiffDirectory[] = [];
  const seen = new Set<number>();
  const visit = async (offset: number): Promise<number> => {
    if (seen.has(offset)) refuseTiff(source.label, 'it is damaged: its directories go round in a circle');
    if (seen.size >= MAX_DIRECTORIES) {
      refuseTiff(source.label, `it holds more than ${MAX_DIRECTORIES} directories, which is not allowed`);
    }
    seen.add(offset);
    const { directory, next } = await readDirectory(source, offset, layout);
    found.push(directory);
    return next;
  };
  for (let at = first; at !== 0; ) {
    const next = await visit(at);
    const own = await tagNumbers(source, found.at(-1) as TiffDirectory, TIFF_TAG.subDirectories);
    for (const sub of own) if (sub !== 0) await visit(sub);
    at = next;
  }
  if (found.length === 0) refuseTiff(source.label, 'it holds no image');
  return found;
}

/** The bytes of a tag's values; null without the tag or with a type that is not known. */
async function tagBytes(source: ByteSource, directory: TiffDirectory, tag: number, most: number) {
  const entry = directory.entries.get(tag);
  const size = SIZES[entry?.type ?? 0] ?? 0;
  if (entry === undefined || size === 0) return null;
  const bytes = await source.read(entry.offset, Math.min(entry.count * size, most));
  return { bytes, size, type: entry.type };
}

/** A tag's values as numbers, rationals as quotients; empty without the tag. */
export async function tagNumbers(source: ByteSource, directory: TiffDirectory, tag: number): Promise<Float64Array> {
  const count = directory.entries.get(tag)?.count ?? 0;
  if (count > MAX_NUMBERS) refuseTiff(source.label, `it is damaged: tag ${tag} lists ${count} values`);
  const found = await tagBytes(source, directory, tag, Number.POSITIVE_INFINITY);
  if (found === null || [2, 6, 8, 9, 10, 11, 12, 17].includes(found.type)) return new Float64Array(0);
  const { bytes, size, type } = found;
  const view = viewOf(bytes);
  const { little } = directory;
  const rational = type === 5;
  return Float64Array.from({ length: bytes.length / size }, (_, i) =>
    rational
      ? view.getUint32(i * 8, little) / view.getUint32(i * 8 + 4, little)
      : unsigned(source, view, i * size, size, little),
  );
}

/** The first of a tag's values, or what stands for it without the tag. */
export async function tagNumber(
  source: ByteSource,
  directory: TiffDirectory,
  tag: number,
  otherwise: number,
): Promise<number> {
  return (await tagNumbers(source, directory, tag))[0] ?? otherwise;
}

/** A tag's text up to its first NUL, as UTF-8; empty without the tag. */
export async function tagText(source: ByteSource, directory: TiffDirectory, tag: number): Promise<string> {
  const found = await tagBytes(source, directory, tag, MAX_TEXT);
  return found === null ? '' : Buffer.from(found.bytes).toString('utf8').split('\0', 1)[0];
}

/** A tag's bytes as they are; null without the tag. */
export async function tagData(source: ByteSource, directory: TiffDirectory, tag: number): Promise<Uint8Array | null> {
  const found = await tagBytes(source, directory, tag, MAX_TEXT);
  return found === null ? null : found.bytes;
}
