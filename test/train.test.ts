/** `biomedparse train` on a small data folder of phantoms: log, checkpoint, exported model, exact resume. Uses the built worker. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, toFloat32 } from '../src/formats/safetensors.ts';
import { phantom } from '../src/image/phantoms.ts';
import { loadModel } from '../src/parse/load.ts';
import { trainFromConfig } from '../src/train/run.ts';
import { callCli } from './helpers/cli.ts';
import { tinyModel, writeData } from './helpers/tiny.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-train-'));

function writeConfig(name: string, steps: number): string {
  const path = join(folder, `${name}.json`);
  const config = {
    model: tinyModel,
    data: { root: 'data' },
    output: name,
    tokens: 16,
    stages: [
      { size: 64, steps: steps - 2, imagesPerWorker: 2 },
      { size: 96, steps: 2, imagesPerWorker: 1 },
    ],
    optimiser: { learningRate: 2e-3, warmupSteps: 4 },
    logEverySteps: 2,
    checkpointEverySteps: 4,
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

async function parameters(name: string): Promise<Float32Array> {
  const { tensors } = await readSafetensors(join(folder, name, 'checkpoint.safetensors'));
  return toFloat32(tensors.get('parameters') as NonNullable<ReturnType<typeof tensors.get>>);
}

describe('training', () => {
  beforeAll(() => writeData(join(folder, 'data')));

  it('logs, saves, exports a model that loads and segments', async () => {
    const lines: string[] = [];
    await trainFromConfig(writeConfig('whole', 10), { onLine: (line) => lines.push(line) });
    expect(lines.some((line) => /step 10\/10 \| 96 px \| [\d.]+ images\/s \| loss [\d.]+/.test(line))).toBe(true);
    const log = readFileSync(join(folder, 'whole', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(log.map((entry) => entry.step)).toEqual([2, 4, 6, 8, 10]);
    for (const entry of log) {
      for (const key of ['loss', 'cross_entropy', 'dice', 'similarity', 'existence', 'images_per_second', 'rate']) {
        expect(Number.isFinite(entry[key]), key).toBe(true);
      }
    }
    const trained = await loadModel(join(folder, 'whole', 'model'), { threads: 1 });
    const [found] = await trained.segment(phantom('dermoscopy', 80, 9).image, ['skin lesion'], {
      presenceThreshold: 0,
    });
    expect(found?.mask.data.length).toBe(80 * 80);
    await trained.dispose();
  });

  it('stopped and resumed gives bit for bit what an unbroken run gives', async () => {
    const config = writeConfig('broken', 10);
    const stop = new AbortController();
    await trainFromConfig(config, {
      signal: stop.signal,
      onLine: (line) => {
        if (line.startsWith('checkpoint at step 4')) stop.abort();
      },
    });
    const lines: string[] = [];
    await trainFromConfig(config, { resume: true, onLine: (line) => lines.push(line) });
    expect(lines.join('\n')).toMatch(/resumed at step [4-8]\b/);
    expect(await parameters('broken')).toEqual(await parameters('whole'));
  });

  it('by the command: an interruption keeps a checkpoint and is told by the exit status', async () => {
    const config = writeConfig('interrupted', 10);
    const stopped = await callCli(['train', config], { signal: AbortSignal.abort() });
    expect([stopped.status, stopped.stderr.split('\n').at(-2)]).toEqual([130, 'biomedparse: interrupted']);
    expect(stopped.stderr).toContain('checkpoint at step 1\n');
    const resumed = await callCli(['train', config, '--resume']);
    expect([resumed.status, resumed.stderr]).toEqual([0, expect.stringContaining('resumed at step 1\n')]);
    expect(await parameters('interrupted')).toEqual(await parameters('whole'));
  });

  it('trains only the parameters that are named', async () => {
    const start = join(folder, 'whole', 'model');
    const path = writeConfig('head', 4);
    const config = { ...JSON.parse(readFileSync(path, 'utf8')), startFrom: start, trainable: ['existence'] };
    writeFileSync(path, JSON.stringify(config));
    await trainFromConfig(path);
    const read = async (directory: string) =>
      (await readSafetensors(join(directory, 'model.safetensors'))).tensors as ReadonlyMap<
        string,
        { bytes: Uint8Array }
      >;
    const [before, after] = [await read(start), await read(join(folder, 'head', 'model'))];
    const changed = [...before.keys()].filter(
      (name) => !Buffer.from(before.get(name)!.bytes).equals(after.get(name)!.bytes),
    );
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.filter((name) => !name.includes('existence'))).toEqual([]);

    writeFileSync(path, JSON.stringify({ ...config, trainable: ['existance'] }));
    await expect(trainFromConfig(path)).rejects.toThrow(/trainable is \["existance"\]; no parameter/);
  });

  it('refuses a weight for a set that the data do not have', async () => {
    const path = writeConfig('weights', 10);
    const config = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...config, data: { ...config.data, setWeights: { none: 2 } } }));
    await expect(trainFromConfig(path)).rejects.toThrow(/data.setWeights names "none"; the data have .*dermoscopy/);
  });

  it('learns: the loss falls', async () => {
    await trainFromConfig(writeConfig('longer', 60));
    const log = readFileSync(join(folder, 'longer', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const mean = (from: number, to: number): number => {
      const part = log.slice(from, to).map((entry) => entry.loss);
      return part.reduce((a: number, b: number) => a + b, 0) / part.length;
    };
    expect(mean(-6, -1)).toBeLessThan(0.8 * mean(0, 3));
  });

  it('refuses to resume without a checkpoint, and from that of another model', async () => {
    await expect(trainFromConfig(writeConfig('none', 10), { resume: true })).rejects.toThrow(
      /checkpoint\.safetensors|tokenizer\.json/,
    );
    const path = writeConfig('whole', 10);
    const config = JSON.parse(readFileSync(path, 'utf8'));
    config.model.decoder.queries = 3;
    writeFileSync(path, JSON.stringify(config));
    await expect(trainFromConfig(path, { resume: true })).rejects.toThrow(/checkpoint of another model configuration/);
  });
});
