/**
 * The learned values of a network, collected while its graph is written: name (as in the published checkpoint), shape
 * and how a fresh one starts. The same name asked for twice gives the same tensor.
 */
import { formatShape, parameter, type Shape, sameShape, type Tensor } from '../graph/tensor.ts';
import { BiomedParseError } from '../util/errors.ts';

/** How a value starts: normal noise of a standard deviation, or one number everywhere. */
export type Initialiser = { readonly deviation: number } | { readonly value: number };

export interface ParameterSpec {
  readonly shape: Shape;
  readonly start: Initialiser;
}

export interface Parameters {
  /** The tensor of this name; asked for again, the shape must be the same. */
  get(name: string, shape: Shape, start: Initialiser): Tensor;
  readonly specs: ReadonlyMap<string, ParameterSpec>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

export function createParameters(): Parameters {
  const specs = new Map<string, ParameterSpec>();
  const tensors = new Map<string, Tensor>();
  return {
    specs,
    tensors,
    get(name, shape, start) {
      const known = tensors.get(name);
      if (known === undefined) {
        const created = parameter(name, shape);
        specs.set(name, { shape, start });
        tensors.set(name, created);
        return created;
      }
      if (!sameShape(known.shape, shape)) {
        const message = `parameter ${name} is used as ${formatShape(known.shape)} and as ${formatShape(shape)}`;
        throw new BiomedParseError('internal', message, { name });
      }
      return known;
    },
  };
}

/** Start of a weight with the given number of inputs: normal, variance 1 / inputs. */
export function fanIn(inputs: number): Initialiser {
  return { deviation: 1 / Math.sqrt(inputs) };
}

/** A linear layer's weight `[out,in]` and bias `[out]`, named `<name>.weight`, `<name>.bias`. */
export function linearParameters(
  p: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  start = fanIn(inputs),
): [Tensor, Tensor] {
  return [p.get(`${name}.weight`, [outputs, inputs], start), p.get(`${name}.bias`, [outputs], { value: 0 })];
}

/** A normalisation's scale and shift `[width]`. */
export function normParameters(p: Parameters, name: string, width: number, scale = 1): [Tensor, Tensor] {
  return [p.get(`${name}.weight`, [width], { value: scale }), p.get(`${name}.bias`, [width], { value: 0 })];
}
