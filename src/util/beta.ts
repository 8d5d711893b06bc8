/**
 * The Beta distribution: cumulative distribution function, and parameters of greatest likelihood. Float64 throughout.
 * Sources: asymptotic series of ln Gamma, digamma and trigamma (DLMF 5.11.1, 5.11.2, 5.15.8) after a shift to large
 * arguments; the continued fraction of the incomplete Beta function (DLMF 8.17.22) by Lentz's method.
 */

/** Parameters a, b > 0 of a Beta distribution. */
export type Beta = readonly [a: number, b: number];

/** ln Gamma(x), x > 0. */
export function logGamma(x: number): number {
  let shift = 1;
  let at = x;
  for (; at < 10; at++) shift *= at;
  const s = 1 / (at * at);
  const series = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - (s * 691) / 360360))))) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - Math.log(shift);
}

/** Continued fraction of the incomplete Beta function; converges fast for x < (a + 1) / (a + b + 2). */
function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const guard = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  // the number of terms grows with the square root of the larger parameter
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return fraction;
}

/** P(X <= x) for X of Beta(a, b). */
export function betaCdf(x: number, [a, b]: Beta): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return (front * continuedFraction(x, a, b)) / a;
  return 1 - (front * continuedFraction(1 - x, b, a)) / b;
}

/** Derivative of ln Gamma. */
function digamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 8; at++) shift -= 1 / at;
  const s = 1 / (at * at);
  const series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s / 132))));
  return shift + Math.log(at) - 0.5 / at - series;
}

/** Second derivative of ln Gamma. */
function trigamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 8; at++) shift += 1 / (at * at);
  const s = 1 / (at * at);
  const series = (s / at) * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s * (1 / 30 - (s * 5) / 66))));
  return shift + 1 / at + s / 2 + series;
}

/** Values at the ends of the range would have an infinite likelihood. */
const EDGE = 1e-6;

/**
 * Parameters of greatest likelihood for values in 0..1 (at the ends moved inside by 1e-6), by Newton's method from the
 * moments; null where the values do not differ or are fewer than two, as no parameters are the best then.
 */
export function fitBeta(values: readonly number[]): Beta | null {
  const samples = values.map((value) => Math.min(1 - EDGE, Math.max(EDGE, value)));
  const average = (f: (value: number) => number): number => samples.reduce((n, v) => n + f(v), 0) / samples.length;
  const mean = average((v) => v);
  const variance = average((v) => (v - mean) ** 2);
  if (samples.length < 2 || variance < 1e-12) return null;
  const logMean = average(Math.log);
  const logRest = average((v) => Math.log1p(-v));
  const scale = Math.max((mean * (1 - mean)) / variance - 1, 0.1);
  let [a, b] = [mean * scale, (1 - mean) * scale];
  for (let step = 0; step < 200; step++) {
    const [both, both2] = [digamma(a + b), trigamma(a + b)];
    const [slopeA, slopeB] = [digamma(a) - both - logMean, digamma(b) - both - logRest];
    const [aa, bb] = [trigamma(a) - both2, trigamma(b) - both2];
    const determinant = aa * bb - both2 * both2;
    const stepA = (bb * slopeA + both2 * slopeB) / determinant;
    const stepB = (both2 * slopeA + aa * slopeB) / determinant;
    // a step never takes more than half of a parameter, so that both stay above 0
    [a, b] = [Math.max(a - stepA, a / 2), Math.max(b - stepB, b / 2)];
    if (Math.abs(stepA) < 1e-10 * a && Math.abs(stepB) < 1e-10 * b) break;
  }
  return [a, b];
}

/** Two-sided p-value of a one-sample Kolmogorov-Smirnov test of one value, whose distribution function is `cdf` there. */
export function singleSamplePValue(cdf: number): number {
  return 2 * (1 - Math.max(cdf, 1 - cdf));
}
