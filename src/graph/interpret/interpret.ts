/**
 * The graph evaluated operator by operator in float64: slow, plain, and the oracle that lowerings and gradients are
 * tested against. Integers and bool are held as float64 numbers. Refuses operators it does not know, missing feeds and
 * feeds of another shape.
 */
import { BiomedParseError } from '../../util/errors.ts';
import { nameOf, type Tensor, topologicalOrder } from '../tensor.ts';
import { elementwiseEvaluators } from './elementwise.ts';
import { productEvaluators } from './products.ts';
import { quantisedEvaluators } from './quantised.ts';
import { reduceEvaluators } from './reduce.ts';
import { shapeEvaluators } from './shape.ts';
import { checkValues, type Evaluator, type Values } from './values.ts';

export type { Values } from './values.ts';

/** One evaluator per operator. */
export const evaluators: Readonly<Record<string, Evaluator>> = {
  ...elementwiseEvaluators,
  ...shapeEvaluators,
  ...reduceEvaluators,
  ...productEvaluators,
  ...quantisedEvaluators,
};

function evaluate(t: Tensor, known: ReadonlyMap<Tensor, Values>, feeds: ReadonlyMap<string, Values>): Values {
  if (t.op === 'constant') {
    const value = t.attributes.value as Float64Array | Int8Array;
    return { shape: t.shape, data: value instanceof Float64Array ? value : Float64Array.from(value) };
  }
  if (t.op === 'input' || t.op === 'parameter') {
    const name = nameOf(t);
    const values = feeds.get(name);
    if (values === undefined) {
      throw new BiomedParseError('internal', `interpret: no values for ${t.op} ${name}`, { name });
    }
    return checkValues(`${t.op} ${name}`, values, t.shape);
  }
  const evaluator = evaluators[t.op];
  if (evaluator === undefined) {
    throw new BiomedParseError('internal', `interpret: unknown operator ${t.op}`, { op: t.op });
  }
  const inputs = t.inputs.map((i) => known.get(i) as Values);
  return { shape: t.shape, data: evaluator(t, inputs) };
}

/** Values of the outputs, given those of inputs and parameters by name. */
export function interpret(outputs: readonly Tensor[], feeds: ReadonlyMap<string, Values>): Values[] {
  const known = new Map<Tensor, Values>();
  for (const t of topologicalOrder(outputs)) {
    const values = evaluate(t, known, feeds);
    known.set(t, checkValues(t.op, values, t.shape));
  }
  return outputs.map((t) => known.get(t) as Values);
}
