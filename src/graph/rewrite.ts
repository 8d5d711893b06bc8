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

/** Constants up to this many values are compared by value; writing larger ones out would cost more than it saves. */
const comparedValues = 64;

/** Key under which equal nodes are found; null for what is equal to nothing but itself. */
function keyOf(t: Tensor, idOf: (t: Tensor) => number): string | null {
  if (t.op === 'constant' && (t.attributes.value as Float64Array).length > comparedValues) return null;
  const attributes = Object.entries(t.attributes).map(([name, v]) => `${name}=${String(v)}`);
  return `${t.op}|${t.dtype}|${t.shape.join(',')}|${t.inputs.map(idOf).join(',')}|${attributes.join(';')}`;
}

/** The graph anew, with equal nodes made one: `change` gets each tensor on renewed inputs, and the tensor it was. */
export function rebuild(outputs: readonly Tensor[], change: (t: Tensor, original: Tensor) => Tensor): Tensor[] {
  const unique = new Map<string, Tensor>();
  const ids = new Map<Tensor, number>();
  const renewed = new Map<Tensor, Tensor>();
  const idOf = (t: Tensor): number => {
    const id = ids.get(t) ?? ids.size;
    ids.set(t, id);
    return id;
  };
  const intern = (t: Tensor): Tensor => {
    if (ids.has(t)) return t;
    const key = keyOf(t, idOf);
    const known = key === null ? undefined : unique.get(key);
    if (known !== undefined) return known;
    idOf(t);
    if (key !== null) unique.set(key, t);
    return t;
  };
  for (const t of topologicalOrder(outputs)) {
    const inputs = t.inputs.map((i) => renewed.get(i) as Tensor);
    const same = inputs.every((i, n) => i === t.inputs[n]);
    const current = same ? t : makeTensor(t.op, inputs, t.shape, t.dtype, t.attributes);
    renewed.set(t, intern(change(current, t)));
  }
  return outputs.map((t) => renewed.get(t) as Tensor);
}

/** Same values from fewer nodes. */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  return rebuild(outputs, reduced);
}

/** Number of users of each tensor; being an output counts as one. */
function countUsers(outputs: readonly Tensor[]): Map<Tensor, number> {
  const users = new Map<Tensor, number>();
  for (const t of [...outputs, ...topologicalOrder(outputs).flatMap((user) => user.inputs)]) {
    users.set(t, (users.get(t) ?? 0) + 1);
  }
  return users;
}

/** Replaces normalise * scale + shift by one `layerNorm` where nothing else needs the values in between. */
export function fuseLayerNorm(outputs: readonly Tensor[]): Tensor[] {
  const users = countUsers(outputs);
  return rebuild(outputs, (t, original) => {
    const [product, shift] = original.inputs as [Tensor, Tensor];
    if (t.op !== 'add' || product.op !== 'mul' || users.get(product) !== 1) return t;
    const [values, scale] = product.inputs as [Tensor, Tensor];
    // a gradient reads the normalised values themselves, which are then used more than once
    if (values.op !== 'normalise' || users.get(values) !== 1) return t;
    const channels = values.shape.slice(-1);
    if (!sameShape(scale.shape, channels) || !sameShape(shift.shape, channels)) return t;
    const [newProduct, newShift] = t.inputs as [Tensor, Tensor];
    const [newValues, newScale] = newProduct.inputs as [Tensor, Tensor];
    const inputs = [newValues.inputs[0] as Tensor, newScale, newShift];
    return makeTensor('layerNorm', inputs, t.shape, t.dtype, values.attributes);
  });
}
