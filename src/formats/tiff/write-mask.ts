/**
 * Masks as tiled TIFF pyramids, written row by row: 8-bit grey, 0 outside and 255 inside, deflate, tiles of 256 x 256, each level half
 * the size of the one before (a pixel is inside if two of its four are) and none smaller than a
 * tile. BigTIFF where the mask has 2^31 pixels and more.
 * Memory: a row of tiles per level.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import { BiomedParseError } from '../../util/errors.ts';
import { systemReason } from '../../util/files.ts';
import { TIFF_TAG as tag } from './directory.ts';

const TILE = 256;
const BIG_PIXELS = 2 ** 31;

const [ASCII, SHORT, LONG, RATIONAL, LONG8] = [2, 3, 4, 5, 16];
const WIDTHS: Readonly<Record<number, number>> = { [ASCII]: 1, [SHORT]: 2, [LONG]: 4, [RATIONAL]: 8, [LONG8]: 8 };

interface Field {
  readonly tag: number;
  readonly type: number;
  /** Numbers; of rationals numerators and denominators. */
  readonly values: readonly number[];
}

interface Level {
  readonly width: number;
  readonly height: number;
  /** `[TILE, tiles across * TILE]`, and how many of its rows are filled. */
  readonly rows: Uint8Array;
  filled: number;
  done: number;
  /** The row that waits for the next one, to be halved with it. */
  waiting: Uint8Array | null;
  readonly offsets: number[];
  readonly counts: number[];
}

function levelsOf(width: number, height: number): Level[] {
  const levels: Level[] = [];
  for (let [w, h] = [width, height]; ; [w, h] = [w >> 1, h >> 1]) {
    const rows = new Uint8Array(Math.ceil(w / TILE) * TILE * TILE);
    levels.push({ width: w, height: h, rows, filled: 0, done: 0, waiting: null, offsets: [], counts: [] });
    // a level smaller than a tile is read askew by OpenSlide
    if (Math.min(w, h) < 2 * TILE) return levels;
  }
}

/** Two rows as one of half the width: inside where two of four pixels are. */
function halved(upper: Uint8Array, lower: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(width);
  for (let x = 0, i = 0; x < width; x++, i += 2) {
    if (upper[i] + upper[i + 1] + lower[i] + lower[i + 1] >= 2) out[x] = 1;
  }
  return out;
}

/** The bytes of a directory at `at`, followed by the values that do not fit into it; and where they end. */
function directoryBytes(fields: readonly Field[], at: number, next: (end: number) => number, big: boolean): Buffer {
  const [head, each, word] = big ? [8, 20, 8] : [2, 12, 4];
  const size = head + fields.length * each + word;
  const extra: Buffer[] = [];
  const out = Buffer.alloc(size);
  const put = (buffer: Buffer, value: number, offset: number, width: number): void => {
    if (width === 8) buffer.writeBigUInt64LE(BigInt(value), offset);
    else buffer.writeUIntLE(value, offset, width);
  };
  put(out, fields.length, 0, head);
  let end = at + size;
  for (const [i, { tag: name, type, values }] of fields.entries()) {
    const from = head + i * each;
    const width = type === RATIONAL ? 4 : WIDTHS[type];
    const length = values.length * width;
    const bytes = Buffer.alloc(Math.max(word, length + (length % 2))); // values lie at even places too
    for (const [k, value] of values.entries()) put(bytes, value, k * width, width);
    out.writeUInt16LE(name, from);
    out.writeUInt16LE(type, from + 2);
    put(out, type === RATIONAL ? values.length / 2 : values.length, from + 4, word);
    if (bytes.length <= word) bytes.copy(out, from + 4 + word);
    else {
      put(out, end, from + 4 + word, word);
      extra.push(bytes);
      end += bytes.length;
    }
  }
  put(out, next(end), size - word, word);
  return Buffer.concat([out, ...extra]);
}

const text = (value: string): number[] => [...Buffer.from(`${value.replace(/[^\x20-\x7e]/g, '?')}\0`)];

export interface MaskWriter {
  /** Adds rows, 1 inside, one after another in one array. */
  write(rows: Uint8Array): Promise<void>;
  /** Ends the file; refuses (`internal`) a mask of which rows are missing. */
  end(): Promise<void>;
  /** Closes the file as it is, after a failure; does nothing after `end`. */
  close(): Promise<void>;
}

/** What a mask is. */
export interface MaskAbout {
  readonly width: number;
  readonly height: number;
  /** Microns a pixel. */
  readonly microns: number;
  readonly description: string;
}

