/** Cuts a graph: what lies before the given tensors is left out, and inputs of their shapes stand in their place. */
import { input, makeTensor, type Tensor, topologicalOrder } from '../tensor.ts';

/** The outputs anew, with an input of that name for every tensor of `at`. */
export function cutGraph<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  at: Readonly<Record<string, Tensor>>,
): Record<Name, Tensor> {
  const renewed = new Map(Object.entries(at).map(([name, t]) => [t, input(name, t.shape, t.dtype)]));
  const named = Object.entries<Tensor>(outputs);
  for (const t of topologicalOrder(named.map(([, t]) => t))) {
    if (renewed.has(t)) continue;
    const inputs = t.inputs.map((x) => renewed.get(x) as Tensor);
    const same = inputs.every((x, i) => x === t.inputs[i]);
    renewed.set(t, same ? t : makeTensor(t.op, inputs, t.shape, t.dtype, t.attributes));
  }
  return Object.fromEntries(named.map(([name, t]) => [name, renewed.get(t)])) as Record<Name, Tensor>;
}
