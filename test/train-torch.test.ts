/** The exported trainer: the same samples, optimiser and files as `biomedparse train`; one process or two; resumed. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { applyIntensity, augmentationRanges, type Intensity } from '../src/dataset/augment.ts';
import { loadImages, openDataset } from '../src/dataset/index.ts';
import { createPlanner } from '../src/dataset/plan.ts';
import { storedPixels } from '../src/dataset/store.ts';
import { coverMasks, reductionVariance, smooth, spansOf, stepOf, warpOf, warpPixels } from '../src/dataset/warp.ts';
import { exportTorch } from '../src/export/export.ts';
import { fromFloat32, readSafetensors, toFloat32, writeSafetensors } from '../src/formats/safetensors.ts';
import { phantom } from '../src/image/phantoms.ts';
import { createTokenizer } from '../src/model/tokenizer.ts';
import { drawPrompt } from '../src/ontology/index.ts';
import { loadModel } from '../src/parse/load.ts';
import { learningRate, readTrainingConfig } from '../src/train/config.ts';
import { adamW } from '../src/train/optimiser.ts';
import { trainFromConfig } from '../src/train/run.ts';
import { createRandom } from '../src/util/random.ts';
import { callCli } from './helpers/cli.ts';
import { freePort } from './helpers/free-port.ts';
import { describeTorch, runPython, runPythons } from './helpers/python.ts';
import { tinyModel, writePhantoms } from './helpers/tiny.ts';

// Python starts a dozen times, which takes long on a busy machine
vi.setConfig({ testTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-train-torch-'));
const out = join(folder, 'torch');
const checks = fileURLToPath(new URL('./python/checks.py', import.meta.url));
let source = '';

/** Arrays of a checkpoint or another safetensors file. */
async function arrays(...path: string[]): Promise<Record<string, Float32Array>> {
  const { tensors } = await readSafetensors(join(folder, ...path));
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, toFloat32(tensor)]));
}

beforeAll(async () => {
  source = await writePhantoms(folder, 'tiny', tinyModel, { data: { root: 'data', setWeights: { dermoscopy: 2 } } });
  await exportTorch(source, out);
});

