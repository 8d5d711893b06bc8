/**
 * Sizes by name. The same graph is written several times with different batch, image and text sizes; a number that differs
 * between the copies is a formula in the sizes, found here: `8 * s`, `B * P`, `8 + L`. What has no such formula is refused.
 */
import { BiomedParseError } from '../../util/errors.ts';

/** Values of every size, one per copy of the graph; no two sizes may keep the same ratio. */
export type Sizes = Readonly<Record<string, readonly number[]>>;

/** A formula as Python text and the names in it. `loose` where it needs brackets beside `*`. */
export interface Formula {
  readonly text: string;
  readonly names: readonly string[];
  readonly degree: number;
  readonly loose: boolean;
}

interface Monomial {
  readonly names: readonly string[];
  readonly values: readonly number[];
}

const MOST_FACTORS = 4;

/** Products of the sizes, each at most squared, fewest factors first; the first is the empty product. */
function monomials(sizes: Sizes): Monomial[] {
  const names = Object.keys(sizes);
  let all: Monomial[] = [{ names: [], values: (sizes[names[0] ?? ''] ?? [1]).map(() => 1) }];
  for (const name of names) {
    const powers = [0, 1, 2].map((power) => (m: Monomial): Monomial => {
      const values = m.values.map((v, i) => v * (sizes[name] as readonly number[])[i] ** power);
      return { names: [...m.names, ...new Array<string>(power).fill(name)], values };
    });
    all = all.flatMap((m) => powers.map((raise) => raise(m)));
  }
  return all.filter((m) => m.names.length <= MOST_FACTORS).sort((a, b) => a.names.length - b.names.length);
}

const same = (values: readonly number[], wanted: number): boolean =>
  values.every((v) => Math.abs(v - wanted) <= 1e-9 * Math.abs(wanted));

/** Formula of a whole number, or undefined. */
function wholeFormula(values: readonly number[], products: readonly Monomial[]): Formula | undefined {
  for (const { names, values: product } of products) {
    const factor = values[0] / product[0];
    const ratios = values.map((v, i) => v / product[i]);
    if (Number.isInteger(factor) && same(ratios, factor)) {
      const text = [...(factor === 1 && names.length > 0 ? [] : [factor]), ...names].join(' * ');
      return { text, names, degree: names.length, loose: false };
    }
  }
  for (const { names, values: product } of products.slice(1)) {
    const rest = values[0] - product[0];
    if (values.every((v, i) => v - product[i] === rest)) {
      return { text: `${rest} + ${names.join(' * ')}`, names, degree: names.length, loose: true };
    }
  }
  return undefined;
}

/** The formulas of numbers that sizes and further named numbers (`given`, as Python text) make. */
export function createSolver(sizes: Sizes, given: Sizes = {}) {
  const products = monomials(sizes);
  const refuse = (values: readonly number[]): never => {
    throw new BiomedParseError('internal', `no formula in ${Object.keys(sizes).join(', ')} for ${values.join(', ')}`);
  };
  const whole = (values: readonly number[]): Formula => wholeFormula(values, products) ?? refuse(values);
  return {
    whole,
    /** Any number: constant, whole, one of `given`, or the inverse of a whole one. */
    number(values: readonly number[]): Formula {
      if (values.every((v) => v === values[0])) {
        return { text: String(values[0]), names: [], degree: 0, loose: values[0] < 0 };
      }
      for (const [text, known] of Object.entries(given)) {
        if (known.every((v, i) => v === values[i])) return { text, names: [], degree: 0, loose: false };
      }
      const sign = values[0] < 0 ? -1 : 1;
      const turned = values.map((v) => Math.round((sign * 1e6) / v) / 1e6);
      const inverse = turned.every(Number.isInteger) ? wholeFormula(turned, products) : undefined;
      return (
        wholeFormula(values, products) ??
        (inverse && { ...inverse, text: `${sign} / (${inverse.text})`, loose: true }) ??
        refuse(values)
      );
    },
  };
}

export type Solver = ReturnType<typeof createSolver>;
