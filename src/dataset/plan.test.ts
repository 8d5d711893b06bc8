import { describe, expect, test } from 'vitest';
import { mayShow, mirrorTarget } from '../ontology/index.ts';
import { createRandom } from '../util/random.ts';
import { createPlanner, type Plan, type PlanOptions } from './plan.ts';
import type { ImageStore, StoredImage, StoreGroup } from './store.ts';

const options: PlanOptions = { promptsPerImage: 4, negativeFraction: 0.25, mirrors: true };

interface MadeSet {
  readonly set: string;
  readonly kind: readonly [string, string];
  readonly images: readonly { masks: readonly string[]; absent?: readonly string[] }[];
  readonly foreign?: readonly string[];
  readonly foreignSameModality?: readonly string[];
}

/** A store without pixels: planning looks at names and counts only. */
function makeStore(sets: readonly MadeSet[]): ImageStore {
  const targetNames = [...new Set(sets.flatMap(({ images }) => images.flatMap(({ masks }) => masks)))].sort();
  const groups: StoreGroup[] = [];
  const images: StoredImage[] = [];
  for (const { set, kind, images: own, foreign = [], foreignSameModality = [] } of sets) {
    const targets = [...new Set(own.flatMap(({ masks }) => masks))];
    groups.push({ set, modality: kind[0], site: kind[1], targets, foreign, foreignSameModality });
    for (const { masks, absent = [] } of own) {
      images.push({
        ...{ group: groups.length - 1, width: 8, height: 8, channels: 1, absent, slab: 0, offset: 0 },
        masks: masks.map((name) => ({ target: targetNames.indexOf(name), area: 9, slab: 0, offset: 0 })),
      });
    }
  }
  const count = (name: string) => sets.flatMap((set) => set.images).filter(({ masks }) => masks.includes(name)).length;
  return { groups, targetNames, targetCounts: targetNames.map(count), images, slabs: [] };
}

function plans(store: ImageStore, n: number, changes: Partial<PlanOptions> = {}): Plan[] {
  const plan = createPlanner(store, { ...options, ...changes });
  return Array.from({ length: n }, (_, seed) => plan(createRandom(seed)));
}

const repeat = <T>(n: number, item: T): T[] => new Array(n).fill(item);
const polyps: MadeSet = { set: 'polyps', kind: ['endoscope', 'colon'], images: repeat(64, { masks: ['polyp'] }) };
const skin: MadeSet = { set: 'skin', kind: ['dermoscopy', 'skin'], images: repeat(16, { masks: ['skin lesion'] }) };
const hips: MadeSet = {
  set: 'hips',
  kind: ['CT', 'pelvis'],
  images: [
    { masks: ['left hip bone', 'right hip bone', 'sacrum', 'urinary bladder'], absent: [] },
    { masks: ['right hip bone'], absent: ['left hip bone', 'sacrum', 'urinary bladder'] },
    { masks: [], absent: ['left hip bone', 'right hip bone', 'sacrum', 'urinary bladder'] },
  ],
  foreign: ['optic disc', 'skin lesion', 'brain tumor'],
  foreignSameModality: ['brain tumor'],
};
const chest: MadeSet = {
  set: 'chest',
  kind: ['X-Ray', 'chest'],
  images: repeat(9, { masks: ['left lung', 'right lung'], absent: ['heart'] }),
  foreign: ['optic disc'],
};

describe('balance', () => {
  test('sets of one target are drawn by their images to the power of 0.75', () => {
    const drawn = plans(makeStore([polyps, skin]), 3000).filter(({ group }) => group.set === 'polyps').length;
    expect(drawn / 3000).toBeGreaterThan(0.71);
    expect(drawn / 3000).toBeLessThan(0.77); // 64 ** 0.75 = 22.6 against 16 ** 0.75 = 8
  });

  test('sets of many targets are drawn more often', () => {
    const layers = { masks: ['inner retina', 'outer nuclear layer', 'neurosensory retina', 'retinal fluid'] };
    const eyes: MadeSet = { set: 'eyes', kind: ['OCT', 'retinal'], images: repeat(16, layers) };
    const drawn = plans(makeStore([skin, eyes]), 3000).filter(({ group }) => group.set === 'eyes').length;
    expect(drawn / 3000).toBeGreaterThan(0.63);
    expect(drawn / 3000).toBeLessThan(0.7); // as many images, sqrt(4) to 1
  });

  test('a set with a weight is drawn that much more often than the others', () => {
    const count = (setWeights: Record<string, number>): number =>
      plans(makeStore([polyps, skin]), 3000, { setWeights }).filter(({ group }) => group.set === 'skin').length / 3000;
    expect(count({ skin: 4 })).toBeGreaterThan(0.555);
    expect(count({ skin: 4 })).toBeLessThan(0.615); // 4 x 8 against 22.6
    expect(count({ other: 4 })).toBe(count({}));
  });

  test('in a set, images with rare targets come more often, and rare targets are asked for first', () => {
    const images = [...repeat(24, { masks: ['polyp'] }), { masks: ['polyp', 'neoplastic polyp'] }];
    const drawn = plans(makeStore([{ ...polyps, images }]), 3000, { promptsPerImage: 1, negativeFraction: 0 });
    const rare = drawn.filter(({ image }) => image.masks.length === 2);
    expect(rare.length / 3000).toBeGreaterThan(2.2 / 25);
    expect(rare.length / 3000).toBeLessThan(3.6 / 25);
    const asked = rare.filter(({ asks }) => asks[0].target === 'neoplastic polyp').length;
    expect(asked / rare.length).toBeGreaterThan(0.7); // sqrt(25) to 1
  });

  test('about the given share of prompts is for absent objects', () => {
    const asks = plans(makeStore([chest]), 1000).flatMap((plan) => plan.asks);
    const absent = asks.filter(({ mask }) => mask === undefined).length;
    expect(absent / asks.length).toBeGreaterThan(0.22);
    expect(absent / asks.length).toBeLessThan(0.28);
    const none = plans(makeStore([chest]), 100, { negativeFraction: 0 }).flatMap((plan) => plan.asks);
    expect(none.every(({ mask }) => mask !== undefined)).toBe(true);
  });
});

