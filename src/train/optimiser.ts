/** AdamW (Loshchilov and Hutter 2019) with an exponential moving average of the weights, over flat arrays. */

export interface AdamWArrays {
  readonly parameters: Float32Array;
  readonly average: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Mean over the workers. */
  readonly gradient: Float32Array;
}

export interface AdamWStep {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  /** Factor on the gradient, from clipping. */
  readonly scale: number;
  /** Steps done before this one. */
  readonly step: number;
  /** Decay of the average; early on it is shorter, so that the start is soon forgotten. */
  readonly averaging: number;
}

const epsilon = 1e-8;

/** Writes the mean of the workers' gradients between two positions to `into`; gives the sum of its squares. */
export function averageGradients(
  gradients: readonly Float32Array[],
  into: Float32Array,
  start: number,
  end: number,
): number {
  into.set((gradients[0] as Float32Array).subarray(start, end), start);
  for (const gradient of gradients.slice(1)) {
    for (let i = start; i < end; i++) into[i] = (into[i] as number) + (gradient[i] as number);
  }
  const share = 1 / gradients.length;
  let squares = 0;
  for (let i = start; i < end; i++) {
    const g = (into[i] as number) * share;
    into[i] = g;
    squares += g * g;
  }
  return squares;
}

/** Updates positions start..end in place. */
export function adamW(arrays: AdamWArrays, start: number, end: number, decays: boolean, s: AdamWStep): void {
  const { parameters, average, firstMoment, secondMoment, gradient } = arrays;
  const { scale, beta1, beta2 } = s;
  const rate = s.rate / (1 - beta1 ** (s.step + 1));
  const correct = 1 / (1 - beta2 ** (s.step + 1));
  const shrink = decays ? 1 - s.rate * s.weightDecay : 1;
  const keep = Math.min(s.averaging, (1 + s.step) / (10 + s.step));
  for (let i = start; i < end; i++) {
    const g = (gradient[i] as number) * scale;
    const m = beta1 * (firstMoment[i] as number) + (1 - beta1) * g;
    const v = beta2 * (secondMoment[i] as number) + (1 - beta2) * g * g;
    firstMoment[i] = m;
    secondMoment[i] = v;
    const w = (parameters[i] as number) * shrink - (rate * m) / (Math.sqrt(v * correct) + epsilon);
    parameters[i] = w;
    average[i] = keep * (average[i] as number) + (1 - keep) * w;
  }
}
