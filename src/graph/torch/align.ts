/** Copies of one graph at different sizes, laid side by side: a node per operator, with its tensor in every copy. */
import { BiomedParseError } from '../../util/errors.ts';
import { type Tensor, topologicalOrder } from '../tensor.ts';

export interface Node {
  readonly op: string;
  readonly inputs: readonly Node[];
  /** The tensor in each copy; they differ in sizes and constants only. */
  readonly copies: readonly Tensor[];
}

/** Nodes in an order in which they can be computed, and those of the outputs. Refuses copies that differ in more than sizes. */
export function align(copies: readonly (readonly Tensor[])[]): { nodes: Node[]; outputs: Node[] } {
  const orders = copies.map((outputs) => topologicalOrder(outputs));
  const places = orders.map((order) => new Map(order.map((t, i) => [t, i])));
  const refuse = (op: string): never => {
    throw new BiomedParseError('internal', `copies of the graph differ in more than their sizes, near ${op}`, { op });
  };
  const nodes: Node[] = [];
  for (const [i, first] of (orders[0] as readonly Tensor[]).entries()) {
    const tensors = orders.map((order) => order[i] as Tensor);
    const inputsOf = (t: Tensor, copy: number): string => t.inputs.map((x) => places[copy].get(x)).join();
    const expected = inputsOf(first, 0);
    if (tensors.some((t, copy) => t?.op !== first.op || t.dtype !== first.dtype || inputsOf(t, copy) !== expected)) {
      refuse(first.op);
    }
    const inputs = first.inputs.map((x) => nodes[places[0].get(x) as number]);
    nodes.push({ op: first.op, inputs, copies: tensors });
  }
  if (orders.some((order) => order.length !== nodes.length)) refuse('its end');
  return { nodes, outputs: copies[0].map((t) => nodes[places[0].get(t) as number]) };
}
