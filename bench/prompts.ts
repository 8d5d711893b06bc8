/**
 * What a user of the shipped model waits for: one image of 256 x 256 with one prompt, and each further prompt beside it, through
 * `Model.segment` (preparation, network, masks at the image's size), in turns. Texts are asked for once before, as the model keeps them.
 *
 *   node --import tsx bench/prompts.ts [--threads 2] [--rounds 25] [--json]
 */
import { parseArgs } from 'node:util';
import { phantom } from '../src/image/phantoms.ts';
import { loadModel } from '../src/index.ts';
import { measureInTurns, readCount, timed } from './measure.ts';

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '25' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = readCount('rounds', options.rounds);
const threads = readCount('threads', options.threads);

const sides = ['left', 'right'].flatMap((side) => ['lung', 'clavicle', 'kidney'].map((what) => `${side} ${what}`));
const texts = ['lung', ...sides, 'heart', 'airways', 'liver', 'polyp'];
const { image } = phantom('chest-radiograph', 256, 7);
const model = await loadModel(undefined, { threads });
const first = timed(() => model.segment(image, texts.slice(0, 1)));
const all = timed(() => model.segment(image, texts));
const [one, many] = await measureInTurns([first, all], rounds);
const further = (many.wall - one.wall) / (texts.length - 1);
const figures = { threads, first_seconds: one.wall, further_seconds: further, further_of_first: further / one.wall };
if (options.json) console.log(JSON.stringify(figures));
else {
  const milliseconds = (seconds: number): string => `${(1000 * seconds).toFixed(1)} ms`;
  console.log(`an image of 256 x 256 with one prompt, ${threads} threads: ${milliseconds(one.wall)}`);
  console.log(`each further prompt: ${milliseconds(further)}, ${(100 * (further / one.wall)).toFixed(1)} % of that`);
}
await model.dispose();
