/**
 * Rewrites that keep every value: equal nodes become one, arithmetic with 0 and 1 goes, chains of reshapes, transposes
 * and expansions shrink; and, for inference, scale and shift are put back into layer normalisation.
 */
import { makeTensor, sameShape, type Tensor, topologicalOrder } from './tensor.ts';

/** The only value of a constant with a single one, else null. */
function constantValue(t: Tensor): number | null {
  if (t.op === 'expand') return constantValue(t.inputs[0] as Tensor);
  if (t.op === 'reshape') return constantValue(t.inputs[0] as Tensor);
  const value = t.op === 'constant' ? (t.attributes.value as Float64Array) : null;
  return value !== null && value.length === 1 ? (value[0] as number) : null;
}

/** A simpler tensor of the same value and shape, or the tensor itself. */
function reduced(t: Tensor): Tensor {
  const [a, b] = t.inputs as [Tensor, Tensor];
  const unchanged = (operand: Tensor): boolean => sameShape(operand.shape, t.shape);
  switch (t.op) {
    case 'mul':
      if (constantValue(b) === 1 && unchanged(a)) return a;
      if (constantValue(a) === 1 && unchanged(b)) return b;
      return t;
    case 'add':
      if (constantValue(b) === 0 && unchanged(a)) return a;
      if (constantValue(a) === 0 && unchanged(b)) return b;
      return t;
    case 'div':
      return constantValue(b) === 1 && unchanged(a) ? a : t;
    case 'reshape':
      if (a.op === 'reshape') return reduced(makeTensor('reshape', [a.inputs[0] as Tensor], t.shape, t.dtype));
      return unchanged(a) ? a : t;
    case 'transpose': {
      if (a.op !== 'transpose') return t;
      const inner = a.attributes.order as readonly number[];
      const order = (t.attributes.order as readonly number[]).map((i) => inner[i] as number);
      const source = a.inputs[0] as Tensor;
      return order.every((n, i) => n === i) ? source : makeTensor('transpose', [source], t.shape, t.dtype, { order });
    }
    case 'expand':
      return a.op === 'expand' ? makeTensor('expand', a.inputs, t.shape, t.dtype) : t;
    default:
      return t;
  }
}

/** Key under which equal nodes are found. */
function keyOf(t: Tensor, ids: ReadonlyMap<Tensor, number>): string {
  const attributes = Object.entries(t.attributes).map(([name, v]) => `${name}=${String(v)}`);
  return `${t.op}|${t.dtype}|${t.shape.join(',')}|${t.inputs.map((i) => ids.get(i)).join(',')}|${attributes.join(';')}`;
}

function rebuild(outputs: readonly Tensor[], change: (t: Tensor) => Tensor): Tensor[] {
  const unique = new Map<string, Tensor>();
  const ids = new Map<Tensor, number>();
  const renewed = new Map<Tensor, Tensor>();
  const intern = (t: Tensor): Tensor => {
    if (ids.has(t)) return t;
    const key = keyOf(t, ids);
    const known = unique.get(key);
    if (known !== undefined) return known;
    ids.set(t, ids.size);
    unique.set(key, t);
    return t;
  };
  for (const t of topologicalOrder(outputs)) {
    const inputs = t.inputs.map((i) => renewed.get(i) as Tensor);
    const same = inputs.every((i, n) => i === t.inputs[n]);
    const current = same ? t : makeTensor(t.op, inputs, t.shape, t.dtype, t.attributes);
    renewed.set(t, intern(change(current)));
  }
  return outputs.map((t) => renewed.get(t) as Tensor);
}

/** Same values from fewer nodes. */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  return rebuild(outputs, reduced);
}

/** Replaces normalise * scale + shift by one `layerNorm` where nothing else needs the values in between. */
export function fuseLayerNorm(outputs: readonly Tensor[]): Tensor[] {
  const users = new Map<Tensor, number>();
  const count = (t: Tensor): void => void users.set(t, (users.get(t) ?? 0) + 1);
  for (const t of outputs) count(t);
  for (const t of topologicalOrder(outputs)) t.inputs.forEach(count);
  const fused = new Map<Tensor, { x: Tensor; scale: Tensor; shift: Tensor; epsilon: number }>();
  const order = topologicalOrder(outputs);
  // a gradient reads the values before scale and shift: nothing is gained by fusing there
  const differentiated = new Set(order.filter((t) => t.op === 'inverseDeviation').map((t) => t.inputs[0] as Tensor));
  for (const t of order) {
    const [product, shift] = t.inputs as [Tensor, Tensor];
    if (t.op !== 'add' || product.op !== 'mul' || users.get(product) !== 1) continue;
    const [values, scale] = product.inputs as [Tensor, Tensor];
    const fits = values.op === 'normalise' && users.get(values) === 1;
    if (!fits || scale.shape.length !== 1 || shift.shape.length !== 1) continue;
    const needed = topologicalOrder(outputs).some(
      (o) => o.op === 'inverseDeviation' && o.inputs[0] === values.inputs[0],
    );
    if (!needed) {
      const epsilon = values.attributes.epsilon as number;
      fused.set(t, { x: values.inputs[0] as Tensor, scale, shift, epsilon });
    }
  }
  const renewed = new Map<Tensor, Tensor>();
  const renew = (t: Tensor): Tensor => renewed.get(t) as Tensor;
  for (const t of topologicalOrder(outputs)) {
    const match = fused.get(t);
    if (match !== undefined) {
      const inputs = [match.x, match.scale, match.shift].map(renew);
      renewed.set(t, makeTensor('layerNorm', inputs, t.shape, t.dtype, { epsilon: match.epsilon }));
    } else {
      const same = t.inputs.every((i) => renew(i) === i);
      renewed.set(t, same ? t : makeTensor(t.op, t.inputs.map(renew), t.shape, t.dtype, t.attributes));
    }
  }
  return outputs.map(renew);
}
