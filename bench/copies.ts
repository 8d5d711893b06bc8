/**
 * How many planted copies `data check` finds on a data folder, and what it reports that nobody planted: 200 images, spread over the
 * folder, each copied in every way below and compared with its source; then all images of the folder with one another.
 *
 *   node --import tsx bench/copies.ts <data-root> [--images 200] [--pairs] [--copies]
 *
 * `--pairs` also prints the pairs of the folder, `--copies` leaves it at the planted ones.
 */
import { parseArgs } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { table } from '../src/cli/table.ts';
import { openSplits } from '../src/dataset/index.ts';
import { subjectOf } from '../src/dataset/subjects.ts';
import { readRaster } from '../src/formats/raster.ts';
import { type Fingerprint, findDuplicates, fingerprint } from '../src/image/fingerprint.ts';
import { toRgb8 } from '../src/image/rgb.ts';
import type { Image } from '../src/image/types.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: 'string', default: '200' },
    pairs: { type: 'boolean', default: false },
    copies: { type: 'boolean', default: false },
  },
});
const [root] = positionals;

const raw = ({ data, width, height }: Image) => sharp(data, { raw: { width, height, channels: 3 } });

async function back(made: Sharp): Promise<Image> {
  const { data, info } = await made.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
}

function toned(image: Image, map: (value: number) => number): Image {
  const data = Uint8Array.from(image.data, (value) => Math.max(0, Math.min(255, Math.round(map(value)))));
  return { ...image, data };
}

/** Grey levels of a share of the pixels that are not black. */
function level({ data }: Image, share: number): number {
  const sorted = Uint8Array.from(data.filter((value) => value > 8)).sort();
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

function windowed(image: Image, from: number, to: number): Image {
  const [low, high] = [level(image, from), level(image, to)];
  return toned(image, (value) => (255 * (value - low)) / Math.max(1, high - low));
}

const kinds: Readonly<Record<string, (image: Image) => Promise<Image> | Image>> = {
  'left-right flip': (image) => back(raw(image).flop()),
  'up-down flip': (image) => back(raw(image).flip()),
  'quarter turn': (image) => back(raw(image).rotate(90)),
  'half size': (image) => {
    const [width, height] = [image.width, image.height].map((side) => Math.max(1, side >> 1));
    return back(raw(image).resize(width, height, { fit: 'fill' }));
  },
  'double size': (image) => back(raw(image).resize(image.width * 2, image.height * 2, { fit: 'fill' })),
  'JPEG of quality 30': async (image) => back(sharp(await raw(image).jpeg({ quality: 30 }).toBuffer())),
  'gamma 0.6': (image) => toned(image, (value) => 255 * (value / 255) ** 0.6),
  'half as bright': (image) => toned(image, (value) => value / 2),
  'brighter, cut off': (image) => toned(image, (value) => 1.3 * value + 25),
  inverted: (image) => toned(image, (value) => 255 - value),
  'window of the middle 80 %': (image) => windowed(image, 0.1, 0.9),
  'window of the middle 40 %': (image) => windowed(image, 0.3, 0.7),
  'crop of 4 % a side': (image) => {
    const [left, top] = [Math.round(image.width * 0.04), Math.round(image.height * 0.04)];
    return back(raw(image).extract({ left, top, width: image.width - 2 * left, height: image.height - 2 * top }));
  },
};

const items = (await openSplits(root)).flatMap(({ items, split }) => items.map((item) => ({ ...item, split })));
const images = Math.min(items.length, Number(options.images));
const found = new Map(Object.keys(kinds).map((kind) => [kind, 0]));
for (let i = 0; i < images; i++) {
  const at = Math.floor(((i + 0.5) * items.length) / images);
  const image = toRgb8(await readRaster(items[at].file));
  const print = fingerprint(image);
  for (const [kind, copy] of Object.entries(kinds)) {
    const pairs = await findDuplicates([print, fingerprint(await copy(image))]);
    found.set(kind, (found.get(kind) as number) + pairs.length);
  }
}
const rows = [...found].map(([kind, n]) => [kind, `${n} of ${images}`]);
process.stdout.write(`${table([{ title: 'copy' }, { title: 'found', align: 'right' }], rows).join('\n')}\n\n`);

if (!options.copies) await comparePairs();

/** All images of the folder with one another. */
async function comparePairs(): Promise<void> {
  const prints: Fingerprint[] = [];
  const start = performance.now();
  for (const { file } of items) prints.push(fingerprint(await readRaster(file)));
  const read = (performance.now() - start) / 1000;
  const [began, used] = [performance.now(), process.cpuUsage()];
  const pairs = await findDuplicates(prints, {
    skip: (first, second) => {
      const [a, b] = [items[first], items[second]];
      const subject = subjectOf(a.name);
      return subject !== null && a.set === b.set && a.split === b.split && subject === subjectOf(b.name);
    },
  });
  const compared = (performance.now() - began) / 1000;
  const processor = process.cpuUsage(used).user / 1e6;
  const alone = new Set(pairs.flatMap(({ first, second }) => [first, second])).size;
  const across = pairs.filter(({ first, second }) => items[first].split !== items[second].split).length;
  process.stdout.write(
    `${items.length} images not planted: ${pairs.length} pairs of ${alone} images, ${across} of them across splits\n` +
      `fingerprints ${read.toFixed(0)} s, comparisons ${compared.toFixed(0)} s, ${processor.toFixed(0)} s of processor\n`,
  );
  if (options.pairs) {
    for (const { first, second, alike } of pairs) {
      process.stdout.write(`${alike.toFixed(3)} ${items[first].file} ${items[second].file}\n`);
    }
  }
}
