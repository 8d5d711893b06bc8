/**
 * The compact network beside its twin in PyTorch, as `biomedparse export --to torch` writes it (bench/twin.py): first a check that
 * both compute the same loss, gradients and masks from equal weights and inputs, then both in turns, one thread each, and the ratio of images/s.
 * Without a Python that has torch it says so and ends well; a twin that disagrees is an error (exit code 1).
 *
 *   node --import tsx bench/twin.ts [--batch 2] [--size 256] [--rounds 7] [--json]      PYTHON=<interpreter> chooses one
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/table.ts';
import { exportTorch } from '../src/export/export.ts';
import {
  fromFloat32,
  readSafetensors,
  type StoredTensor,
  toFloat32,
  writeSafetensors,
} from '../src/formats/safetensors.ts';
import type { ModelConfig } from '../src/model/config.ts';
import { gradientPrefix } from '../src/train/graph.ts';
import { errorLine } from '../src/util/errors.ts';
import { benchConfig, lossWeights, MODEL, prompts, tokens } from './config.ts';
import { measureInTurns, readCount, timed } from './measure.ts';
import { type ForwardBench, openForward, openMatMul, openTraining, peakSide, type TrainingBench } from './network.ts';
import { findTorch, type PythonTwin, startPython } from './python.ts';

/**
 * Relative differences allowed. Gradients (Euclidean norms, parameter by parameter) need room: where a ReLU's input is
 * within rounding of 0 the two sides may choose differently, and PyTorch in float32 is as far from its own float64.
 * Without such a place the parameters agree to 1e-6; a wrong formula shows in the worst or in most of them.
 */
const limits = { loss: 1e-4, logits: 1e-4, worstGradient: 3e-2, medianGradient: 3e-3 };

const { values: options } = parseArgs({
  options: {
    batch: { type: 'string', default: '2' },
    size: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
});

/** Weights, batch and setting for the other side. */
async function writeExchange(folder: string, training: TrainingBench, config: ModelConfig): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  for (const { name, shape, start, size } of training.slots) {
    tensors.set(`p:${name}`, fromFloat32(training.values.slice(start, start + size), shape));
  }
  for (const [name, values] of Object.entries(training.feeds)) {
    const shape = training.shapes[name];
    if (values instanceof BigInt64Array) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      tensors.set(`b:${name}`, { dtype: 'I64', shape, bytes });
    } else tensors.set(`b:${name}`, fromFloat32(Float32Array.from(values as ArrayLike<number>), [...shape], 'F32'));
  }
  const about = { config: JSON.stringify({ model: config, losses: lossWeights }) };
  await writeSafetensors(join(folder, 'exchange.safetensors'), tensors, about);
  await exportTorch(MODEL, join(folder, 'torch'));
}

/** Length of the difference of two arrays relative to that of the second. */
function difference(ours: Float32Array, theirs: Float32Array): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let [apart, length] = [0, 0];
  for (let i = 0; i < ours.length; i++) {
    apart += (ours[i] - theirs[i]) ** 2;
    length += theirs[i] ** 2;
  }
  return Math.sqrt(apart) / Math.max(Math.sqrt(length), 1e-20);
}

interface Agreement {
  readonly loss: number;
  /** Mask and existence logits of a forward pass. */
  readonly logits: number;
  /** Over all parameters. */
  readonly worstGradient: number;
  readonly medianGradient: number;
  readonly worstParameter: string;
}

/** Runs both once from the same state and compares. */
async function compare(
  folder: string,
  training: TrainingBench,
  forward: ForwardBench,
  python: PythonTwin,
): Promise<Agreement> {
  const ourLoss = await training.step();
  const answer = await forward.run();
  const theirLoss = (await python.ask('check')).loss;
  const { tensors } = await readSafetensors(join(folder, 'results.safetensors'));
  const theirs = (name: string): Float32Array => toFloat32(tensors.get(name) as StoredTensor);
  const gradients = training.slots
    .map(({ name, start, size }) => ({
      name,
      apart: difference(training.gradient.subarray(start, start + size), theirs(`${gradientPrefix}${name}`)),
    }))
    .sort((a, b) => b.apart - a.apart);
  return {
    loss: Math.abs(ourLoss - theirLoss) / Math.abs(theirLoss),
    logits: Math.max(
      difference(answer.logits as Float32Array, theirs('logits')),
      difference(answer.existence as Float32Array, theirs('existence')),
    ),
    worstGradient: gradients[0].apart,
    medianGradient: gradients[gradients.length >> 1].apart,
    worstParameter: gradients[0].name,
  };
}

