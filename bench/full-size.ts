/**
 * The published network at its full size (FocalNet-L, 1024 x 1024 pixels), as a user runs it: weights mapped from a file,
 * image encoder once per image in float32 and in int8, text encoder once per text, decoder for 1, 2 and 13 prompts; beside
 * it this machine's MatMul peak in the same turns, the process's peak memory, and how the masks of int8 agree with those of
 * float32 (of random weights on a random image).
 *
 *   node --import tsx bench/full-size.ts [--threads 2] [--rounds 3] [--size 1024] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/table.ts';
import { dice } from '../src/evaluate/metrics.ts';
import { streamSafetensors } from '../src/formats/safetensors.ts';
import { countFlops } from '../src/graph/onnx/lower.ts';
import { input } from '../src/graph/tensor.ts';
import type { Mask } from '../src/image/types.ts';
import { publishedConfig } from '../src/model/config.ts';
import { imageGraph, memoryOutputs } from '../src/model/network.ts';
import { createParameters } from '../src/model/parameters.ts';
import { readWeights } from '../src/parse/weights.ts';
import type { Decoded, ImageFeatures, TextFeatures } from '../src/runtime/network.ts';
import { openNetwork, parameterSpecs } from '../src/runtime/open.ts';
import { createRandom } from '../src/util/random.ts';
import { measureInTurns, readCount, timed } from './measure.ts';
import { openMatMul } from './network.ts';

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    size: { type: 'string', default: '1024' },
    json: { type: 'boolean', default: false },
  },
});
const threads = readCount('threads', options.threads);
const rounds = readCount('rounds', options.rounds);
const promptCounts = [1, 2, 13];
const config = publishedConfig;
/** Side of the image: a smaller one, a multiple of 32, for a quick look. */
const size = readCount('size', options.size, 32);

/** Weights of a trained network's spread, so that no value degenerates; speed does not depend on them otherwise. */
async function writeWeights(folder: string): Promise<void> {
  const specs = parameterSpecs(config);
  const infos = new Map([...specs].map(([name, { shape }]) => [name, { dtype: 'F32' as const, shape }]));
  const random = createRandom(1);
  const noise = Float32Array.from({ length: 1 << 20 }, () => random.normal());
  const path = join(folder, 'model.safetensors');
  await streamSafetensors(
    path,
    infos,
    async (name) => {
      const shape = specs.get(name)?.shape ?? [];
      const count = shape.reduce((n, side) => n * side, 1);
      const isGain = shape.length === 1 && name.endsWith('.weight');
      const spread = shape.length > 1 ? shape.slice(1).reduce((n, side) => n * side, 1) ** -0.5 : 0.05;
      const values = new Float32Array(count);
      for (let i = 0; i < count; i++)
        values[i] = (isGain ? 1 : 0) + spread * noise[(i * 31 + count) & (noise.length - 1)];
      return new Uint8Array(values.buffer);
    },
    { format: 'biomedparse' },
  );
}

