/**
 * The body of one generated function. A value that is used once becomes part of the expression that uses it, as long as
 * that stays readable; all others get a name and, as a comment, their shape.
 */
import { formatShape } from '../tensor.ts';
import type { Node } from './align.ts';
import { wordFor } from './names.ts';
import { type Code, tight, torchRule, type WritingContext } from './operators.ts';
import type { Solver } from './symbols.ts';

/** Longest expression that is put into another one. */
const MOST_INLINE = 56;
const COMMENT_COLUMN = 72;
/** Constants up to this many values are written out. */
const MOST_VALUES = 64;

/** A constant by a formula of its own: a function of functions.py and its whole arguments, for every copy. */
export interface KnownConstant {
  readonly name: string;
  readonly sizes: readonly number[];
}

export interface WritingOptions {
  readonly solver: Solver;
  readonly knownConstant?: (values: Float64Array, shape: readonly number[]) => KnownConstant | undefined;
}

/** The single value of a constant in every copy, also behind reshape and expand. */
function singleValues(node: Node): number[] | undefined {
  if (node.op === 'reshape' || node.op === 'expand') return singleValues(node.inputs[0]);
  const values = node.op === 'constant' ? node.copies.map((t) => t.attributes.value as Float64Array) : [];
  return values.length > 0 && values.every(({ length }) => length === 1) ? values.map(([value]) => value) : undefined;
}

export interface FunctionWriter {
  readonly lines: readonly string[];
  /** A name not used before. */
  fresh(word: string): string;
  /** Lets a node stand for text that is known from outside. */
  define(node: Node, text: string): void;
  /** The node as an operand. */
  code(node: Node): Code;
  /** Writes a node; `uses` in this function, `kept` if it must have a name of its own. */
  write(node: Node, uses: number, kept: boolean): void;
  line(text: string, comment?: string): void;
}

export function createFunctionWriter(
  options: WritingOptions,
  parameterText: (name: string) => string,
  taken: readonly string[] = [],
): FunctionWriter {
  const { solver } = options;
  const lines: string[] = [];
  const names = new Map<string, number>(taken.map((name) => [name, 1]));
  const codes = new Map<Node, Code>();
  const shapeText = (node: Node): string =>
    formatShape(node.copies[0].shape).replace(/^\[.*\]$/, () => {
      const sizes = node.copies[0].shape.map((_, axis) => solver.whole(node.copies.map((t) => t.shape[axis])).text);
      return `[${sizes.join(', ')}]`;
    });

  const scalar = (node: Node): Code | undefined => {
    const values = singleValues(node);
    if (values === undefined) return undefined;
    const formula = solver.number(values);
    const level = formula.loose ? tight.add : formula.degree > 1 ? tight.multiply : tight.atom;
    return { text: formula.text, level };
  };

  const constantText = (node: Node): string => {
    const copies = node.copies.map((t) => ({
      values: t.attributes.value as Float64Array,
      shape: t.shape,
      dtype: t.dtype,
    }));
    const [{ values, shape, dtype }] = copies;
    const known = copies.map((copy) => options.knownConstant?.(copy.values, copy.shape));
    const sizes = (lists: readonly (readonly number[])[]): string[] =>
      lists[0].map((_, i) => solver.whole(lists.map((list) => list[i])).text);
    if (known.every((one) => one !== undefined)) {
      return `${known[0].name}(${[...sizes(known.map((one) => one.sizes)), 'device'].join(', ')})`;
    }
    const type = dtype === 'f32' ? 'torch.float32' : dtype === 'bool' ? 'torch.bool' : 'torch.int64';
    if (copies.every((copy) => copy.values.every((v) => v === values[0]))) {
      const text = dtype === 'bool' ? (values[0] === 0 ? 'False' : 'True') : String(values[0]);
      return `torch.full((${sizes(copies.map((copy) => copy.shape)).join(', ')},), ${text}, dtype=${type}, device=device)`;
    }
    if (values.length > MOST_VALUES || copies.some((copy) => copy.values.join() !== values.join())) {
      solver.whole([Number.NaN]); // refused: no formula
    }
    const tensor = `torch.tensor([${[...values].join(', ')}], dtype=${type}, device=device)`;
    return shape.length === 1 ? tensor : `${tensor}.reshape(${shape.join(', ')})`;
  };

  const context: WritingContext = { whole: solver.whole, scalar };

  const writer: FunctionWriter = {
    lines,
    fresh(word) {
      const count = (names.get(word) ?? 0) + 1;
      names.set(word, count);
      const name = count === 1 ? word : `${word}_${count}`;
      if (count === 1 || !names.has(name)) {
        names.set(name, Math.max(1, names.get(name) ?? 0));
        return name;
      }
      return writer.fresh(word);
    },
    define: (node, text) =>
      void codes.set(node, { text, level: /^[\w.[\]"]+$/.test(text) ? tight.atom : tight.compare }),
    line(text, comment = '') {
      lines.push(comment === '' ? text : `${text.padEnd(COMMENT_COLUMN)}  # ${comment}`);
    },
    code(node) {
      const known = codes.get(node) ?? scalar(node);
      if (known !== undefined) return known;
      if (node.op === 'parameter')
        return { text: parameterText(node.copies[0].attributes.name as string), level: tight.atom };
      const name = writer.fresh(wordFor(node));
      writer.line(`${name} = ${constantText(node)}`, shapeText(node));
      codes.set(node, { text: name, level: tight.atom });
      return codes.get(node) as Code;
    },
    write(node, uses, kept) {
      const inputs = node.inputs.map((x) => writer.code(x));
      const code = torchRule(node)(node, inputs, context);
      if (!kept && uses === 1 && code.text.length <= MOST_INLINE) codes.set(node, code);
      else {
        const name = writer.fresh(wordFor(node));
        writer.line(`${name} = ${code.text}`, shapeText(node));
        codes.set(node, { text: name, level: tight.atom });
      }
    },
  };
  return writer;
}
