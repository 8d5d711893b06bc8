/** What is seen of an image whose kind is given, and guessed, by the fake network, which finds every bright pixel. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeModel } from '../../test/fake-model.ts';
import { box, writeSplit } from '../../test/helpers/dataset.ts';
import { type Dataset, openDataset } from '../dataset/index.ts';
import { modelAnswerer } from './answerers.ts';
import { modelRecognizer } from './recognizers.ts';

const inside = box(16, 16, 48, 48);
let root: string;
let dataset: Dataset;
/** One fundus image, and one of a kind that the default model does not know. */
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-recognizers-'));
  const image = { width: 64, height: 64, pixel: (x: number, y: number) => [inside(x, y) ? 255 : 0] };
  await writeSplit(root, 'eyes', 'test', [{ ...image, name: 'a_fundus_retinal', masks: { 'optic disc': inside } }]);
  await writeSplit(root, 'odd', 'test', [{ ...image, name: 'b_CT_retinal', masks: { 'optic disc': inside } }]);
  dataset = await openDataset(root, { split: 'test' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const views = [
  { modality: 'fundus', site: 'retinal' },
  { modality: 'OCT', site: 'retinal' },
  { modality: 'CT', site: 'chest' },
];

/** A model whose guess is the views with these scores, whatever it sees. */
function guessing(...bias: number[]) {
  const zeros = () => new Array(8).fill(0);
  const weights = views.map(zeros);
  return fakeModel({}, { views, mean: zeros(), scale: zeros().fill(1), weights, bias });
}

async function see({ model, calls }: ReturnType<typeof fakeModel>, set = 'eyes', signal?: AbortSignal) {
  const item = dataset.items.find((one) => one.set === set);
  if (item === undefined) throw new Error(`no image of ${set}`);
  const asked = { named: ['optic disc'], detected: ['optic disc'] };
  const { open, close } = modelAnswerer(model, dataset);
  const image = await open(item);
  try {
    return { seen: await modelRecognizer.see(image, item, asked, signal), calls };
  } finally {
    close(image);
  }
}

describe('modelRecognizer', () => {
  it('does not guess with a model that cannot', async () => {
    const { seen } = await see(fakeModel());
    expect(seen.guessed).toBeNull();
    expect(seen.given?.found).toContain('optic disc');
    expect(seen.detections).toEqual([[expect.objectContaining({ box: [16, 16, 48, 48] })]]);
  });

  it('asks once where the guess is what is given', async () => {
    const { seen, calls } = await see(guessing(5, 0, 0));
    expect(seen.guessed).toEqual({ found: seen.given, isModality: true });
    const alone = await see(fakeModel());
    expect(calls.decodes).toEqual(alone.calls.decodes);
    expect(calls.images).toBe(1);
  });

  it('asks for the candidates of a wrong guess, and says that it is wrong', async () => {
    const { seen, calls } = await see(guessing(0, 5, 0));
    expect(seen.guessed?.isModality).toBe(false);
    expect(seen.given?.found).toContain('optic disc');
    expect(seen.guessed?.found?.found).not.toContain('optic disc');
    expect(calls.texts.some((text) => text.endsWith('in retinal OCT'))).toBe(true);
    expect(calls.images).toBe(1);
  });

  it('finds nothing where it cannot tell', async () => {
    const { seen } = await see(guessing(0, 0, 0));
    expect(seen.guessed).toEqual({ found: null, isModality: false });
    expect(seen.given?.found).toContain('optic disc');
  });

  it('may guess a kind that it knows where the given one is refused', async () => {
    const { seen } = await see(guessing(0, 0, 5), 'odd');
    expect(seen.given).toBeNull();
    expect(seen.guessed?.found?.found.size).toBeGreaterThan(0);
    expect(seen.guessed?.isModality).toBe(true); // a CT, if not of a site that has candidates
    expect((await see(fakeModel(), 'odd')).seen).toMatchObject({ given: null, guessed: null });
  });

  it('does not take a stopped run for a refusal', async () => {
    await expect(see(guessing(5, 0, 0), 'eyes', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