/** Pixels of the first mask that are inside. */
function inside({ logits, width, height }: Decoded): Mask {
  return { data: Uint8Array.from(logits.subarray(0, width * height), (v) => (v > 0 ? 1 : 0)), width, height };
}

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-bench-'));
try {
  await writeWeights(folder);
  const loadStart = performance.now();
  const { weights, folder: weightFolder } = await readWeights(join(folder, 'model.safetensors'));
  const network = await openNetwork(config, weights, { threads, weightFolder });
  const random = createRandom(2);
  const pixels = Float32Array.from({ length: 3 * size * size }, () => random.uniform(0, 255));
  let image: ImageFeatures = await network.encodeImage(pixels, size, size);
  const firstImage = (performance.now() - loadStart) / 1000;
  const ids = [config.text.vocabulary - 2, 320, 1125, 539, config.text.vocabulary - 1];
  const text: TextFeatures = await network.encodeText(ids);
  const peak = await openMatMul(undefined, threads);
  const decoders = promptCounts.map((n) => () => network.decode(image, new Array<TextFeatures>(n).fill(text)));
  for (const decode of decoders) await decode();
  const peakMemory = (process.resourceUsage().maxRSS * 1024) / 1e9;
  const small = await openNetwork(config, weights, { threads, weightFolder, precision: 'int8' });
  let rounded: ImageFeatures = await small.encodeImage(pixels, size, size);
  const graph = imageGraph(createParameters(), input('pixels', [1, 3, size, size]), config);
  const flops = countFlops(Object.values(memoryOutputs(graph.memory)));

  const decoding = promptCounts.map((n) => `decoder, ${n} prompts`);
  const what = ['MatMul', 'image encoder', 'image encoder, int8', 'text encoder', ...decoding];
  const timings = await measureInTurns(
    [
      timed(peak.run),
      timed(async () => {
        image.dispose();
        image = await network.encodeImage(pixels, size, size);
      }),
      timed(async () => {
        rounded.dispose();
        rounded = await small.encodeImage(pixels, size, size);
      }),
      timed(() => network.encodeText(ids)),
      ...decoders.map(timed),
    ],
    rounds,
    0,
  );
  const [float32, int8] = [await network.decode(image, [text]), await network.decode(rounded, [text])];
  const agreement = dice(inside(int8), inside(float32));
  await Promise.all([network.dispose(), small.dispose(), peak.dispose()]);

  const peakRate = peak.flops / timings[0].cpu / 1e9;
  const [, encoder, encoder8, words, decoder1] = timings;
  const further = words.cpu + decoder1.cpu;
  const encoderRate = flops / encoder.cpu / 1e9;
  const decoder = (i: number): number => timings[4 + i].wall;
  const figures = {
    threads,
    rounds,
    parameters: network.parameters,
    image_encoder_gflop: flops / 1e9,
    matmul_gflops_per_thread: peakRate,
    image_encoder_gflops_per_thread: encoderRate,
    image_encoder_of_peak: encoderRate / peakRate,
    further_prompt_of_image_encoder: (decoder(1) - decoder(0)) / encoder.wall,
    thirteen_prompts_to_one: (encoder.wall + decoder(2)) / (encoder.wall + decoder(0)),
    seconds_from_weights_to_first_features: firstImage,
    peak_memory_gb: peakMemory,
    int8_image_encoder_speedup: encoder.cpu / encoder8.cpu,
    int8_speedup: (encoder.cpu + further) / (encoder8.cpu + further),
    int8_dice: agreement,
    cases: timings.map(({ wall, cpu }, i) => ({ what: what[i], wall_seconds: wall, cpu_seconds: cpu })),
  };
  if (options.json) {
    console.log(JSON.stringify(figures, null, 2));
  } else {
    const right = (title: string) => ({ title, align: 'right' }) as const;
    const rows = figures.cases.map((one) => [one.what, one.wall_seconds.toFixed(3), one.cpu_seconds.toFixed(3)]);
    const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
    console.log(`${(network.parameters / 1e6).toFixed(0)} M parameters, ${size} px, ${threads} threads`);
    console.log(table([{ title: '' }, right('seconds (median)'), right('CPU seconds')], rows).join('\n'));
    console.log(
      `image encoder: ${(flops / 1e9).toFixed(0)} GFLOP, ${encoderRate.toFixed(1)} GFLOP/s a thread, ${percent(figures.image_encoder_of_peak)} of MatMul (${peakRate.toFixed(1)})`,
    );
    console.log(`a second prompt: ${percent(figures.further_prompt_of_image_encoder)} of the image encoder`);
    console.log(`13 prompts on an image: ${figures.thirteen_prompts_to_one.toFixed(2)} times one prompt`);
    console.log(`peak memory: ${peakMemory.toFixed(2)} GB, mapped weights included`);
    console.log(
      `int8: image encoder ${figures.int8_image_encoder_speedup.toFixed(2)} times, image to first mask ${figures.int8_speedup.toFixed(2)} times as fast as float32 by CPU time; Dice of its mask with float32's ${agreement.toFixed(4)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
