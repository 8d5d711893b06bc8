/**
 * Reverse-mode differentiation as a transformation of the graph: from a scalar and the tensors of interest to new
 * tensors that hold the gradients. Nothing is run. Refuses, by name, operators that have no gradient.
 */
import { BiomedParseError } from '../util/errors.ts';
import { addTo } from '../util/groups.ts';
import { elementwiseGradients } from './gradients/elementwise.ts';
import { productGradients } from './gradients/products.ts';
import { reduceGradients } from './gradients/reduce.ts';
import { joinSlices, shapeGradients } from './gradients/shape.ts';
import type { GradientRule } from './gradients/types.ts';
import { add, expand } from './ops/index.ts';
import { scalar, shapeError, sizeOf, type Tensor, topologicalOrder } from './tensor.ts';

const rules: Record<string, GradientRule> = {
  ...elementwiseGradients,
  ...shapeGradients,
  ...reduceGradients,
  ...productGradients,
};

const leaves = new Set(['input', 'parameter', 'constant']);

/** Tensors on a path from one of `wrt` to the outputs. */
function reachable(order: readonly Tensor[], wrt: readonly Tensor[]): Set<Tensor> {
  const found = new Set(wrt);
  for (const t of order) if (t.inputs.some((i) => found.has(i))) found.add(t);
  return found;
}

/** One user's share of a gradient; `part` says which slice of an axis it belongs to, if its user is a slice. */
interface Contribution {
  readonly part?: { readonly axis: number; readonly start: number; readonly end: number; readonly dy: Tensor };
  readonly gradient: () => Tensor;
}

/** Adds contributions; disjoint slices of one axis are joined by a single concat instead of padded sums. */
function accumulate(t: Tensor, contributions: readonly Contribution[]): Tensor {
  const parts = contributions.flatMap((c) => c.part ?? []).sort((p, q) => p.start - q.start);
  const disjoint = parts.every((p, i) => i === 0 || p.start >= (parts[i - 1]?.end ?? 0));
  const axis = parts[0]?.axis;
  const joins = axis !== undefined && disjoint && parts.every((p) => p.axis === axis);
  const terms = contributions.filter((c) => !(joins && c.part)).map((c) => c.gradient());
  if (joins) terms.push(joinSlices(t, axis, parts));
  return terms.reduce((sum, term) => add(sum, term));
}

/** A slice's share, kept symbolic until it is known which other slices of the same tensor got a gradient. */
function sliceContribution(y: Tensor, dy: Tensor): Contribution {
  const { axis, start, end } = y.attributes as { axis: number; start: number; end: number };
  return { part: { axis, start, end, dy }, gradient: () => shapeGradients.slice?.(y, dy)[0] as Tensor };
}

/** Gradients of a scalar loss with respect to each tensor of `wrt`, in the same order and shapes. */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (sizeOf(loss.shape) !== 1) throw shapeError('gradients', [loss], 'the loss must be a single number');
  const order = topologicalOrder([loss]);
  const active = reachable(order, wrt);
  const contributions = new Map<Tensor, Contribution[]>();
  const result = new Map<Tensor, Tensor>();
  if (active.has(loss)) {
    const one = expand(scalar(1), loss.shape);
    contributions.set(loss, [{ gradient: () => one }]);
  }
  for (const y of order.reverse()) {
    const received = contributions.get(y);
    if (received === undefined || !active.has(y)) continue;
    const dy = accumulate(y, received);
    result.set(y, dy);
    if (leaves.has(y.op) || !y.inputs.some((i) => active.has(i))) continue;
    const rule = rules[y.op];
    if (rule === undefined) {
      throw new BiomedParseError('internal', `gradients: operator ${y.op} has no gradient`, { op: y.op });
    }
    const shares =
      y.op === 'slice'
        ? [sliceContribution(y, dy)]
        : rule(y, dy).map((g) => (g === null ? null : { gradient: () => g }));
    for (const [i, share] of shares.entries()) {
      const x = y.inputs[i] as Tensor;
      if (share !== null && active.has(x)) addTo(contributions, x, share);
    }
  }
  return wrt.map((t) => {
    const gradient = result.get(t);
    if (gradient === undefined) {
      const name = t.op === 'parameter' || t.op === 'input' ? (t.attributes.name as string) : t.op;
      throw new BiomedParseError('internal', `gradients: no gradient reaches ${name}`, { name });
    }
    return gradient;
  });
}
