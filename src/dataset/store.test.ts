import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { box, type MadeImage, writeSplit } from '../../test/helpers/dataset.ts';
import { writeMaskPng } from '../formats/raster.ts';
import { openDataset } from './layout.ts';
import { type ImageStore, loadImages, storedMask, storedPixels } from './store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-store-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function load(images: readonly MadeImage[], set = 'made-up', maxSide = 256): Promise<ImageStore> {
  await writeSplit(root, set, 'train', images);
  return loadImages(await openDataset(root, { split: 'train', sets: [set] }), { maxSide });
}

describe('the store', () => {
  test.each<[string, string, readonly number[], number, number[]]>([
    ['a tinted CT as grey, the mean of the channels', 'CT_abdomen', [10, 11, 18], 1, [13]],
    ['a coloured ultrasound as grey', 'ultrasound_breast', [0, 60, 90], 1, [50]],
    ['a sequence of MRI as grey', 'MRI-T1-Gd_brain', [10, 20, 30], 1, [20]],
    ['a pathology image in colour', 'pathology_colon', [200, 90, 160], 3, [200, 90, 160]],
    ['almost grey microscopy as grey', 'pathology_cells', [40, 42, 41], 1, [41]],
    ['colour without alpha', 'dermoscopy_skin', [200, 150, 120, 77], 3, [200, 150, 120]],
    ['grey as it is', 'X-Ray_chest', [77], 1, [77]],
  ])('keeps %s', async (_, kind, pixel, channels, expected) => {
    const store = await load([{ name: `p_${kind}`, width: 5, height: 3, pixel: () => pixel }]);
    const [image] = store.images;
    expect(image).toMatchObject({ width: 5, height: 3, channels });
    expect([...storedPixels(store, image)]).toEqual(Array.from({ length: 15 }, () => expected).flat());
  });

  test('keeps masks bit by bit, and counts them by target', async () => {
    const store = await load([
      { name: 'a_CT_abdomen', width: 7, height: 5, masks: { liver: box(1, 1, 4, 4), spleen: box(6, 4, 7, 5) } },
      { name: 'b_CT_abdomen', width: 7, height: 5, masks: { liver: box(0, 0, 7, 5), spleen: () => false } },
    ]);
    expect(store.targetNames).toEqual(['liver', 'spleen']);
    expect(store.targetCounts).toEqual([2, 1]);
    const [a, b] = store.images;
    expect(a.masks.map(({ target, area }) => [target, area])).toEqual([
      [0, 9],
      [1, 1],
    ]);
    const liver = storedMask(store, a, a.masks[0]);
    expect([...liver]).toEqual(Array.from({ length: 35 }, (_, i) => Number(box(1, 1, 4, 4)(i % 7, Math.floor(i / 7)))));
    // an empty mask is no mask, and the object is not called absent for lack of one either
    expect(b.masks).toHaveLength(1);
    expect(b.absent).toEqual([]);
  });

  test('reduces long images together with their masks', async () => {
    const store = await load(
      [{ name: 'a_CT_abdomen', width: 80, height: 40, masks: { liver: box(0, 0, 40, 40) } }],
      'made-up',
      20,
    );
    const [image] = store.images;
    expect([image.width, image.height, image.masks[0].area]).toEqual([20, 10, 100]);
    expect(storedPixels(store, image).every((value) => value === 128)).toBe(true);
  });

  test('says what is absent only where the set is annotated in full', async () => {
    const images: MadeImage[] = [
      { name: 'a_X-Ray_chest', width: 4, height: 4, masks: { lung: box(0, 0, 2, 2), heart: box(2, 2, 3, 3) } },
      { name: 'b_X-Ray_chest', width: 4, height: 4, masks: { lung: box(0, 0, 2, 2) } },
      { name: 'c_fundus_retinal', width: 4, height: 4, masks: { 'optic disc': box(0, 0, 2, 2) } },
    ];
    const store = await load(images);
    expect(store.images.map(({ absent }) => absent)).toEqual([[], ['heart'], []]);
    const [chest, eye] = store.groups;
    expect(chest.foreign).toEqual(['optic disc']);
    expect(chest.foreignSameModality).toEqual([]);
    expect(eye.foreign).toEqual(['heart', 'lung']);
    const partly = await load(images, 'covid-cxr');
    expect(partly.images[1].absent).toEqual([]);
  });

  test('refuses a mask of another size, naming both', async () => {
    await writeSplit(root, 'made-up', 'train', [{ name: 'a_CT_abdomen', width: 6, height: 4 }]);
    const file = join(root, 'made-up', 'train_mask', 'a_CT_abdomen_liver.png');
    await writeMaskPng(file, { data: new Uint8Array(16), width: 4, height: 4 });
    const dataset = await openDataset(root, { split: 'train' });
    await expect(loadImages(dataset)).rejects.toMatchObject({
      code: 'input',
      message: `${file}: 4 x 4 pixels, its image has 6 x 4`,
    });
  });

  test('reports progress', async () => {
    const images = ['a', 'b', 'c'].map((name) => ({ name: `${name}_CT_abdomen`, width: 4, height: 4 }));
    await writeSplit(root, 'made-up', 'train', images);
    const seen: string[] = [];
    const onProgress = (done: number, total: number) => seen.push(`${done}/${total}`);
    await loadImages(await openDataset(root, { split: 'train' }), { onProgress, concurrency: 2 });
    expect(seen).toEqual(['1/3', '2/3', '3/3']);
  });
});
