/** AdamW (Loshchilov and Hutter 2019) with an exponential moving average of the weights, over flat arrays. */

export interface AdamWArrays {
  readonly parameters: Float32Array;
  readonly average: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly gradients: readonly Float32Array[];
}

export interface AdamWStep {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  /** Factor on the mean gradient, from clipping. */
  readonly scale: number;
  /** Steps done before this one. */
  readonly step: number;
  /** Decay of the average; early on it is shorter, so that the start is soon forgotten. */
  readonly averaging: number;
}

const epsilon = 1e-8;

/** Sum of squares of the mean gradient between two positions. */
export function sumOfSquares(gradients: readonly Float32Array[], start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i++) {
    let g = 0;
    for (const gradient of gradients) g += gradient[i] as number;
    total += g * g;
  }
  return total / gradients.length ** 2;
}

/** Updates positions start..end in place; the gradients of the workers are averaged here. */
export function adamW(arrays: AdamWArrays, start: number, end: number, decays: boolean, s: AdamWStep): void {
  const { parameters, average, firstMoment, secondMoment, gradients } = arrays;
  const scale = s.scale / gradients.length;
  const correct1 = 1 / (1 - s.beta1 ** (s.step + 1));
  const correct2 = 1 / (1 - s.beta2 ** (s.step + 1));
  const shrink = decays ? 1 - s.rate * s.weightDecay : 1;
  const keep = Math.min(s.averaging, (1 + s.step) / (10 + s.step));
  for (let i = start; i < end; i++) {
    let g = 0;
    for (const gradient of gradients) g += gradient[i] as number;
    g *= scale;
    const m = s.beta1 * (firstMoment[i] as number) + (1 - s.beta1) * g;
    const v = s.beta2 * (secondMoment[i] as number) + (1 - s.beta2) * g * g;
    firstMoment[i] = m;
    secondMoment[i] = v;
    const w = (parameters[i] as number) * shrink - (s.rate * m * correct1) / (Math.sqrt(v * correct2) + epsilon);
    parameters[i] = w;
    average[i] = keep * (average[i] as number) + (1 - keep) * w;
  }
}
