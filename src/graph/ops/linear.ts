/** Matrix products. */
import { makeTensor, requireType, type Shape, shapeError, type Tensor } from '../tensor.ts';

function broadcastBatch(a: Shape, b: Shape): number[] | null {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) return null;
    out.push(m === 1 ? n : m);
  }
  return out;
}

/** Product of the last two axes, `[...,m,k] x [...,k,n]`; leading axes broadcast. Either side may be given transposed. */
export function matmul(a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  requireType('matmul', [a, b], 'f32');
  if (a.shape.length < 2 || b.shape.length < 2) throw shapeError('matmul', [a, b], 'both need at least two axes');
  const [a0, a1] = a.shape.slice(-2) as [number, number];
  const [b0, b1] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [a1, a0] : [a0, a1];
  const [k2, n] = transposeB ? [b1, b0] : [b0, b1];
  const batch = broadcastBatch(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (k !== k2) throw shapeError('matmul', [a, b], `inner sizes ${k} and ${k2} differ`);
  if (batch === null) throw shapeError('matmul', [a, b], 'leading axes do not broadcast');
  return makeTensor('matmul', [a, b], [...batch, m, n], 'f32', { transposeA, transposeB });
}

/** x W^T + b over the last axis; weight `[out,in]` as in PyTorch, bias `[out]` or none. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  requireType('linear', inputs, 'f32');
  const [out, inner] = weight.shape as [number, number];
  if (weight.shape.length !== 2 || x.shape.length < 1 || x.shape[x.shape.length - 1] !== inner) {
    throw shapeError('linear', inputs, 'the last axis of x must equal the second of the weight [out,in]');
  }
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== out)) {
    throw shapeError('linear', inputs, `bias must be [${out}]`);
  }
  return makeTensor('linear', inputs, [...x.shape.slice(0, -1), out], 'f32');
}
