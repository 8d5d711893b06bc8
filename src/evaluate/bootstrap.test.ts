import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import { bootstrap, interval, type Sample } from './bootstrap.ts';

describe('bootstrap', () => {
  const random = createRandom(4);
  const samples: Sample[] = Array.from({ length: 400 }, (_, i) => ({
    set: 'a',
    image: String(i),
    target: 'lung',
    value: random.normal(),
  }));
  it('has the width that theory gives', () => {
    const [low, high] = bootstrap(samples).overall ?? [0, 0];
    expect(high - low).toBeGreaterThan((2 * 1.96 * 0.9) / 20);
    expect(high - low).toBeLessThan((2 * 1.96 * 1.1) / 20);
    expect(low).toBeLessThan(high);
  });
  it('is the same for the same seed, and another for another', () => {
    expect(bootstrap(samples, { seed: 3 }).overall).toEqual(bootstrap(samples, { seed: 3 }).overall);
    expect(bootstrap(samples, { seed: 3 }).overall).not.toEqual(bootstrap(samples, { seed: 4 }).overall);
  });
  it('draws an image with all its targets: what differs within images only has no width', () => {
    const twins = samples.flatMap((one) => [one, { ...one, target: 'heart', value: -one.value }]);
    const { overall, of } = bootstrap(twins);
    for (const end of overall ?? [1]) expect(end).toBeCloseTo(0, 12);
    const [low, high] = of('a', 'heart') ?? [0, 0];
    expect(high - low).toBeGreaterThan(0.15);
  });
  it('leaves out of the mean over pairs what does not count, and is null without samples', () => {
    const one = { set: 'b', image: 'x', target: 'lung', value: 0.25 };
    const { overall, of } = bootstrap([...samples, one], { counts: (set) => set === 'b' });
    expect(overall).toEqual([0.25, 0.25]);
    expect(of('a', 'lung')).not.toBeNull();
    expect(bootstrap([]).overall).toBeNull();
    expect(interval([])).toBeNull();
  });
});