describeTorch('training', () => {
  beforeAll(() => runPython(out, ['train.py', 'training.json']));

  it('logs, and writes a model folder that loads here and segments', async () => {
    const lines = readFileSync(join(folder, 'run-tiny', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const log = lines.map((line) => JSON.parse(line));
    expect(log.map(({ step, size }) => [step, size])).toEqual([
      [2, 64],
      [4, 64],
      [6, 64],
      [8, 96],
    ]);
    for (const key of ['loss', 'cross_entropy', 'dice', 'similarity', 'existence', 'norm', 'images_per_second']) {
      expect(Number.isFinite(log[0][key]), key).toBe(true);
    }
    expect(log[3].loss).toBeLessThan(log[0].loss);
    const model = await loadModel(join(folder, 'run-tiny', 'model'), { threads: 1 });
    const { image } = phantom('dermoscopy', 80, 9);
    const [answer] = await model.segment(image, ['skin lesion'], { presenceThreshold: 0 });
    await model.dispose();
    expect(answer.mask.data.length).toBe(80 * 80);
    expect(answer.mask.data.includes(1)).toBe(true);
  });

  it('in two processes gives what one gives, within 1e-6 of the largest value', async () => {
    const place = { WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: String(await freePort()) };
    const ranks = ['0', '1'].map((RANK) => ({ RANK, ...place }));
    await runPythons(out, ['train.py', 'training.json', '--output', '../two'], ranks);
    const [one, two] = [
      await arrays('run-tiny', 'checkpoint.safetensors'),
      await arrays('two', 'checkpoint.safetensors'),
    ];
    expect(Object.keys(two)).toEqual(['parameters', 'average', 'firstMoment', 'secondMoment']);
    for (const [name, values] of Object.entries(one)) {
      const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const difference = values.reduce((a, b, i) => Math.max(a, Math.abs(b - two[name][i])), 0);
      expect(largest, name).toBeGreaterThan(0);
      expect(difference, name).toBeLessThanOrEqual(1e-6 * largest);
    }
  });

  it('interrupted and resumed gives bit for bit what an unbroken run gives', async () => {
    const where = ['training.json', '--output', '../broken'];
    expect(runPython(out, [checks, 'interrupted', ...where])).not.toContain('step 6/8');
    expect((await readSafetensors(join(folder, 'broken', 'checkpoint.safetensors'))).metadata.step).toBe('4');
    runPython(out, ['train.py', ...where, '--resume']);
    expect(await arrays('broken', 'checkpoint.safetensors')).toEqual(
      await arrays('run-tiny', 'checkpoint.safetensors'),
    );
  });

  it('goes on here from its checkpoint', async () => {
    const config = JSON.parse(readFileSync(source, 'utf8'));
    config.output = 'broken';
    config.stages[1].steps += 2;
    writeFileSync(join(folder, 'more.json'), JSON.stringify(config));
    const lines: string[] = [];
    await trainFromConfig(join(folder, 'more.json'), { resume: true, onLine: (line) => lines.push(line) });
    expect(lines.join('\n')).toMatch(/resumed at step 8\n(.*\n)*step 10\/10/);
  });

  it('refuses in one line: no checkpoint, too few shares, data that are not there', () => {
    const run = (args: string[], env = {}): string => {
      try {
        return runPython(out, ['train.py', 'training.json', ...args], env);
      } catch (error) {
        return String(error);
      }
    };
    expect(run(['--resume', '--output', '../nothing'])).toContain(
      'checkpoint.safetensors: no checkpoint to resume from',
    );
    expect(run([], { WORLD_SIZE: '3', RANK: '0' })).toContain('workers is 2; 3 processes need a multiple of 3');
    expect(run(['--data', '../torch'])).toMatch(
      /cannot read \.\.\/torch\/dermoscopy.*export again if the data have changed/,
    );
  });
});

describeTorch('samples', () => {
  it('have the token ids of their prompts, and are drawn with the same chances', async () => {
    const store = await loadImages(await openDataset(join(folder, 'data'), { split: 'train' }));
    const config = await readTrainingConfig(source);
    const random = createRandom(4);
    const texts = store.groups.flatMap(({ targets, foreign, modality, site }) =>
      [...targets, ...foreign].flatMap((target) =>
        Array.from({ length: 40 }, (_, i) => drawPrompt(random, target, modality, site, i % 2 === 0)),
      ),
    );
    writeFileSync(join(out, 'prompts.json'), JSON.stringify(texts));
    const { ids, shares } = JSON.parse(runPython(out, [checks, 'prompts']));
    const tokenizer = createTokenizer(JSON.parse(readFileSync(join(out, 'tokenizer.json'), 'utf8')), {
      contextLength: config.tokens,
    });
    expect(ids).toEqual(texts.map(tokenizer.encode));

    const plan = createPlanner(store, { ...config, setWeights: config.data.setWeights, mirrors: true });
    const plans = Array.from({ length: 3000 }, () => plan(random));
    const asks = plans.flatMap((one) => one.asks);
    const share = <T>(items: readonly T[], holds: (item: T) => boolean): number =>
      items.filter(holds).length / items.length;
    const expected = {
      dermoscopy: share(plans, ({ group }) => group.set === 'dermoscopy'),
      mirrored: share(plans, ({ mirror }) => mirror),
      absent: share(asks, ({ mask }) => mask === undefined),
      bare: share(asks, ({ prompt, target }) => prompt === target),
    };
    for (const [name, value] of Object.entries(expected))
      expect(Math.abs(shares[name] - value), name).toBeLessThan(0.03);
  });

  it('are changed as strongly as a stage says', () => {
    const found = JSON.parse(runPython(out, [checks, 'strengths']));
    expect(Object.keys(found).length).toBeGreaterThan(1);
    for (const [kind, ranges] of Object.entries(found)) {
      const [modality, site] = kind.split('_') as [string, string];
      expect(ranges).toEqual([0.5, 0].map((strength) => augmentationRanges(modality, site, strength)));
    }
  });

  it.each([
    {
      ...{ size: 96, scale: 1.3, stretch: 1.1, angle: 0.4, blur: 0.9, bend: 0.1 },
      shading: [0.2, -0.1, 0.15, 0.05],
      waves: undefined,
    },
    { ...{ size: 64, scale: 0.6, stretch: 0.9, angle: -2, blur: 0, bend: 0 }, shading: undefined, waves: undefined },
    {
      ...{ size: 96, scale: 0.9, stretch: 1.05, angle: 0.3, blur: 0.4, bend: 0 },
      shading: undefined,
      waves: [
        { height: 0.04, length: 0.7, phase: 1 },
        { height: -0.03, length: 1.2, phase: 4 },
      ],
    },
  ] as const)('are warped and toned alike, up to the 8-bit steps here: %o', async (chosen) => {
    const { size, scale, stretch, angle, blur, bend, shading, waves } = chosen;
    const [gain, gamma, brightness, saturation, pivot] = [1.2, 0.8, -10, 1.3, 110];
    const [shiftX, shiftY] = [0.05, -0.03];
    const plain = { invert: 0, noise: 0, starts: Array.from({ length: 3 }, () => new Array(size).fill(0)) };
    const drawn = {
      ...{ scale, stretch, angle, bend, pivot, shading: shading ?? [0, 0, 0, 0] },
      shift: [shiftX, shiftY],
      waves: waves?.map(({ height, length, phase }) => [height, length, phase]) ?? [
        [0, 1, 0],
        [0, 1, 0],
      ],
      mirror: -1,
      blur,
      gain: [gain, gain, gain],
      gamma,
      brightness,
      saturation,
    };
    writeFileSync(join(out, 'placement.json'), JSON.stringify({ size, drawn: { ...drawn, ...plain } }));
    runPython(out, [checks, 'warp']);
    const found = await arrays('torch', 'warped.safetensors');

    const store = await loadImages(await openDataset(join(folder, 'data'), { split: 'train' }));
    const tone = Float32Array.from({ length: 256 }, (_, v) => {
      const curved = (v / 255) ** gamma;
      const bent = 255 * (curved + bend * Math.sin(2 * Math.PI * curved));
      return Math.min(255, Math.max(0, (bent - pivot) * gain + pivot + brightness));
    });
    const intensity: Intensity = { tones: [tone, tone, tone], shading, saturation, noise: 0, blur };
    for (const [i, image] of store.images.entries()) {
      expect(image.channels).toBe(3);
      const map = warpOf(image, size, { scale, stretch, angle, shiftX, shiftY, mirror: true, waves });
      const spans = spansOf(map, image, size);
      const variance = reductionVariance(stepOf(map)) + (blur * stepOf(map)) ** 2;
      const bytes = warpPixels(smooth(storedPixels(store, image), image, variance), image, map, spans, size);
      const pixels = applyIntensity(bytes, spans, size, intensity, createRandom(1));
      const differences = pixels.map((v, k) => Math.abs(v - found.pixels[i * pixels.length + k]));
      expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(1);
      expect(differences.filter((d) => d > 6).length / differences.length).toBeLessThan(0.005);

      const { targetNames, slabs } = store;
      const [first] = [...image.masks].sort((a, b) => (targetNames[a.target] < targetNames[b.target] ? -1 : 1));
      const bits = { bits: new Uint8Array(slabs[first.slab]), offset: first.offset };
      const { targets } = coverMasks([bits], image, map, size, 1);
      const cells = found.targets.subarray(i * targets.length, (i + 1) * targets.length);
      expect(targets.filter((v, k) => Math.abs(v - cells[k]) > 1e-6).length / targets.length).toBeLessThan(0.01);
    }
  });
});

describeTorch('the optimiser', () => {
  it('is the one here: AdamW, clipping, schedule and average', async () => {
    const start = (await readSafetensors(join(out, 'start.safetensors'))).tensors;
    const random = createRandom(8);
    const gradients = new Map(
      [...start].map(([name, { shape }]) => [
        name,
        Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal),
      ]),
    );
    const stored = [...gradients].map(
      ([name, values]) => [`gradient:${name}`, fromFloat32(values, [...start.get(name)!.shape], 'F32')] as const,
    );
    await writeSafetensors(join(out, 'found.safetensors'), new Map(stored), {});
    runPython(out, [checks, 'optimiser']);

    const config = await readTrainingConfig(source);
    const { clip, beta1, beta2, weightDecay, averaging } = config.optimiser;
    let squares = 0;
    for (const values of gradients.values()) squares += values.reduce((sum, v) => sum + v * v, 0);
    const scale = clip / Math.sqrt(squares);
    const expected = { parameters: [] as number[], average: [] as number[] };
    for (const [name, tensor] of start) {
      const parameters = toFloat32(tensor).slice();
      const zeros = (): Float32Array => new Float32Array(parameters.length);
      const gradient = gradients.get(name) as Float32Array;
      const state = { parameters, average: parameters.slice(), firstMoment: zeros(), secondMoment: zeros(), gradient };
      for (const step of [0, 1]) {
        const rate = learningRate(config, step);
        adamW(state, 0, parameters.length, tensor.shape.length >= 2, {
          rate,
          beta1,
          beta2,
          weightDecay,
          averaging,
          scale,
          step,
        });
      }
      expected.parameters.push(...parameters);
      expected.average.push(...state.average);
    }
    const found = await arrays('torch', 'optimised', 'checkpoint.safetensors');
    for (const name of ['parameters', 'average'] as const) {
      const difference = expected[name].reduce((a, b, i) => Math.max(a, Math.abs(b - found[name][i])), 0);
      expect(difference, name).toBeLessThan(1e-6);
    }
  });
});

describe('biomedparse export', () => {
  it('exports a model folder, without a trainer configuration', async () => {
    const model = join(folder, 'run-tiny', 'model');
    const { status, stdout } = await callCli(['export', model, '--to', 'torch', '--out', join(folder, 'from-model')]);
    expect(status).toBe(0);
    expect(stdout).toContain('trial, 0.30 M parameters; ');
    expect(stdout).toContain('start.safetensors');
    expect(stdout).not.toContain('sampling.json');
  });

  it.each([
    [
      ['export', 'nowhere', '--to', 'torch', '--out', join(folder, 'x')],
      1,
      /nowhere: no such file or folder; a model folder or a training configuration is needed/,
    ],
    [
      ['export', '.', '--to', 'jax', '--out', join(folder, 'x')],
      2,
      /option '--to <framework>' argument 'jax' is invalid. Allowed choices are torch/,
    ],
    [['export', '.', '--out', join(folder, 'x')], 2, /required option '--to <framework>' not specified/],
    [['export', '.', '--to', 'torch', '--out', join(folder, 'x')], 1, /config\.json/],
  ] as const)('refuses: %j', async (argv, status, message) => {
    const result = await callCli(argv);
    expect(result.stderr).toMatch(message);
    expect(result.status).toBe(status);
  });

  it('refuses a model folder whose weights do not fit its configuration, as opening it does', async () => {
    const damaged = join(folder, 'damaged');
    cpSync(fileURLToPath(new URL('../models/default', import.meta.url)), damaged, { recursive: true });
    const config = JSON.parse(readFileSync(join(damaged, 'config.json'), 'utf8'));
    config.decoder.queries = 4;
    writeFileSync(join(damaged, 'config.json'), JSON.stringify(config));
    await expect(exportTorch(damaged, join(folder, 'z'))).rejects.toThrow(
      /damaged: weights do not fit the configuration: sem_seg_head\.predictor\.query_feat\.weight has shape \[8, 128\], needs \[4, 128\]/,
    );
  });

  it('refuses an output folder that exists, and a text context that is too short', async () => {
    const taken = await callCli(['export', source, '--to', 'torch', '--out', out]);
    expect([taken.status, taken.stderr]).toEqual([2, `biomedparse: ${out} exists; name a folder that does not\n`]);
    const short = { ...tinyModel, text: { ...tinyModel.text, contextLength: 8 } };
    const path = await writePhantoms(folder, 'short', short, { tokens: 8 });
    await expect(exportTorch(path, join(folder, 'y'))).rejects.toThrow(
      'text.contextLength is 8; an export to PyTorch needs at least 11',
    );
  });
});
