/**
 * Smoothing along the axis that slices are stacked on: a Gaussian in millimetres over the neighbours, cut at three
 * standard deviations, with weights that always sum to 1 (at an end the neighbours that there are share the whole).
 * In millimetres, thick slices are hardly touched, as their neighbours show something else.
 */

/** A neighbour and its share. */
export interface Share {
  /** Position in the list of slices. */
  readonly at: number;
  readonly weight: number;
}

/** What slice `at` of `count`, `step` mm apart, is made of; a standard deviation of 0 gives the slice alone. */
export function axisShares(at: number, count: number, step: number, deviation: number): Share[] {
  const reach = deviation > 0 ? Math.floor((3 * deviation) / step) : 0;
  const shares: Share[] = [];
  let sum = 0;
  for (let other = Math.max(0, at - reach); other <= Math.min(count - 1, at + reach); other++) {
    const distance = (other - at) * step;
    const weight = other === at ? 1 : Math.exp(-(distance ** 2) / (2 * deviation ** 2));
    shares.push({ at: other, weight });
    sum += weight;
  }
  return shares.map(({ at: other, weight }) => ({ at: other, weight: weight / sum }));
}

/** Values of slices smoothed along their axis. */
export function smoothAlongAxis(values: readonly number[], step: number, deviation: number): number[] {
  return values.map((_, at) =>
    axisShares(at, values.length, step, deviation).reduce((sum, share) => sum + share.weight * values[share.at], 0),
  );
}
