/** TIFF files made for tests, tag by tag, and slides of a scene whose pixels are known. */
import { deflateSync } from 'node:zlib';
import { TIFF_TAG as tag } from '../../src/formats/tiff/directory.ts';

const WIDTHS: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 16: 8 };

/** A tag: its number, its type (2 ASCII, 3 SHORT, 4 LONG, 5 RATIONAL, 7 UNDEFINED, 16 LONG8) and its values. */
export type Tag = readonly [number, number, string | readonly number[]];

export interface TiffPage {
  readonly tags: readonly Tag[];
  /** Packed tiles or strips; their offsets and lengths become tags. */
  readonly tiles: readonly Uint8Array[];
  readonly tiled: boolean;
}

/** A file of pages; `bigEndian` and `big` (BigTIFF) as wished. */
export function tiffFile(pages: readonly TiffPage[], { bigEndian = false, big = false } = {}): Buffer {
  const [head, each, word] = big ? [8, 20, 8] : [2, 12, 4];
  const number = (value: number, width: number): Buffer => {
    const out = Buffer.alloc(width);
    if (width === 8) out[bigEndian ? 'writeBigUInt64BE' : 'writeBigUInt64LE'](BigInt(value));
    else out[bigEndian ? 'writeUIntBE' : 'writeUIntLE'](value, 0, width);
    return out;
  };
  const parts: Buffer[] = [];
  let at = big ? 16 : 8;
  const add = (bytes: Uint8Array): number => {
    const padded = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]);
    parts.push(padded);
    at += padded.length;
    return at - padded.length;
  };
  const places = pages.map(({ tiles }) => tiles.map(add));
  const directories = pages.map(({ tags, tiles, tiled }, i) => {
    const [offsets, counts] = tiled ? [tag.tileOffsets, tag.tileCounts] : [tag.stripOffsets, tag.stripCounts];
    const all: Tag[] = [...tags, [offsets, big ? 16 : 4, places[i]], [counts, 4, tiles.map(({ length }) => length)]];
    return all
      .sort((a, b) => a[0] - b[0])
      .map(([name, type, values]) => {
        const list = typeof values === 'string' ? [...Buffer.from(`${values}\0`, 'utf8')] : values;
        const width = type === 5 ? 4 : WIDTHS[type];
        const bytes = Buffer.concat(list.map((value) => number(value, width)));
        const inline = Buffer.concat([bytes, Buffer.alloc(Math.max(0, word - bytes.length))]);
        const value = bytes.length <= word ? inline : number(add(bytes), word);
        return Buffer.concat([
          number(name, 2),
          number(type, 2),
          number(list.length / (type === 5 ? 2 : 1), word),
          value,
        ]);
      });
  });
  const starts: number[] = [];
  for (const fields of directories) {
    starts.push(at);
    at += head + fields.length * each + word;
    parts.push(number(fields.length, head), ...fields, Buffer.alloc(word));
  }
  // the place of each next directory, known only now
  let index = parts.length;
  for (let i = directories.length - 1; i >= 0; i--) {
    parts[index - 1] = number(starts[i + 1] ?? 0, word);
    index -= directories[i].length + 2;
  }
  const order = Buffer.from(bigEndian ? 'MM' : 'II');
  const header = big
    ? [order, number(43, 2), number(8, 2), number(0, 2), number(starts[0], 8)]
    : [order, number(42, 2), number(starts[0], 4)];
  return Buffer.concat([...header, ...parts]);
}

/** RGB pixels. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export function scene(width: number, height: number, colour: (x: number, y: number) => readonly number[]): Scene {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i += 3) data.set(colour(x, y), i);
  return { width, height, data };
}

/** A scene at 1/n, each pixel the mean of n x n; what is left at the right and below is dropped. */
export function reduced({ width, height, data }: Scene, n: number): Scene {
  return scene(Math.floor(width / n), Math.floor(height / n), (x, y) =>
    [0, 1, 2].map((c) => {
      let sum = 0;
      for (let v = 0; v < n; v++) for (let u = 0; u < n; u++) sum += data[((y * n + v) * width + x * n + u) * 3 + c];
      return Math.round(sum / (n * n));
    }),
  );
}

/** A scene as a page: in deflated tiles of `tile` pixels, or in strips of 16 rows. */
export function page({ width, height, data }: Scene, tile: number | null, more: readonly Tag[] = []): TiffPage {
  const [w, h] = tile === null ? [width, 16] : [tile, tile];
  const tiles: Uint8Array[] = [];
  for (let top = 0; top < height; top += h) {
    for (let left = 0; left < width; left += w) {
      const rows = tile === null ? Math.min(h, height - top) : h;
      const out = new Uint8Array(w * rows * 3);
      for (let y = 0; y < Math.min(rows, height - top); y++) {
        const from = ((top + y) * width + left) * 3;
        out.set(data.subarray(from, from + 3 * Math.min(w, width - left)), y * w * 3);
      }
      tiles.push(deflateSync(out));
    }
  }
  const shape: Tag[] =
    tile === null
      ? [[tag.rowsPerStrip, 4, [h]]]
      : [
          [tag.tileWidth, 4, [tile]],
          [tag.tileHeight, 4, [tile]],
        ];
  const tags: Tag[] = [
    [tag.width, 4, [width]],
    [tag.height, 4, [height]],
    [tag.bits, 3, [8, 8, 8]],
    [tag.compression, 3, [8]],
    [tag.photometric, 3, [2]],
    [tag.samples, 3, [3]],
    [tag.planar, 3, [1]],
    ...shape,
    ...more,
  ];
  return { tags, tiles, tiled: tile !== null };
}

/** A slide as Aperio writes it: the slide, its thumbnail in strips, a level of 1/4, a label and a picture of the glass. */
export function aperioPages(whole: Scene, mpp: number, tile = 240): TiffPage[] {
  const { width, height } = whole;
  const about = `Aperio Image Library v12.0.15\r\n${width}x${height} (${tile}x${tile}) |AppMag = 40|MPP = ${mpp.toFixed(4)}`;
  const text = (value: string): Tag => [tag.description, 2, value];
  const label = scene(90, 60, () => [250, 10, 10]);
  return [
    page(whole, tile, [text(about)]),
    page(reduced(whole, 8), null, [text(about)]),
    page(reduced(whole, 4), tile, [text(about)]),
    page(label, null, [text('Aperio Image Library v12.0.15\r\nlabel 90x60'), [tag.subfileType, 4, [1]]]),
    page(label, null, [text('Aperio Image Library v12.0.15\r\nmacro 90x60'), [tag.subfileType, 4, [9]]]),
  ];
}
