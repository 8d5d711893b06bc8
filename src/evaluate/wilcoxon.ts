/**
 * Wilcoxon's signed-rank test of paired differences: do they lie as much above zero as below? Zeros are left out, equal sizes
 * share their mean rank. Exact for up to 25 differences without ties, else by the normal distribution with corrections for
 * ties and for continuity (as R's `wilcox.test`).
 */

const EXACT = 25;

/** Upper tail of the standard normal distribution, to 1e-7 relative (Numerical Recipes, erfc by a Chebyshev fit). */
function normalTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const terms = [
    ...[-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806],
    ...[0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277],
  ];
  const tail = t * Math.exp(-x * x + terms.reduceRight((sum, term) => sum * t + term, 0));
  return (x >= 0 ? tail : 2 - tail) / 2;
}

/** Share of all signs of the ranks 1 ... n whose positive ranks sum to at most `sum`. */
function exactTail(n: number, sum: number): number {
  const most = (n * (n + 1)) / 2;
  const ways = new Float64Array(most + 1);
  ways[0] = 1;
  for (let rank = 1; rank <= n; rank++) for (let to = most; to >= rank; to--) ways[to] += ways[to - rank];
  return ways.subarray(0, sum + 1).reduce((total, one) => total + one, 0) / 2 ** n;
}

/** Two-sided p; null where all differences are zero. */
export function wilcoxon(differences: readonly number[]): number | null {
  const sorted = differences.filter((value) => value !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  const n = sorted.length;
  if (n === 0) return null;
  let [positive, ties] = [0, 0];
  for (let start = 0; start < n; ) {
    let end = start;
    while (end < n && Math.abs(sorted[end]) === Math.abs(sorted[start])) end++;
    const [rank, equal] = [(start + 1 + end) / 2, end - start];
    for (let i = start; i < end; i++) if (sorted[i] > 0) positive += rank;
    ties += equal ** 3 - equal;
    start = end;
  }
  const total = (n * (n + 1)) / 2;
  if (n <= EXACT && ties === 0) return Math.min(1, 2 * exactTail(n, Math.min(positive, total - positive)));
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48);
  const distance = Math.abs(positive - total / 2);
  return Math.min(1, 2 * normalTail(Math.max(0, distance - 0.5) / deviation));
}
