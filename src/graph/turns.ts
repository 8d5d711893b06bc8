/**
 * Attention whose scores are large takes its queries in turns: the same values, in arrays small enough to be used again. Larger ones
 * are fetched from the system anew at each use, which takes longer than the products. For inference, where sizes are fixed.
 */
import { concat, matmul, slice, softmax, where } from './ops/index.ts';
import { rebuild } from './rewrite.ts';
import { sizeOf, type Tensor } from './tensor.ts';

/** Scores that are held at once, 8 MB. */
const mostScores = 2 ** 21;

/** The graph with every large `softmax(q k^T) v`, `[B,heads,Nq,Nk]` of scores, hidden keys or not, cut by queries. */
export function attendInTurns(outputs: readonly Tensor[]): Tensor[] {
  return rebuild(outputs, (t) => {
    const [weights, v] = t.inputs as [Tensor, Tensor];
    if (t.op !== 'matmul' || weights.op !== 'softmax' || weights.shape.length !== 4) return t;
    const shown = weights.inputs[0] as Tensor;
    const isHidden = shown.op === 'where';
    const scores = (isHidden ? shown.inputs[2] : shown) as Tensor;
    const queries = scores.shape[2] as number;
    const together = Math.max(1, Math.floor(mostScores / (sizeOf(scores.shape) / queries)));
    if (scores.op !== 'matmul' || scores.attributes.transposeA === true || together >= queries) return t;
    const [q, k] = scores.inputs as [Tensor, Tensor];
    const look = (start: number, end: number): Tensor => {
      const rowsOf = (x: Tensor): Tensor => (x.shape.at(-2) === queries ? slice(x, x.shape.length - 2, start, end) : x);
      const part = matmul(rowsOf(q), k, scores.attributes);
      const [blocked, low] = shown.inputs as [Tensor, Tensor];
      return matmul(softmax(isHidden ? where(rowsOf(blocked), rowsOf(low), part) : part), v, t.attributes);
    };
    const turns = Array.from({ length: Math.ceil(queries / together) }, (_, turn) =>
      look(turn * together, Math.min(queries, (turn + 1) * together)),
    );
    return concat(turns, 2);
  });
}
