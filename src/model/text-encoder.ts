/**
 * CLIP-style causal text transformer (Radford et al. 2021): pre-norm, QuickGELU, layer-norm epsilon 1e-12, no padding
 * mask (causality keeps everything up to the end token free of what follows it).
 */
import { add, gather, matmul, oneHot, quickGelu, reshape, slice } from '../graph/ops/index.ts';
import { constant, type Tensor } from '../graph/tensor.ts';
import type { TextConfig } from './config.ts';
import { dense, multiHeadAttention, norm } from './layers.ts';
import { fanIn, type Parameters } from './parameters.ts';

const prefix = 'sem_seg_head.predictor.lang_encoder';
const epsilon = 1e-12;

/** Bool `[1,1,n,n]`: a token sees itself and what came before. */
function causalMask(n: number): Tensor {
  const blocked = Float64Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? 1 : 0));
  return constant(blocked, [1, 1, n, n], 'bool');
}

export interface TextEmbeddings {
  /** `[B,L,D]`; rows after the end token are of no use. */
  readonly tokens: Tensor;
  /** `[B,D]`: the row of the end token. */
  readonly classes: Tensor;
}

/** Token ids `[B,L]` (i64) and the position of each end token `[B]` (i64) to embeddings of width `dim`. */
export function textEncoder(p: Parameters, ids: Tensor, ends: Tensor, config: TextConfig, dim: number): TextEmbeddings {
  const [batch, length] = ids.shape as [number, number];
  const table = p.get(`${prefix}.lang_encoder.token_embedding.weight`, [config.vocabulary, config.width], {
    deviation: 0.02,
  });
  const places = p.get(`${prefix}.lang_encoder.positional_embedding`, [config.contextLength, config.width], {
    deviation: 0.01,
  });
  const blocked = causalMask(length);
  let x = add(gather(table, ids), slice(places, 0, 0, length));
  for (let n = 0; n < config.layers; n++) {
    const name = `${prefix}.lang_encoder.resblocks.${n}`;
    const y = norm(p, `${name}.ln_1`, x, epsilon);
    x = add(x, multiHeadAttention(p, `${name}.attn`, { query: y, key: y, value: y, heads: config.heads, blocked }));
    const hidden = quickGelu(dense(p, `${name}.mlp.c_fc`, norm(p, `${name}.ln_2`, x, epsilon), 4 * config.width));
    x = add(x, dense(p, `${name}.mlp.c_proj`, hidden, config.width));
  }
  const final = norm(p, `${prefix}.lang_encoder.ln_final`, x, epsilon);
  const tokens = matmul(final, p.get(`${prefix}.lang_proj`, [config.width, dim], fanIn(config.width)));
  const classes = matmul(reshape(oneHot(ends, length), [batch, 1, length]), tokens);
  return { tokens, classes: reshape(classes, [batch, dim]) };
}
