/** Masks taken apart, on drawn masks: discs that touch, a gap between them, user's terms. */
import { describe, expect, it } from 'vitest';
import { measure } from '../image/measure.ts';
import { resolve } from '../ontology/index.ts';
import { parseTerms } from '../ontology/resolve/terms.ts';
import { describeResolution } from './concept.ts';
import { type DetectOptions, detectEncoded } from './detect.ts';
import type { EncodedImage, Segmentation } from './segment.ts';

type Disc = readonly [x: number, y: number, radius: number];
const [WIDTH, HEIGHT] = [120, 60];

/** An image whose every prompt is answered by the same discs, each as probable as its place in the list says. */
function imageOf(...discs: Disc[]): EncodedImage {
  const probabilities = new Float32Array(WIDTH * HEIGHT);
  for (const [n, [cx, cy, radius]] of discs.entries()) {
    for (let i = 0; i < probabilities.length; i++) {
      if (Math.hypot((i % WIDTH) - cx, Math.floor(i / WIDTH) - cy) <= radius) probabilities[i] = 1 - n / 16;
    }
  }
  const data = Uint8Array.from(probabilities, (value) => (value > 0.5 ? 1 : 0));
  const mask = { data, width: WIDTH, height: HEIGHT };
  async function* segment(prompts: readonly string[], options: Pick<DetectOptions, 'terms'> = {}) {
    for (const text of prompts) {
      const { terms } = options;
      const found = describeResolution(text, resolve(text, terms === undefined ? {} : { terms }), { terms });
      const { areaPx, box } = measure(mask);
      const answer = { text, ...found, present: true, presence: 0.5, probability: 1, reason: null, mask, areaPx, box };
      yield { ...answer, areaFraction: 0, probabilities } satisfies Segmentation;
    }
  }
  return { width: WIDTH, height: HEIGHT, segment } as unknown as EncodedImage;
}

async function detect(image: EncodedImage, text: string, options: DetectOptions = {}) {
  for await (const found of detectEncoded(image, [text], options)) return found;
  throw new Error('no answer');
}

const pair: Disc[] = [
  [30, 30, 14],
  [56, 30, 14],
];

describe('detectEncoded', () => {
  it.each([
    'cell nuclei',
    'nuclei',
    'colon glands',
    'lymphocytes',
    'prostatic glands in prostate pathology',
  ])('cuts %s that touch apart where they are narrow', async (text) => {
    const { separation, instances, answer } = await detect(imageOf(...pair), text);
    expect(separation).toBe('watershed');
    expect(instances).toHaveLength(2);
    expect(instances[0].score).toBeGreaterThan(instances[1].score);
    for (const [n, { areaPx, box, mask, score }] of instances.entries()) {
      expect(measure(mask)).toMatchObject({ areaPx, box });
      expect(mask.data[30 * WIDTH + pair[n][0]]).toBe(1);
      expect(mask.data[30 * WIDTH + pair[1 - n][0]]).toBe(0);
      expect(areaPx).toBeGreaterThan(0.45 * answer.areaPx);
      expect(score).toBeCloseTo(0.5 * (1 - n / 16), 1);
    }
    expect(instances[0].areaPx + instances[1].areaPx).toBe(answer.areaPx);
  });

  it.each(['liver', 'left lung', 'polyp', 'something nobody knows'])('leaves %s whole', async (text) => {
    const { separation, instances, answer } = await detect(imageOf(...pair), text);
    expect([separation, instances.length]).toEqual(['components', 1]);
    expect(instances[0]).toMatchObject({ areaPx: answer.areaPx, box: answer.box });
  });

  it('does as it is told', async () => {
    const cut = await detect(imageOf(...pair), 'polyp', { instances: 'watershed' });
    expect([cut.separation, cut.instances.length]).toEqual(['watershed', 2]);
    const whole = await detect(imageOf(...pair), 'cell nuclei', { instances: 'components' });
    expect([whole.separation, whole.instances.length]).toEqual(['components', 1]);
    const auto = await detect(imageOf(...pair), 'cell nuclei', { instances: 'auto' });
    expect(auto.separation).toBe('watershed');
    await expect(detect(imageOf(...pair), 'polyp', { instances: 'both' as 'auto' })).rejects.toMatchObject({
      code: 'usage',
      message: 'instances must be one of auto, components, watershed, got both',
    });
  });

  it('gives every pixel of the mask to one instance, and none of a gap between them', async () => {
    // four discs in a ring round a gap
    const ring: Disc[] = [
      [44, 18, 13],
      [68, 18, 13],
      [44, 42, 13],
      [68, 42, 13],
    ];
    const image = imageOf(...ring);
    const { instances, answer } = await detect(image, 'cell nuclei');
    expect(answer.mask.data[30 * WIDTH + 56]).toBe(0);
    const centres = ring.map(([x, y]) => instances.findIndex(({ mask }) => mask.data[y * WIDTH + x] === 1));
    expect(new Set(centres).size).toBe(4);
    expect(instances.reduce((sum, { areaPx }) => sum + areaPx, 0)).toBe(answer.areaPx);
    for (const { mask } of instances) expect(mask.data[30 * WIDTH + 56]).toBe(0);
  });

  it('leaves out what is too small, whichever way', async () => {
    const image = imageOf([30, 30, 14], [80, 30, 6]);
    for (const instances of ['components', 'watershed'] as const) {
      expect((await detect(image, 'cell nuclei', { instances })).instances).toHaveLength(2);
      expect((await detect(image, 'cell nuclei', { instances, leastPx: 200 })).instances).toHaveLength(1);
    }
  });

  it('knows what the user calls crowded', async () => {
    const term = { name: 'megakaryocytes', metaObject: 'histology structure', modalities: ['pathology'] };
    const of = (crowded: boolean) => parseTerms({ terms: [{ ...term, crowded }] }, 'terms.json');
    expect((await detect(imageOf(...pair), 'megakaryocytes', { terms: of(true) })).instances).toHaveLength(2);
    expect((await detect(imageOf(...pair), 'megakaryocytes', { terms: of(false) })).instances).toHaveLength(1);
    expect(() => parseTerms({ terms: [{ ...term, crowded: 'yes' }] }, 'terms.json')).toThrow(
      'field "terms[0].crowded" must be true or false',
    );
  });
});
