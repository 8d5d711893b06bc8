/**
 * Speed of the compact network on one thread: forward, forward + backward, and with the AdamW update, beside the MatMul
 * peak of this machine measured in the same turns. FLOP are those of products and convolutions (2 x multiply-add).
 *
 *   node --import tsx bench/compact.ts [--batch 2,4] [--rounds 7] [--json]
 */
import { parseArgs } from 'node:util';
import { table } from '../src/cli/table.ts';
import { benchConfig, prompts, tokens } from './config.ts';
import { measureInTurns, type Run, readCount, type Timing, timed } from './measure.ts';
import { openForward, openMatMul, openTraining, peakSide } from './network.ts';

interface Case {
  readonly what: string;
  /** Images a run; 0 for the MatMul. */
  readonly images: number;
  readonly flops: number;
  readonly run: Run;
}

const { values: options } = parseArgs({
  options: {
    batch: { type: 'string', default: '2,4' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = readCount('rounds', options.rounds);
const batches = options.batch.split(',').map((text) => readCount('batch', text));

const config = await benchConfig();
const peak = await openMatMul();
const cases: Case[] = [
  { what: `MatMul ${peakSide} x ${peakSide}`, images: 0, flops: peak.flops, run: timed(peak.run) },
];
const open: { dispose(): Promise<void> }[] = [peak];
let parameters = 0;
for (const images of batches) {
  const shape = { images, prompts, tokens, size: config.imageSize };
  const forward = await openForward(config, shape);
  const training = await openTraining(config, shape);
  open.push(forward, training);
  parameters = training.parameters;
  const stepAndUpdate = async (): Promise<void> => {
    await training.step();
    training.update();
  };
  cases.push(
    { what: 'forward', images, flops: forward.flops, run: timed(forward.run) },
    { what: 'forward + backward', images, flops: training.flops, run: timed(training.step) },
    { what: 'forward + backward + update', images, flops: training.flops, run: timed(stepAndUpdate) },
  );
}

const timings = await measureInTurns(
  cases.map(({ run }) => run),
  rounds,
);
await Promise.all(open.map((session) => session.dispose()));

const peakRate = peak.flops / timings[0].cpu / 1e9;
const rows = cases.map(({ what, images, flops }, i) => {
  const { wall, cpu } = timings[i] as Timing;
  const gflops = flops / cpu / 1e9;
  const speed =
    images === 0
      ? {}
      : {
          batch: images,
          images_per_second: images / wall,
          images_per_cpu_second: images / cpu,
          gflop_per_image: flops / images / 1e9,
        };
  return { what, ...speed, wall_seconds: wall, cpu_seconds: cpu, gflops, of_peak: gflops / peakRate };
});

if (options.json) {
  const model = { name: config.name, parameters, image_size: config.imageSize, prompts, tokens };
  console.log(JSON.stringify({ model, threads: 1, rounds, peak_gflops: peakRate, rows }, null, 2));
} else {
  const number = (value: number | undefined, digits: number): string =>
    value === undefined ? '' : value.toFixed(digits);
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const columns = [
    { title: 'one thread' },
    right('batch'),
    right('ms (median)'),
    right('images/s'),
    right('images/CPU-s'),
    right('GFLOP/image'),
    right('GFLOP/s'),
    right('of peak'),
  ];
  const cells = rows.map((row) => [
    row.what,
    number(row.batch, 0),
    number(row.wall_seconds * 1000, 1),
    number(row.images_per_second, 2),
    number(row.images_per_cpu_second, 2),
    number(row.gflop_per_image, 2),
    number(row.gflops, 1),
    `${number(row.of_peak * 100, 0)} %`,
  ]);
  const million = (parameters / 1e6).toFixed(2);
  console.log(`${config.name}: ${million} M parameters, ${config.imageSize} px, ${prompts} prompts an image`);
  console.log(table(columns, cells).join('\n'));
}
