/** One rule per operator: the Python expression of its value. Operators that only gradients have are left to autograd. */
import { shapeError, type Tensor } from '../tensor.ts';
import type { Node } from './align.ts';
import type { Formula } from './symbols.ts';

/** How tightly a Python expression binds. */
export const tight = { compare: 0, add: 1, multiply: 2, unary: 3, atom: 4 } as const;

export interface Code {
  readonly text: string;
  readonly level: number;
}

/** What a rule sees of the function that is being written. */
export interface WritingContext {
  /** The whole number that has these values in the copies of the graph. */
  whole(values: readonly number[]): Formula;
  /** The number of a constant that holds a single one. */
  scalar(node: Node): Code | undefined;
}

export type TorchRule = (node: Node, inputs: readonly Code[], context: WritingContext) => Code;

const atom = (text: string): Code => ({ text, level: tight.atom });
/** Text of an operand that stands where at least this level is needed. */
const at = (code: Code, level: number): string => (code.level >= level ? code.text : `(${code.text})`);
const object = (code: Code): string => at(code, tight.atom);

const infix =
  (sign: string, level: number): TorchRule =>
  (_, [a, b]) => ({ text: `${at(a, level)} ${sign} ${at(b, level + 1)}`, level });
/** Comparisons and `&` bind differently from all else: their operands stand in brackets unless they are atoms. */
const loose =
  (sign: string): TorchRule =>
  (_, [a, b]) => ({ text: `${object(a)} ${sign} ${object(b)}`, level: tight.compare });
const prefix =
  (sign: string): TorchRule =>
  (_, [x]) => ({ text: `${sign}${object(x)}`, level: tight.unary });
const method =
  (name: string, ...rest: string[]): TorchRule =>
  (_, [x]) =>
    atom(`${object(x)}.${name}(${rest.join(', ')})`);
const call =
  (name: string, ...rest: string[]): TorchRule =>
  (_, inputs) =>
    atom(`${name}(${[...inputs.map(({ text }) => text), ...rest].join(', ')})`);

/** An attribute that is the same in all copies. */
function attribute<T>(node: Node, name: string): T {
  const [first, ...others] = node.copies.map((t) => t.attributes[name]);
  if (others.some((other) => String(other) !== String(first))) {
    throw shapeError(node.op, node.copies[0].inputs, `its ${name} differs between copies of the graph`);
  }
  return first as T;
}
const rankOf = (t: Tensor): number => t.shape.length;

/** Sizes of a shape; the one that depends on most sizes is left to PyTorch, if `inferred`. */
function sizes(node: Node, context: WritingContext, inferred: boolean): string {
  const formulas = node.copies[0].shape.map((_, axis) => context.whole(node.copies.map((t) => t.shape[axis])));
  const most = Math.max(...formulas.map(({ degree }) => degree), 1);
  const left = inferred ? formulas.findIndex(({ degree }) => degree === most) : -1;
  return formulas.map(({ text }, axis) => (axis === left ? '-1' : text)).join(', ');
}

const reshape: TorchRule = (node, [x], context) =>
  rankOf(node.copies[0]) === 0
    ? atom(`${object(x)}.reshape(())`)
    : atom(`${object(x)}.reshape(${sizes(node, context, true)})`);

const slice: TorchRule = (node, [x], context) => {
  const axis = attribute<number>(node, 'axis');
  const bound = (name: string): string => context.whole(node.copies.map((t) => t.attributes[name] as number)).text;
  return atom(`${object(x)}[${':, '.repeat(axis)}${bound('start')}:${bound('end')}]`);
};

const pad: TorchRule = (node, [x], context) => {
  const amounts = (name: string, axis: number): string =>
    context.whole(node.copies.map((t) => (t.attributes[name] as readonly number[])[axis])).text;
  const pairs = node.copies[0].shape.map((_, axis) => `${amounts('before', axis)}, ${amounts('after', axis)}`);
  return atom(`F.pad(${x.text}, (${pairs.reverse().join(', ')}))`);
};

const reduction =
  (name: string): TorchRule =>
  (node, [x]) => {
    const keep = attribute<boolean>(node, 'keepDims') ? ', keepdim=True' : '';
    const axes = attribute<readonly number[]>(node, 'axes');
    const dim = axes.length === 1 ? String(axes[0]) : `(${axes.join(', ')})`;
    return atom(`${object(x)}.${name}(dim=${dim}${keep})`);
  };

const where: TorchRule = (node, [condition, a, b], context) => {
  const value = context.scalar(node.inputs[1]);
  const whole = node.inputs[2].copies[0].shape.join() === node.copies[0].shape.join();
  if (value !== undefined && whole && context.scalar(node.inputs[2]) === undefined) {
    return atom(`${object(b)}.masked_fill(${condition.text}, ${value.text})`);
  }
  const branch = (code: Code, input: Node): string =>
    context.scalar(input) === undefined ? code.text : `torch.tensor(${code.text}, device=device)`;
  return atom(`torch.where(${condition.text}, ${branch(a, node.inputs[1])}, ${branch(b, node.inputs[2])})`);
};

const matmul: TorchRule = (node, [a, b]) => {
  const turned = (code: Code, name: string): string =>
    attribute<boolean>(node, name)
      ? `${object(code)}.mT`
      : at(code, name === 'transposeA' ? tight.multiply : tight.unary);
  return { text: `${turned(a, 'transposeA')} @ ${turned(b, 'transposeB')}`, level: tight.multiply };
};