/** Starts a mask file; refusals of the system are `io` errors. */
export async function createMaskTiff(
  path: string,
  { width, height, microns, description }: MaskAbout,
  big = width * height >= BIG_PIXELS,
): Promise<MaskWriter> {
  const levels = levelsOf(width, height);
  const tell = (error: unknown): never => {
    throw new BiomedParseError('io', `cannot write ${path}: ${systemReason(error)}`, { path }, error);
  };
  const file: FileHandle = await open(path, 'w').catch(tell);
  let at = big ? 16 : 8;
  let isOpen = true;
  const append = async (bytes: Uint8Array): Promise<void> => {
    await file.write(bytes, 0, bytes.length, at).catch(tell);
    at += bytes.length;
  };

  async function flush(level: Level): Promise<void> {
    if (level.filled === 0) return;
    const across = level.rows.length / TILE;
    const tile = new Uint8Array(TILE * TILE);
    for (let left = 0; left < across; left += TILE) {
      for (let y = 0; y < TILE; y++) {
        for (let x = 0; x < TILE; x++) tile[y * TILE + x] = level.rows[y * across + left + x] === 0 ? 0 : 255;
      }
      const packed = deflateSync(tile);
      level.offsets.push(at);
      level.counts.push(packed.length);
      await append(packed);
    }
    level.rows.fill(0);
    level.filled = 0;
  }

  async function add(index: number, row: Uint8Array): Promise<void> {
    const level = levels[index];
    level.rows.set(row, level.filled * (level.rows.length / TILE));
    level.filled++;
    level.done++;
    if (level.filled === TILE || level.done === level.height) await flush(level);
    const next = levels[index + 1];
    if (next === undefined) return;
    const upper = level.waiting;
    level.waiting = upper === null ? row : null;
    if (upper !== null) await add(index + 1, halved(upper, row, next.width));
  }

  const fieldsOf = (level: Level, index: number): Field[] => {
    const offset = big ? LONG8 : LONG;
    const perCentimetre = [Math.round(1e7 / (microns * 2 ** index)), 1000];
    return [
      { tag: tag.subfileType, type: LONG, values: [index === 0 ? 0 : 1] },
      { tag: tag.width, type: LONG, values: [level.width] },
      { tag: tag.height, type: LONG, values: [level.height] },
      { tag: tag.bits, type: SHORT, values: [8] },
      { tag: tag.compression, type: SHORT, values: [8] },
      { tag: tag.photometric, type: SHORT, values: [1] },
      ...(index === 0 ? [{ tag: tag.description, type: ASCII, values: text(description) }] : []),
      { tag: tag.samples, type: SHORT, values: [1] },
      { tag: tag.resolutionX, type: RATIONAL, values: perCentimetre },
      { tag: tag.resolutionY, type: RATIONAL, values: perCentimetre },
      { tag: tag.planar, type: SHORT, values: [1] },
      { tag: tag.resolutionUnit, type: SHORT, values: [3] },
      { tag: tag.tileWidth, type: SHORT, values: [TILE] },
      { tag: tag.tileHeight, type: SHORT, values: [TILE] },
      { tag: tag.tileOffsets, type: offset, values: level.offsets },
      { tag: tag.tileCounts, type: offset, values: level.counts },
    ];
  };

  return {
    async write(rows) {
      for (let from = 0; from < rows.length; from += width) await add(0, rows.slice(from, from + width));
    },
    async end() {
      if (levels[0].done !== height) {
        throw new BiomedParseError('internal', `${path} got ${levels[0].done} rows of ${height}`, { path });
      }
      const first = at + (at % 2); // directories lie at even places
      at = first;
      for (const [i, level] of levels.entries()) {
        const last = i === levels.length - 1;
        await append(directoryBytes(fieldsOf(level, i), at, (end) => (last ? 0 : end), big));
      }
      const header = Buffer.alloc(big ? 16 : 8);
      header.write('II', 'latin1');
      header.writeUInt16LE(big ? 43 : 42, 2);
      if (big) {
        header.writeUInt16LE(8, 4);
        header.writeBigUInt64LE(BigInt(first), 8);
      } else header.writeUInt32LE(first, 4);
      await file.write(header, 0, header.length, 0).catch(tell);
      isOpen = false;
      await file.close().catch(tell);
    },
    async close() {
      if (isOpen) await file.close();
      isOpen = false;
    },
  };
}
