/** `npm run demo`: built-in phantoms with known masks, asked for what is in them and for one object that is not. */
import { join } from 'node:path';
import { writePng } from '../../formats/raster.ts';
import { phantom, phantomKinds } from '../../image/phantoms.ts';
import { makeFolder } from '../../util/files.ts';
import type { CliIo } from '../io.ts';
import { type DemoOptions, type Example, showExamples } from './show.ts';

/** Side of the phantoms, pixels, and the seed that draws them. */
const size = 320;
const seed = 7;

/** An object that cannot be in each image; the model should refuse it. */
const absentObject: Readonly<Record<string, string>> = {
  'X-Ray': 'polyp',
  CT: 'optic disc',
  fundus: 'liver',
  dermoscopy: 'left lung',
  pathology: 'left heart ventricle',
};

/** Draws the phantoms into the output folder and segments them. */
export async function runBuiltinDemo(options: DemoOptions, io: CliIo): Promise<void> {
  const folder = join(options.out, 'phantoms');
  await makeFolder(folder);
  const examples: Example[] = [];
  for (const kind of phantomKinds) {
    const { image, masks, modality, site } = phantom(kind, size, seed);
    const file = join(folder, `${kind}.png`);
    await writePng(file, image);
    const present = masks.map(({ target, mask }) => ({ text: `${target} in ${site} ${modality}`, truth: mask }));
    const empty = { ...image, data: new Uint8Array(image.width * image.height) };
    const absent = { text: absentObject[modality] ?? 'polyp', truth: empty };
    examples.push({ file, questions: [...present, absent] });
  }
  io.out('Synthetic phantoms, drawn by this program; their masks are known.\n\n');
  await showExamples(examples, options, io);
}
