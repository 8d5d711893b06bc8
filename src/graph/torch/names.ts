/** Words for what a generated function computes: from the parameter that made a value, else from its operator. */
import { nameOf } from '../tensor.ts';
import type { Node } from './align.ts';

const words: Readonly<Record<string, string>> = {
  add: 'total',
  sub: 'difference',
  mul: 'product',
  div: 'ratio',
  matmul: 'product',
  greater: 'above',
  and: 'hidden',
  not: 'real',
  cast: 'number',
  where: 'chosen',
  binaryCrossEntropy: 'cross_entropy',
  reshape: 'shaped',
  transpose: 'turned',
  expand: 'repeated',
  concat: 'joined',
  slice: 'part',
  gather: 'rows',
  oneHot: 'choice',
  sum: 'sums',
  mean: 'average',
  max: 'largest',
  argMax: 'best',
  softmax: 'attention',
  logSoftmax: 'log_probability',
  sigmoid: 'probability',
  relu: 'active',
  gelu: 'active',
  sqrt: 'root',
  abs: 'size',
  stopGradient: 'detached',
  normalise: 'normal',
  constant: 'constant',
};

/** The name of the module that a parameter belongs to: `out_proj` of `attn.out_proj.weight`, `in_proj` of `in_proj_bias`. */
function moduleWord(name: string): string | undefined {
  return name
    .replace(/[._](weight|bias)$/, '')
    .split('.')
    .findLast((word) => !/^\d+$/.test(word));
}

/** What a node may be called. */
export function wordFor(node: Node): string {
  if (node.op === 'input') return nameOf(node.copies[0]).replace(/_\d+$/, '');
  const weight = node.inputs.find(
    (x, i) => i > 0 && (x.op === 'parameter' || x.inputs.some(({ op }) => op === 'parameter')),
  );
  const parameter = weight?.op === 'parameter' ? weight : weight?.inputs[0];
  const named =
    parameter?.op === 'parameter' && ['linear', 'layerNorm', 'conv2d', 'depthwise', 'gather'].includes(node.op);
  return (named ? moduleWord(nameOf(parameter.copies[0])) : undefined) ?? words[node.op] ?? node.op;
}

/** A function for a repeated part: `block` of `backbone.layers.0.blocks.1`, `encoder_layer` of `encoder.layers.0`. */
export function functionWord(path: string): string {
  const named = path.split('.').filter((word) => !/^\d+$/.test(word));
  const last = named.slice(named[named.length - 1] === 'layers' ? -2 : -1);
  return last.join('_').replace(/s$/, '');
}

/** A branch of the parameters as Python reads it: `backbone.layers[0].blocks[1]`. */
export function branchText(path: string): string {
  return path.replaceAll(/\.(\d+)(?=\.|$)/g, '[$1]');
}
