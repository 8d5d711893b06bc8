/**
 * FocalNet backbone (Yang et al., NeurIPS 2022): four stages at 1/4, 1/8, 1/16, 1/32. Everything is channels last.
 * Published numerics: shared/reference "FocalNet" items 3 to 6; options as in `BackboneConfig`.
 */
import { add, depthwise, div, gelu, linear, mean, mul, pad, relu, slice } from '../graph/ops/index.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { BackboneConfig } from './config.ts';
import { convolution, dense, norm, patchConvolution, pointwise } from './layers.ts';
import { fanIn, linearParameters, type Parameters } from './parameters.ts';

/** With a residual path and the norm at the branch's end, a small scale lets a fresh network start near the identity. */
const freshBranchScale = 0.25;

function activate(config: BackboneConfig, x: Tensor): Tensor {
  return config.activation === 'gelu' ? gelu(x) : relu(x);
}

/** Zeros at the right and bottom up to a multiple of the stride. */
function padToMultiple(x: Tensor, multiple: number): Tensor {
  const after = [1, 2].map((axis) => (multiple - ((x.shape[axis] as number) % multiple)) % multiple) as [
    number,
    number,
  ];
  return pad(x, [0, 0, 0, 0], [0, after[0], after[1], 0]);
}

/** Stem (stride 4) or down-sampling (stride 2), each followed by a norm over channels. */
function embed(p: Parameters, name: string, x: Tensor, outputs: number, stride: 4 | 2, config: BackboneConfig): Tensor {
  const padded = padToMultiple(x, stride);
  const options =
    stride === 4 ? { kernel: 7, stride, padding: 2, bias: true } : { kernel: 3, stride, padding: 1, bias: true };
  const y =
    config.embed === 'conv'
      ? convolution(p, `${name}.proj`, padded, outputs, options)
      : patchConvolution(p, `${name}.proj`, padded, outputs, stride);
  return norm(p, `${name}.norm`, y);
}

/** Focal modulation: a query times an aggregate of depthwise contexts, each with a gate of its own. */
function modulation(
  p: Parameters,
  name: string,
  x: Tensor,
  kernels: readonly number[],
  config: BackboneConfig,
): Tensor {
  const channels = x.shape[3] as number;
  const levels = kernels.length;
  const [weight, bias] = linearParameters(p, `${name}.f`, channels, 2 * channels + levels + 1);
  // the three parts are cut from the weights, not from the result, which saves copies of whole maps
  const part = (start: number, end: number): Tensor =>
    linear(x, slice(weight, 0, start, end), slice(bias, 0, start, end));
  const query = part(0, channels);
  const gates = part(2 * channels, 2 * channels + levels + 1);
  const gate = (level: number): Tensor => slice(gates, 3, level, level + 1);
  let context = part(channels, 2 * channels);
  let modulator: Tensor | undefined;
  for (const [level, kernel] of kernels.entries()) {
    const filter = p.get(
      `${name}.focal_layers.${level}.0.weight`,
      [channels, 1, kernel, kernel],
      fanIn(kernel * kernel),
    );
    context = activate(config, depthwise(context, filter));
    const gated = mul(context, gate(level));
    modulator = modulator === undefined ? gated : add(modulator, gated);
  }
  const whole = mul(activate(config, mean(context, [1, 2], true)), gate(levels));
  const sum = modulator === undefined ? whole : add(modulator, whole);
  const scaled = config.scalingModulator ? div(sum, levels + 1) : sum;
  return dense(p, `${name}.proj`, mul(query, pointwise(p, `${name}.h`, scaled, channels, true)), channels);
}

function mlp(p: Parameters, name: string, x: Tensor, config: BackboneConfig): Tensor {
  const channels = x.shape[3] as number;
  const hidden = Math.round(channels * config.mlpRatio);
  return dense(p, `${name}.fc2`, activate(config, dense(p, `${name}.fc1`, x, hidden)), channels);
}

function block(p: Parameters, name: string, x: Tensor, kernels: readonly number[], config: BackboneConfig): Tensor {
  const channels = x.shape[3] as number;
  const branch = (input: Tensor, index: 1 | 2, body: (t: Tensor) => Tensor): Tensor => {
    const normName = `${name}.norm${index}`;
    const scale = config.layerScale ? 1 : freshBranchScale;
    const y = config.postNorm ? norm(p, normName, body(input), 1e-5, scale) : body(norm(p, normName, input));
    const gamma = config.layerScale ? p.get(`${name}.gamma_${index}`, [channels], { value: 1e-2 }) : undefined;
    return add(input, gamma === undefined ? y : mul(y, gamma));
  };
  const modulated = branch(x, 1, (t) => modulation(p, `${name}.modulation`, t, kernels, config));
  return branch(modulated, 2, (t) => mlp(p, `${name}.mlp`, t, config));
}

/** Image `[B,H,W,3]`, normalised, to the four maps `[B,H/4,W/4,C]` ... `[B,H/32,W/32,8C]`, each with a norm of its own. */
export function backbone(p: Parameters, image: Tensor, config: BackboneConfig): [Tensor, Tensor, Tensor, Tensor] {
  let x = embed(p, 'backbone.patch_embed', image, config.embedDim, 4, config);
  const outputs = config.depths.map((depth, stage) => {
    for (let i = 0; i < depth; i++) {
      x = block(p, `backbone.layers.${stage}.blocks.${i}`, x, config.focalKernels[stage] as readonly number[], config);
    }
    const output = norm(p, `backbone.norm${stage}`, x);
    if (stage < 3) {
      x = embed(p, `backbone.layers.${stage}.downsample`, x, config.embedDim * 2 ** (stage + 1), 2, config);
    }
    return output;
  });
  return outputs as [Tensor, Tensor, Tensor, Tensor];
}