async function main(): Promise<number> {
  const rounds = readCount('rounds', options.rounds);
  const images = readCount('batch', options.batch);
  const given = options.size === undefined ? null : readCount('size', options.size);
  const interpreter = await findTorch();
  if (interpreter === null) {
    const message =
      'no Python with torch and Pillow here (Debian: apt-get install python3-torch python3-pil libopenblas0): comparison left out';
    if (options.json) console.log(JSON.stringify({ skipped: message }));
    else console.log(message);
    return 0;
  }
  const config = await benchConfig();
  const shape = { images, prompts, tokens, size: given ?? config.imageSize };
  const folder = await mkdtemp(join(tmpdir(), 'biomedparse-twin-'));
  const training = await openTraining(config, shape);
  const forward = await openForward(config, shape);
  const product = await openMatMul();
  let python: PythonTwin | undefined;
  try {
    await writeExchange(folder, training, config);
    python = await startPython(interpreter, folder);
    const agreement = await compare(folder, training, forward, python);
    const { ask } = python;
    const [ownProduct, twinProduct, ownForward, twinForward, ownBackward, twinBackward] = await measureInTurns(
      [
        timed(product.run),
        () => ask('matmul'),
        timed(forward.run),
        () => ask('forward'),
        timed(training.step),
        () => ask('backward'),
      ],
      rounds,
    );
    const peak = { own: product.flops / ownProduct.cpu / 1e9, twin: product.flops / twinProduct.cpu / 1e9 };
    const rows = [
      { what: 'forward', own: ownForward, twin: twinForward },
      { what: 'forward + backward', own: ownBackward, twin: twinBackward },
    ].map(({ what, own, twin }) => ({
      what,
      images_per_second: images / own.wall,
      twin_images_per_second: images / twin.wall,
      ratio: twin.wall / own.wall,
      images_per_cpu_second: images / own.cpu,
      twin_images_per_cpu_second: images / twin.cpu,
      cpu_ratio: twin.cpu / own.cpu,
    }));
    const agrees = (Object.keys(limits) as (keyof typeof limits)[]).every((key) => agreement[key] <= limits[key]);
    if (options.json) {
      const model = { name: config.name, image_size: shape.size, prompts, tokens, batch: images };
      const peaks = { peak_gflops: peak.own, twin_peak_gflops: peak.twin };
      const { torch } = python;
      const report = { model, threads: 1, rounds, torch, ...peaks, agrees, agreement, limits, rows };
      console.log(JSON.stringify(report, null, 2));
    } else {
      console.log(`${config.name}, batch ${images}, ${prompts} prompts an image, one thread each`);
      console.log(
        `MatMul ${peakSide}: ${peak.own.toFixed(0)} GFLOP/s; PyTorch ${python.torch}: ${peak.twin.toFixed(0)} GFLOP/s${
          peak.twin < peak.own / 2 ? ', a slow BLAS (Debian: apt-get install libopenblas0), so the ratios flatter' : ''
        }`,
      );
      const scientific = (value: number): string => value.toExponential(1);
      console.log(
        `equal weights and inputs ${agrees ? 'agree' : 'DISAGREE'}: loss ${scientific(agreement.loss)}, ` +
          `answers ${scientific(agreement.logits)}, gradients ${scientific(agreement.medianGradient)} (median), ` +
          `${scientific(agreement.worstGradient)} (worst, ${agreement.worstParameter})`,
      );
      const right = (title: string) => ({ title, align: 'right' }) as const;
      const columns = [
        { title: 'one thread' },
        right('images/s'),
        right('PyTorch'),
        right('ratio'),
        right('images/CPU-s'),
        right('PyTorch'),
        right('ratio'),
      ];
      const cells = rows.map(({ what, ...figures }) => [what, ...Object.values(figures).map((n) => n.toFixed(2))]);
      console.log(table(columns, cells).join('\n'));
    }
    return agrees ? 0 : 1;
  } finally {
    python?.stop();
    await Promise.all([training.dispose(), forward.dispose(), product.dispose()]);
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main().catch((error) => {
  console.error(errorLine(error));
  return 1;
});
