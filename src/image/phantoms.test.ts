import { describe, expect, it } from 'vitest';
import { measure } from './measure.ts';
import { type Phantom, type PhantomKind, phantom, phantomKinds } from './phantoms.ts';
import type { Mask } from './types.ts';

const SIZE = 96;
const drawn = new Map<PhantomKind, Phantom>(phantomKinds.map((kind) => [kind, phantom(kind, SIZE, 7)]));
const get = (kind: PhantomKind): Phantom => drawn.get(kind) as Phantom;

function mask(kind: PhantomKind, target: string): Mask {
  const found = get(kind).masks.find((one) => one.target === target);
  if (found === undefined) throw new Error(`no ${target} in ${kind}`);
  return found.mask;
}

/** Mean of a channel inside a mask, or outside of it. */
function mean(kind: PhantomKind, of: Mask, channel = 0, inside = 1): number {
  const { data, channels } = get(kind).image;
  let [sum, n] = [0, 0];
  for (let i = 0; i < of.data.length; i++) {
    if (of.data[i] !== inside) continue;
    sum += data[i * channels + channel];
    n++;
  }
  return sum / n;
}

const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => Buffer.from(a).equals(Buffer.from(b));

const middle = (of: Mask): number => {
  const box = measure(of).box as [number, number, number, number];
  return (box[0] + box[2]) / 2 / SIZE;
};

/** Modality, site, channels, and the range of each target's share of the image. */
const expected: Record<PhantomKind, [string, string, number, Record<string, [number, number]>]> = {
  'chest-radiograph': [
    'X-Ray',
    'chest',
    1,
    { 'left lung': [0.1, 0.2], 'right lung': [0.12, 0.22], heart: [0.06, 0.13] },
  ],
  'abdomen-ct': [
    'CT',
    'abdomen',
    1,
    {
      liver: [0.04, 0.12],
      'left kidney': [0.007, 0.02],
      'right kidney': [0.007, 0.02],
      spleen: [0.01, 0.03],
      aorta: [0.001, 0.005],
    },
  ],
  fundus: [
    'fundus',
    'retinal',
    3,
    { 'optic disc': [0.01, 0.04], 'optic cup': [0.003, 0.015], 'retinal vessel': [0.02, 0.15] },
  ],
  dermoscopy: ['dermoscopy', 'skin', 3, { 'skin lesion': [0.08, 0.3] }],
  histology: ['pathology', 'cells', 3, { 'cell nuclei': [0.06, 0.35] }],
};

describe('phantom', () => {
  it.each(phantomKinds)('%s: names, sizes and areas of several seeds', (kind) => {
    const [modality, site, channels, targets] = expected[kind];
    for (const made of [get(kind), phantom(kind, 128, 3), phantom(kind, 128, 4)]) {
      const { image, masks } = made;
      expect([made.kind, made.modality, made.site, image.channels]).toEqual([kind, modality, site, channels]);
      expect(image.data).toHaveLength(image.width * image.height * channels);
      expect(masks.map((one) => one.target)).toEqual(Object.keys(targets));
      for (const { target, mask: of } of masks) {
        expect([of.width, of.height]).toEqual([image.width, image.height]);
        const [low, high] = targets[target];
        const { areaFraction } = measure(of);
        expect(areaFraction, `${target} of ${kind}`).toBeGreaterThan(low);
        expect(areaFraction, `${target} of ${kind}`).toBeLessThan(high);
        expect(of.data.every((value) => value === 0 || value === 1)).toBe(true);
      }
    }
  });

  it('draws the same picture for the same seed and another for another', () => {
    for (const kind of phantomKinds) {
      const again = phantom(kind, SIZE, 7);
      expect(same(again.image.data, get(kind).image.data)).toBe(true);
      for (const { target, mask: of } of again.masks) expect(same(of.data, mask(kind, target).data)).toBe(true);
      expect(same(phantom(kind, SIZE, 8).image.data, get(kind).image.data)).toBe(false);
    }
  });

  it("puts the patient's left on the right of the image", () => {
    expect(middle(mask('chest-radiograph', 'left lung'))).toBeGreaterThan(0.6);
    expect(middle(mask('chest-radiograph', 'right lung'))).toBeLessThan(0.4);
    expect(middle(mask('abdomen-ct', 'left kidney'))).toBeGreaterThan(0.6);
    expect(middle(mask('abdomen-ct', 'right kidney'))).toBeLessThan(0.4);
    expect(middle(mask('abdomen-ct', 'liver'))).toBeLessThan(0.45);
    expect(middle(mask('abdomen-ct', 'spleen'))).toBeGreaterThan(0.7);
  });

  it('keeps organs apart that cannot overlap, and the cup within the disc', () => {
    for (const kind of ['chest-radiograph', 'abdomen-ct'] as const) {
      const { masks } = get(kind);
      const shared = masks[0].mask.data.map((_, i) => masks.reduce((sum, one) => sum + one.mask.data[i], 0));
      expect(shared.includes(2) || shared.includes(3)).toBe(false);
    }
    const disc = mask('fundus', 'optic disc');
    expect(mask('fundus', 'optic cup').data.every((value, i) => value <= disc.data[i])).toBe(true);
  });

  it('shows the objects where the masks say', () => {
    const heart = mean('chest-radiograph', mask('chest-radiograph', 'heart'));
    expect(heart - mean('chest-radiograph', mask('chest-radiograph', 'left lung'))).toBeGreaterThan(60);
    const liver = mean('abdomen-ct', mask('abdomen-ct', 'liver'));
    expect(mean('abdomen-ct', mask('abdomen-ct', 'left kidney')) - liver).toBeGreaterThan(20);
    expect(liver - mean('abdomen-ct', mask('abdomen-ct', 'liver'), 0, 0)).toBeGreaterThan(40);
    const cup = mask('fundus', 'optic cup');
    expect(mean('fundus', cup, 1) - mean('fundus', cup, 1, 0)).toBeGreaterThan(60);
    for (const [kind, target] of [
      ['dermoscopy', 'skin lesion'],
      ['histology', 'cell nuclei'],
    ] as const) {
      const of = mask(kind, target);
      expect(mean(kind, of, 1, 0) - mean(kind, of, 1), `${target} is darker`).toBeGreaterThan(40);
    }
    // Vessels against the retina beside them, without the disc and the black surround.
    const vessel = mask('fundus', 'retinal vessel').data;
    const disc = mask('fundus', 'optic disc').data;
    const retina = (value: number): Mask => ({
      data: vessel.map((inside, i) => {
        const radius = Math.hypot((i % SIZE) + 0.5 - SIZE / 2, Math.floor(i / SIZE) + 0.5 - SIZE / 2);
        return inside === value && disc[i] === 0 && radius < 0.42 * SIZE ? 1 : 0;
      }),
      width: SIZE,
      height: SIZE,
    });
    expect(mean('fundus', retina(0), 1) - mean('fundus', retina(1), 1)).toBeGreaterThan(20);
  });

  it('refuses unknown kinds and sizes', () => {
    expect(() => phantom('toString' as PhantomKind, 64, 0)).toThrow('no phantom is called "toString"; allowed: chest');
    expect(() => phantom('fundus', 31, 0)).toThrow('32 to 2048 pixels, got 31');
    expect(() => phantom('fundus', 64.5, 0)).toThrow('got 64.5');
  });
});