const conv2d: TorchRule = (node, [x, weight]) => {
  const [stride, dilation, groups] = ['stride', 'dilation', 'groups'].map((name) => attribute<number>(node, name));
  const [top, left, bottom, right] = attribute<readonly number[]>(node, 'pads');
  const even = top === bottom && left === right;
  const image = even ? x.text : `F.pad(${x.text}, (${left}, ${right}, ${top}, ${bottom}))`;
  const options = { stride, padding: even ? `(${top}, ${left})` : 0, dilation, groups };
  const named = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  return atom(`F.conv2d(${image}, ${weight.text}, ${named.join(', ')})`);
};

const crossEntropy: TorchRule = (node, [x, target]) => {
  const [logits, targets] = node.inputs.map((input) => input.copies[0].shape.join());
  const filled = logits === targets ? target.text : `${object(target)}.expand_as(${x.text})`;
  return atom(`F.binary_cross_entropy_with_logits(${x.text}, ${filled}, reduction="none")`);
};

const gather: TorchRule = (node, [x, indices]) => {
  const axis = attribute<number>(node, 'axis');
  if (axis === 0 && rankOf(node.inputs[0].copies[0]) === 2) return atom(`F.embedding(${indices.text}, ${x.text})`);
  return atom(`${object(x)}[${':, '.repeat(axis)}${indices.text}]`);
};

/** The module `path` whose `path.weight` and `path.bias` are these operands, if they are. */
function moduleOf(weight: Code, bias: Code | undefined): string | undefined {
  const path = weight.text.replace(/\.weight$/, '');
  return bias?.text === `${path}.bias` && weight.text === `${path}.weight` ? path : undefined;
}

const linear: TorchRule = (_, [x, weight, bias]) => {
  const path = moduleOf(weight, bias);
  if (path !== undefined) return atom(`linear(${x.text}, ${path})`);
  return atom(`F.linear(${[x, weight, ...(bias === undefined ? [] : [bias])].map(({ text }) => text).join(', ')})`);
};

/** Normalisation over the last axis, with or without scale and shift. */
const normalise: TorchRule = (node, [x, ...rest]) => {
  const epsilon = attribute<number>(node, 'epsilon');
  const path = rest.length === 2 ? moduleOf(rest[0], rest[1]) : undefined;
  if (path !== undefined) return atom(`norm(${x.text}, ${path}${epsilon === 1e-5 ? '' : `, ${epsilon}`})`);
  const last = node.inputs[0].copies.map((t) => t.shape[t.shape.length - 1]);
  const size = last.every((n) => n === last[0]) ? String(last[0]) : `${object(x)}.shape[-1]`;
  const parts = [x.text, `(${size},)`, ...rest.map(({ text }) => text), `eps=${epsilon}`];
  return atom(`F.layer_norm(${parts.join(', ')})`);
};

const casts = { f32: method('float'), i64: method('long'), bool: method('bool'), s8: method('char') };

export const torchRules: Readonly<Record<string, TorchRule>> = {
  add: infix('+', tight.add),
  sub: infix('-', tight.add),
  mul: infix('*', tight.multiply),
  div: infix('/', tight.multiply),
  neg: prefix('-'),
  not: prefix('~'),
  exp: method('exp'),
  log: method('log'),
  sqrt: method('sqrt'),
  abs: method('abs'),
  erf: method('erf'),
  relu: call('F.relu'),
  gelu: call('F.gelu'),
  sigmoid: method('sigmoid'),
  stopGradient: method('detach'),
  greater: loose('>'),
  equal: loose('=='),
  and: loose('&'),
  where,
  cast: (node, inputs, context) => casts[node.copies[0].dtype](node, inputs, context),
  binaryCrossEntropy: crossEntropy,
  reshape,
  transpose: (node, [x]) => atom(`${object(x)}.permute(${attribute<readonly number[]>(node, 'order').join(', ')})`),
  expand: (node, [x], context) => atom(`${object(x)}.expand(${sizes(node, context, false)})`),
  concat: (node, inputs) =>
    atom(`torch.cat([${inputs.map(({ text }) => text).join(', ')}], dim=${attribute<number>(node, 'axis')})`),
  slice,
  pad,
  flip: (node, [x]) => atom(`${object(x)}.flip(${attribute<readonly number[]>(node, 'axes').join(', ')})`),
  gather,
  oneHot: (node, [x], context) => {
    const depth = context.whole(node.copies.map((t) => t.attributes.depth as number)).text;
    return atom(`F.one_hot(${x.text}, ${depth}).float()`);
  },
  sum: reduction('sum'),
  mean: reduction('mean'),
  max: reduction('amax'),
  argMax: (node, [x]) => atom(`${object(x)}.argmax(dim=${attribute<number>(node, 'axis')})`),
  softmax: method('softmax', 'dim=-1'),
  logSoftmax: method('log_softmax', 'dim=-1'),
  matmul,
  linear,
  conv2d,
  depthwise: call('depthwise'),
  normalise,
  layerNorm: normalise,
};

/** Rule of an operator, or an error that names it. */
export function torchRule(node: Node): TorchRule {
  const rule = torchRules[node.op];
  if (rule === undefined)
    throw shapeError(
      node.op,
      node.inputs.map((x) => x.copies[0]),
      'operator has no PyTorch lowering',
    );
  return rule;
}