describe('prompts', () => {
  test('ask for no target twice while others are left', () => {
    for (const { asks, image } of plans(makeStore([hips]), 300, { negativeFraction: 0 })) {
      const found = new Set(asks.map(({ target }) => target));
      if (image.masks.length === 4) expect(found.size).toBe(4);
      if (image.masks.length === 1) expect(found.size).toBe(1);
      // three absent siblings and three foreign targets: no need to repeat
      if (image.masks.length === 0) expect(found.size).toBe(4);
    }
  });

  test('for absent objects name nothing that the image has or may have', () => {
    const store = makeStore([hips, chest, polyps]);
    const seen = { siblings: 0, foreign: 0 };
    for (const { asks, image, group, mirror } of plans(store, 1500)) {
      const has = image.masks.map(({ target }) => store.targetNames[target]);
      for (const { target } of asks.filter(({ mask }) => mask === undefined)) {
        const stored = mirror ? mirrorTarget(target) : target;
        expect(has).not.toContain(stored);
        const sibling = image.absent.includes(stored);
        expect(sibling || !mayShow(target, group.modality, group.site), target).toBe(true);
        seen[sibling ? 'siblings' : 'foreign']++;
      }
    }
    expect(seen.siblings).toBeGreaterThan(seen.foreign * 0.8);
    expect(seen.foreign).toBeGreaterThan(100);
  });

  test('are all for present objects where nothing is known to be absent', () => {
    const asks = plans(makeStore([skin]), 50).flatMap((plan) => plan.asks);
    expect(asks.every(({ mask, target }) => mask !== undefined && target === 'skin lesion')).toBe(true);
  });

  test('say left for right in a mirror image, and only there', () => {
    const store = makeStore([hips]);
    let mirrored = 0;
    const drawn = plans(store, 400);
    for (const { asks, mirror } of drawn) {
      mirrored += Number(mirror);
      for (const { mask, target, prompt } of asks) {
        if (mask === undefined) continue;
        const stored = store.targetNames[mask.target];
        expect(target).toBe(mirror ? mirrorTarget(stored) : stored);
        const side = /^(left|right)/.exec(target)?.[0];
        const other = side === 'left' ? 'right' : 'left';
        if (side === undefined) expect(prompt).not.toMatch(/\b(left|right)\b/);
        else {
          expect(prompt).toMatch(new RegExp(`\\b${side}\\b`));
          expect(prompt).not.toMatch(new RegExp(`\\b${other}\\b`));
        }
      }
    }
    expect(mirrored / drawn.length).toBeGreaterThan(0.4);
    expect(mirrored / drawn.length).toBeLessThan(0.6);
  });

  test('no mirror images where the side is part of the look, or where none are wanted', () => {
    expect(plans(makeStore([chest]), 100).some(({ mirror }) => mirror)).toBe(false);
    expect(plans(makeStore([hips]), 100, { mirrors: false }).some(({ mirror }) => mirror)).toBe(false);
  });
});

describe('images about which nothing can be asked', () => {
  const empty: MadeSet = { set: 'empty', kind: ['CT', 'nowhere'], images: repeat(50, { masks: [] }) };
  test('are never drawn', () => {
    expect(plans(makeStore([empty, skin]), 100).every(({ group }) => group.set === 'skin')).toBe(true);
  });
  test('are refused where there are no others', () => {
    expect(() => createPlanner(makeStore([empty]), options)).toThrow(/no image of the data has anything/);
  });
});

describe('sentences of masks', () => {
  const sided: MadeSet = { set: 'legs', kind: ['ultrasound', 'limb'], images: repeat(4, { masks: ['left nerve'] }) };
  const plain = makeStore([sided]);
  const masked = {
    ...plain,
    sentences: ['the nerve on the left'],
    images: plain.images.map((image) => ({
      ...image,
      masks: image.masks.map((mask) => ({ ...mask, sentences: [0] })),
    })),
  };

  test('are asked now and then, but never of a mirror image that shows the other side', () => {
    const found = plans(masked, 200, { negativeFraction: 0 });
    const asked = (mirror: boolean): boolean[] =>
      found.flatMap((one) =>
        one.mirror === mirror ? one.asks.map(({ prompt }) => prompt === masked.sentences[0]) : [],
      );
    expect(asked(true).length).toBeGreaterThan(100);
    expect(asked(true)).not.toContain(true);
    const share = asked(false).filter(Boolean).length / asked(false).length;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });
});
