/** Evaluation of matrix products and convolutions: plain loops over every index. */
import { sizeOf } from '../tensor.ts';
import { broadcastPositions, type Evaluator } from './values.ts';

const matmul: Evaluator = (t, [a, b]) => {
  const { transposeA, transposeB } = t.attributes as { transposeA: boolean; transposeB: boolean };
  const batch = t.shape.slice(0, -2);
  const [m, n] = t.shape.slice(-2);
  const k = a.shape[a.shape.length - (transposeA ? 2 : 1)];
  const matrixA = broadcastPositions(a.shape.slice(0, -2), batch);
  const matrixB = broadcastPositions(b.shape.slice(0, -2), batch);
  const y: number[] = [];
  for (let s = 0; s < sizeOf(batch); s++) {
    const [startA, startB] = [matrixA[s] * m * k, matrixB[s] * k * n];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let p = 0; p < k; p++) {
          const left = a.data[startA + (transposeA ? p * m + i : i * k + p)];
          const right = b.data[startB + (transposeB ? j * k + p : p * n + j)];
          total += left * right;
        }
        y.push(total);
      }
    }
  }
  return Float64Array.from(y);
};

const linear: Evaluator = (_, [x, weight, bias]) => {
  const [out, inner] = weight.shape;
  const y: number[] = [];
  for (let row = 0; row < x.data.length / inner; row++) {
    for (let o = 0; o < out; o++) {
      let total = bias === undefined ? 0 : bias.data[o];
      for (let i = 0; i < inner; i++) total += x.data[row * inner + i] * weight.data[o * inner + i];
      y.push(total);
    }
  }
  return Float64Array.from(y);
};

const conv2d: Evaluator = (t, [x, weight]) => {
  const { stride, dilation, groups } = t.attributes as { stride: number; dilation: number; groups: number };
  const [top, left] = t.attributes.pads as readonly number[];
  const [batch, channels, height, width] = x.shape;
  const [out, inner, kh, kw] = weight.shape;
  const [, , h, w] = t.shape;
  const y: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < out; o++) {
      const firstChannel = Math.floor(o / (out / groups)) * inner;
      for (let i = 0; i < h; i++) {
        for (let j = 0; j < w; j++) {
          let total = 0;
          for (let c = 0; c < inner; c++) {
            for (let u = 0; u < kh; u++) {
              for (let v = 0; v < kw; v++) {
                const [row, column] = [i * stride + u * dilation - top, j * stride + v * dilation - left];
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                const pixel = x.data[((b * channels + firstChannel + c) * height + row) * width + column];
                total += pixel * weight.data[((o * inner + c) * kh + u) * kw + v];
              }
            }
          }
          y.push(total);
        }
      }
    }
  }
  return Float64Array.from(y);
};

/** Calls `visit` with the elements of map, image and kernel that a depthwise convolution brings together. */
function eachDepthwise(
  shape: readonly number[],
  kernel: number,
  visit: (inMap: number, inImage: number, inKernel: number) => void,
): void {
  const [batch, height, width, channels] = shape;
  const margin = (kernel - 1) / 2;
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        for (let u = 0; u < kernel; u++) {
          for (let v = 0; v < kernel; v++) {
            const [row, column] = [i + u - margin, j + v - margin];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            for (let c = 0; c < channels; c++) {
              const inMap = ((b * height + i) * width + j) * channels + c;
              const inImage = ((b * height + row) * width + column) * channels + c;
              visit(inMap, inImage, (c * kernel + u) * kernel + v);
            }
          }
        }
      }
    }
  }
}

const depthwise: Evaluator = (t, [x, weight]) => {
  const y = new Float64Array(sizeOf(t.shape));
  eachDepthwise(x.shape, weight.shape[2], (inMap, inImage, inKernel) => {
    y[inMap] += x.data[inImage] * weight.data[inKernel];
  });
  return y;
};

const depthwiseWeightGradient: Evaluator = (t, [x, dy]) => {
  const y = new Float64Array(sizeOf(t.shape));
  eachDepthwise(x.shape, t.attributes.kernel as number, (inMap, inImage, inKernel) => {
    y[inKernel] += x.data[inImage] * dy.data[inMap];
  });
  return y;
};

export const productEvaluators: Record<string, Evaluator> = {
  matmul,
  linear,
  conv2d,
  depthwise,
  depthwiseWeightGradient,
};
