/**
 * False alarms of the checks of images: every image of a data folder in BiomedParseData layout, with its modality and site
 * given, and how often each check sees what it is for when the same images are turned upside down or their grey levels round.
 *
 *     node --import tsx bench/warnings.ts <data-root>
 */
import { openDataset } from '../src/dataset/layout.ts';
import type { Image } from '../src/image/types.ts';
import { prepareImage } from '../src/parse/prepare.ts';

const [root] = process.argv.slice(2);
if (root === undefined) {
  console.error('give the data folder');
  process.exit(2);
}

function upsideDown({ data, width, height, channels }: Image): Image {
  const row = width * channels;
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) turned.set(data.subarray(y * row, (y + 1) * row), (height - 1 - y) * row);
  return { data: turned, width, height, channels };
}

const negative = (image: Image): Image => ({ ...image, data: Uint8Array.from(image.data, (value) => 255 - value) });

const alarms = new Map<string, number>();
const seen = new Map<string, { images: number; 'upside-down': number; 'looks-inverted': number }>();
let images = 0;

for (const split of ['train', 'test'] as const) {
  for (const { file, modality, site, set } of (await openDataset(root, { split })).items) {
    const known = { modality, site };
    const { image, findWarnings } = await prepareImage(file, known).catch(() => prepareImage(file, { modality }));
    images++;
    for (const { code } of findWarnings()) {
      const key = `${code} (${modality}, ${set})`;
      alarms.set(key, (alarms.get(key) ?? 0) + 1);
    }
    const count = seen.get(`${modality} ${site}`) ?? { images: 0, 'upside-down': 0, 'looks-inverted': 0 };
    seen.set(`${modality} ${site}`, count);
    count.images++;
    const sees = async (changed: Image, code: 'upside-down' | 'looks-inverted') => {
      const found = await prepareImage(changed, known).then(
        (prepared) => prepared.findWarnings(),
        () => [],
      );
      if (found.some((one) => one.code === code)) count[code]++;
    };
    await sees(upsideDown(image), 'upside-down');
    await sees(negative(image), 'looks-inverted');
  }
}

console.log(`${images} images; warned of as they are:`);
for (const [key, count] of [...alarms].sort()) console.log(`  ${key}: ${count}`);
console.log('seen when turned upside down / when grey levels are turned round, of all:');
for (const [view, count] of [...seen].sort()) {
  if (count['upside-down'] + count['looks-inverted'] === 0) continue;
  console.log(`  ${view}: ${count['upside-down']} / ${count['looks-inverted']} of ${count.images}`);
}
