/**
 * From a graph to the text of PyTorch methods: one per part of the network, and one per kind of repeated part in it.
 * Parameters are attributes (`self.backbone.layers[0].blocks[1].norm1.weight`), sizes are read from the inputs, so one
 * text serves every batch, image and text size. Each repeated part with the same text becomes a call of one method.
 */
import { BiomedParseError } from '../../util/errors.ts';
import { fuseLayerNorm, simplify } from '../rewrite.ts';
import { nameOf, type Tensor } from '../tensor.ts';
import { align, type Node } from './align.ts';
import { createFunctionWriter, type FunctionWriter, type KnownConstant } from './function.ts';
import { type Group, groupNodes, isLeaf } from './groups.ts';
import { branchText, functionWord, wordFor } from './names.ts';
import { createSolver, type Sizes } from './symbols.ts';

/** One part of the network: its outputs by name, in copies of the graph at different sizes. */
export interface TorchPart {
  readonly name: string;
  readonly about: string;
  /** Arguments of the method, and where inputs lie in them if not under their own name. */
  readonly parameters: readonly string[];
  readonly inputText?: (name: string) => string;
  readonly copies: readonly Readonly<Record<string, Tensor>>[];
  /** What the method returns, from the outputs' text by name. */
  readonly returns: (outputs: Readonly<Record<string, string>>) => string;
}

export interface TorchLoweringOptions {
  readonly sizes: Sizes;
  /** Further numbers that copies may differ in, as Python text. */
  readonly numbers?: Sizes;
  readonly knownConstant?: (values: Float64Array, shape: readonly number[]) => KnownConstant | undefined;
  /** All parameters of the network. */
  readonly names: readonly string[];
}

/** How often each node is read by one of `readers`, each reader counting a node once per operand. */
function countReads(readers: readonly Node[]): Map<Node, number> {
  const reads = new Map<Node, number>();
  for (const node of readers) for (const x of node.inputs) reads.set(x, (reads.get(x) ?? 0) + 1);
  return reads;
}

