import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeModel } from '../../test/fake-model.ts';
import { box, writeSplit } from '../../test/helpers/dataset.ts';
import { openDataset } from '../dataset/index.ts';
import { chosenItems, evaluate, spread } from './evaluate.ts';

let root: string;
const inside = box(16, 16, 48, 48);
/** In both sets the first image has lung and heart, the second lung alone; only one set is annotated in full. */
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-evaluate-'));
  for (const set of ['covid-cxr', 'made-up']) {
    const image = { width: 64, height: 64, pixel: (x: number, y: number) => [inside(x, y) ? 255 : 0] };
    await writeSplit(root, set, 'test', [
      { ...image, name: 'a_X-Ray_chest', masks: { lung: inside, heart: inside } },
      { ...image, name: 'b_X-Ray_chest', masks: { lung: inside } },
      { ...image, name: 'c_X-Ray_chest', masks: { lung: inside, heart: inside } },
    ]);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('choice of images', () => {
  test('is spread evenly and keeps the order', () => {
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7], 4)).toEqual([0, 2, 4, 6]);
    expect(spread([0, 1], 4)).toEqual([0, 1]);
    expect(spread([0, 1], undefined)).toEqual([0, 1]);
  });

  test('is limited set by set', async () => {
    const dataset = await openDataset(root, { split: 'test' });
    expect(chosenItems(dataset)).toHaveLength(6);
    expect(chosenItems(dataset, 2).map(({ set, name }) => `${set} ${name[0]}`)).toEqual([
      'covid-cxr a',
      'covid-cxr b',
      'made-up a',
      'made-up b',
    ]);
  });
});

describe('evaluation', () => {
  test('counts what a set left out as absent only where it left nothing out', async () => {
    const report = async (set: string) => {
      const dataset = await openDataset(root, { split: 'test', sets: [set] });
      return evaluate(fakeModel().model, dataset, { absentPrompts: 2 });
    };
    const [partly, fully] = [await report('covid-cxr'), await report('made-up')];
    expect([partly.present_prompts, fully.present_prompts]).toEqual([5, 5]);
    // two impossible targets for each image; the heart of the second image
    expect([partly.absent_prompts, fully.absent_prompts]).toEqual([6, 7]);
    expect(partly.presence_auroc_same_set).toBeNull();
    expect(fully.presence_auroc_same_set).toBe(0.5);
  });

  test('ends on a signal, and reports progress', async () => {
    const dataset = await openDataset(root, { split: 'test' });
    const stop = new AbortController();
    const seen: string[] = [];
    const onProgress = (done: number, total: number) => {
      seen.push(`${done}/${total}`);
      if (done === 2) stop.abort();
    };
    await expect(evaluate(fakeModel().model, dataset, { signal: stop.signal, onProgress })).rejects.toThrow(/abort/i);
    expect(seen).toEqual(['1/6', '2/6']);
  });
});
