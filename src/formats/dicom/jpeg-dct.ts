/** Sequential DCT scans of JPEG, 8 and 12 bits. Source: ITU-T T.81, annexes A.3 (transform) and F.2 (decoding). */
import type { JpegComponent, JpegFrame, JpegScan } from './jpeg.ts';
import { type BitReader, JpegDataError } from './jpeg-stream.ts';

/** Place in the block of the k-th coefficient as coded. */
const ZIGZAG = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21],
  ...[28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61],
  ...[54, 47, 55, 62, 63],
);

/** Basis of the inverse transform `[place, frequency]`. */
const BASIS = Float64Array.from({ length: 64 }, (_, i) => {
  const [place, frequency] = [i >> 3, i & 7];
  return (frequency === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * place + 1) * frequency * Math.PI) / 16);
});

const middle = new Float64Array(64);

/** Inverse transform of dequantised coefficients into a component's samples at block `bx`, `by`. */
function putBlock(block: Float64Array, component: JpegComponent, bx: number, by: number, precision: number): void {
  for (let row = 0; row < 8; row++) {
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let u = 0; u < 8; u++) sum += BASIS[x * 8 + u] * block[row * 8 + u];
      middle[row * 8 + x] = sum;
    }
  }
  const level = 1 << (precision - 1);
  const most = (1 << precision) - 1;
  const { samples, stride } = component;
  for (let y = 0; y < 8; y++) {
    const line = (by * 8 + y) * stride + bx * 8;
    for (let x = 0; x < 8; x++) {
      let sum = level;
      for (let v = 0; v < 8; v++) sum += BASIS[y * 8 + v] * middle[v * 8 + x];
      samples[line + x] = sum <= 0 ? 0 : sum >= most ? most : Math.round(sum);
    }
  }
}

/** Decodes one scan into its components' samples. */
export function decodeDctScan(
  frame: JpegFrame,
  scan: JpegScan,
  reader: BitReader,
  quantisation: readonly (Uint16Array | undefined)[],
): void {
  const { parts, restartInterval } = scan;
  const block = new Float64Array(64);
  const previous = new Int32Array(parts.length);

  const decodeBlock = (i: number, bx: number, by: number): void => {
    const { component, dc, ac } = parts[i];
    const table = quantisation[component.quantisation];
    if (table === undefined) throw new JpegDataError('a quantisation table is missing');
    const size = reader.symbol(dc);
    if (size > 16) throw new JpegDataError('it has a difference of more than 16 bits');
    previous[i] += reader.signed(size);
    block.fill(0);
    block[0] = previous[i] * table[0];
    for (let k = 1; k < 64; k++) {
      const symbol = reader.symbol(ac);
      const bits = symbol & 15;
      if (bits === 0) {
        if (symbol !== 0xf0) break;
        k += 15;
        continue;
      }
      k += symbol >> 4;
      if (k > 63) throw new JpegDataError('a block has too many coefficients');
      block[ZIGZAG[k]] = reader.signed(bits) * table[k];
    }
    putBlock(block, component, bx, by, frame.precision);
  };

  // A scan of one component runs over its own blocks, a scan of several over units of all their blocks (A.2).
  const single = parts.length === 1;
  const { h, v } = parts[0].component;
  const across = single ? Math.ceil((frame.width * h) / (8 * frame.hMax)) : Math.ceil(frame.width / (8 * frame.hMax));
  const down = single ? Math.ceil((frame.height * v) / (8 * frame.vMax)) : Math.ceil(frame.height / (8 * frame.vMax));
  for (let unit = 0; unit < across * down; unit++) {
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
      reader.restart();
      previous.fill(0);
    }
    const [ux, uy] = [unit % across, Math.floor(unit / across)];
    if (single) decodeBlock(0, ux, uy);
    else {
      for (const [i, { component }] of parts.entries()) {
        for (let b = 0; b < component.h * component.v; b++) {
          decodeBlock(i, ux * component.h + (b % component.h), uy * component.v + Math.floor(b / component.h));
        }
      }
    }
  }
}

/** Interleaved samples at full size; components at lower resolution are enlarged between sample centres, linearly. */
export function finishDct({ components, width, height, hMax, vMax }: JpegFrame): Uint16Array {
  const count = components.length;
  const out = new Uint16Array(width * height * count);
  for (const [c, { samples, stride, h, v }] of components.entries()) {
    const [across, down] = [h / hMax, v / vMax];
    const [lastX, lastY] = [Math.ceil(width * across) - 1, Math.ceil(height * down) - 1];
    for (let y = 0; y < height; y++) {
      const fy = Math.min(lastY, Math.max(0, (y + 0.5) * down - 0.5));
      const [y0, wy] = [Math.floor(fy), fy % 1];
      const y1 = Math.min(y0 + 1, lastY);
      for (let x = 0; x < width; x++) {
        const fx = Math.min(lastX, Math.max(0, (x + 0.5) * across - 0.5));
        const [x0, wx] = [Math.floor(fx), fx % 1];
        const x1 = Math.min(x0 + 1, lastX);
        const top = samples[y0 * stride + x0] * (1 - wx) + samples[y0 * stride + x1] * wx;
        const bottom = samples[y1 * stride + x0] * (1 - wx) + samples[y1 * stride + x1] * wx;
        out[(y * width + x) * count + c] = Math.round(top * (1 - wy) + bottom * wy);
      }
    }
  }
  return out;
}