const withoutComment = (line: string): string => line.replace(/ *# \[.*$/, '');

/** Lines that read the used sizes from the inputs: `s = pixels.shape[2] // 32`. */
function sizeLines(
  used: readonly string[],
  given: readonly string[],
  inputs: readonly Node[],
  text: (node: Node) => string,
  sizes: Sizes,
): string[] {
  const solver = createSolver(sizes);
  const find = (name: string): string => {
    for (const node of inputs) {
      for (const axis of node.copies[0].shape.keys()) {
        const { names, text: formula, loose } = solver.whole(node.copies.map((t) => t.shape[axis]));
        if (names.join() !== name && names.join() !== `${name},${name}`) continue;
        const place = `${text(node)}.shape[${axis}]`;
        const factor = /^(\d+) \* /.exec(formula)?.[1];
        const single = factor === undefined ? place : `${place} // ${factor}`;
        if (!loose) return `${name} = ${names.length === 2 ? `math.isqrt(${single})` : single}`;
      }
    }
    throw new BiomedParseError('internal', `no input tells the size ${name}`);
  };
  const lines = used.filter((name) => name !== 'device' && !given.includes(name)).map(find);
  return used.includes('device') ? [...lines, `device = ${text(inputs[0])}.device`] : lines;
}

/** The same lines with names for the two long branches that most parameters lie in. */
function shortened(lines: readonly string[]): string[] {
  const branches = ['predictor', 'pixel_decoder'].filter((word) =>
    lines.some((line) => line.includes(`self.sem_seg_head.${word}.`)),
  );
  const replaced = lines.map((line) =>
    branches.reduce((text, word) => text.replaceAll(`self.sem_seg_head.${word}.`, `${word}.`), line),
  );
  return [...branches.map((word) => `${word} = self.sem_seg_head.${word}`), ...replaced];
}

/** Writes methods; the repeated parts of all methods written by one lowering are shared. */
export function createTorchLowering(options: TorchLoweringOptions) {
  const solver = createSolver(options.sizes, options.numbers);
  const writing = { solver, ...(options.knownConstant === undefined ? {} : { knownConstant: options.knownConstant }) };
  const reserved = [
    'self',
    'predictor',
    'pixel_decoder',
    'linear',
    'norm',
    'depthwise',
    'device',
    ...Object.keys(options.sizes),
  ];
  const functions = new Map<string, { name: string; paths: string[]; bodies: (readonly string[])[] }>();
  const taken = new Map<string, number>();

  /** Sizes that lines read, and `device`. */
  const usedIn = (lines: readonly string[]): string[] =>
    [...Object.keys(options.sizes), 'device'].filter((name) => {
      const word = new RegExp(`(?<![.\\w"])${name}(?![\\w"=])`);
      return lines.some((line) => word.test(withoutComment(line)));
    });

  /** Writes a repeated part as a method, unless there is one with the same text; gives its name. */
  const methodFor = (path: string, signature: string, body: readonly string[]): string => {
    const text = [signature, ...body.map(withoutComment)].join('\n');
    const known = functions.get(text);
    if (known !== undefined) {
      if (!known.paths.includes(path)) known.paths.push(path);
      known.bodies.push(body);
      return known.name;
    }
    const word = functionWord(path);
    const count = (taken.get(word) ?? 0) + 1;
    taken.set(word, count);
    const name = count === 1 ? `_${word}` : `_${word}_${count}`;
    functions.set(text, { name, paths: [path], bodies: [body] });
    return name;
  };

  /** A call of the method for a group, its results named in the caller. */
  const writeGroup = (group: Group & { path: string }, caller: FunctionWriter, needed: ReadonlySet<Node>): void => {
    const own = new Set(group.nodes);
    const inner = createFunctionWriter(
      writing,
      (name) =>
        name.startsWith(`${group.path}.`)
          ? `m.${branchText(name.slice(group.path.length + 1))}`
          : `self.${branchText(name)}`,
      ['m', ...reserved],
    );
    const outside = [...new Set(group.nodes.flatMap(({ inputs }) => inputs))].filter(
      (x) => !own.has(x) && x.op !== 'parameter' && !(x.op === 'constant' && x.copies[0].shape.length === 0),
    );
    const argument = outside.map((x) => {
      const name = inner.fresh(x.op === 'input' ? wordFor(x) : x.op === 'constant' ? 'table' : 'x');
      inner.define(x, name);
      return [name, caller.code(x).text];
    });
    const results = group.nodes.filter((node) => needed.has(node));
    const reads = countReads(group.nodes);
    for (const node of group.nodes) inner.write(node, reads.get(node) ?? 0, needed.has(node));
    const texts = results.map((node) => inner.code(node).text);
    const sizes = usedIn([...inner.lines, ...texts]);
    const signature = ['self', 'm', ...argument.map(([name]) => name), ...sizes].join(', ');
    const name = methodFor(group.path, signature, [...inner.lines, `return ${texts.join(', ')}`]);
    const suffix = (group.path.match(/\d+/g) ?? []).join('_');
    const word = functionWord(group.path);
    const targets = results.map((node, i) => {
      const target = caller.fresh(results.length === 1 ? `${word}_${suffix}` : `${texts[i]}_${suffix}`);
      caller.define(node, target);
      return target;
    });
    const given = [`self.${branchText(group.path)}`, ...argument.map(([, text]) => text), ...sizes].join(', ');
    caller.line(`${targets.join(', ')} = self.${name}(${given})`);
  };

  return {
    /** The text of one part's method. */
    method(part: TorchPart): string {
      const names = Object.keys(part.copies[0]);
      const { nodes, outputs } = align(
        part.copies.map((copy) => fuseLayerNorm(simplify(names.map((name) => copy[name] as Tensor)))),
      );
      const inputText = (node: Node): string => (part.inputText ?? ((name) => name))(nameOf(node.copies[0]));
      const groups = groupNodes(nodes, outputs, options.names);
      const writer = createFunctionWriter(writing, (name) => `self.${branchText(name)}`, [
        ...part.parameters,
        ...reserved,
      ]);
      const inputs = nodes.filter(({ op }) => op === 'input');
      for (const node of inputs) writer.define(node, inputText(node));
      const groupOf = new Map(groups.flatMap((group) => group.nodes.map((node) => [node, group] as const)));
      const needed = new Set<Node>(outputs);
      for (const node of nodes) for (const x of node.inputs) if (groupOf.get(x) !== groupOf.get(node)) needed.add(x);
      const between = nodes.filter((node) => !isLeaf(node) && groupOf.get(node)?.path === undefined);
      const reads = countReads(between);
      for (const group of groups) {
        if (group.path === undefined) continue;
        for (const x of new Set(group.nodes.flatMap((node) => node.inputs))) reads.set(x, (reads.get(x) ?? 0) + 1);
      }
      for (const node of outputs) reads.set(node, (reads.get(node) ?? 0) + 1);
      for (const group of groups) {
        if (group.path !== undefined) writeGroup(group as Group & { path: string }, writer, needed);
        else for (const node of group.nodes) writer.write(node, reads.get(node) ?? 0, outputs.includes(node));
      }
      const results = Object.fromEntries(names.map((name, i) => [name, writer.code(outputs[i]).text]));
      const used = usedIn([...writer.lines, ...Object.values(results)]);
      const sizes = sizeLines(used, part.parameters, inputs, inputText, options.sizes);
      const body = [
        `"""${part.about}"""`,
        ...sizes,
        ...shortened([...writer.lines, `return ${part.returns(results)}`]),
      ];
      return [
        `def ${part.name}(${['self', ...part.parameters].join(', ')}):`,
        ...body.map((line) => `    ${line}`),
      ].join('\n');
    },
    /** The methods of the repeated parts that the methods written so far call. */
    repeated(): string[] {
      return [...functions].map(([text, { name, paths, bodies }]) => {
        const [signature] = text.split('\n');
        // a comment stays where it is true of all parts
        const body = bodies[0].map((line, i) => (bodies.every((one) => one[i] === line) ? line : withoutComment(line)));
        const about = `"""${paths.join(', ')}"""`;
        return [`def ${name}(${signature}):`, ...[about, ...shortened(body)].map((line) => `    ${line}`)].join('\n');
      });
    },
  };
}
