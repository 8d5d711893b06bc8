/** Lossless JPEG scans: each sample is a prediction from its neighbours plus a coded difference. Source: ITU-T T.81, annex H. */
import type { JpegFrame, JpegScan } from './jpeg.ts';
import { type BitReader, JpegDataError } from './jpeg-stream.ts';

/** The prediction of T.81 table H.1 from left (a), above (b) and above left (c). */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a;
    case 2:
      return b;
    case 3:
      return c;
    case 4:
      return a + b - c;
    case 5:
      return a + ((b - c) >> 1);
    case 6:
      return b + ((a - c) >> 1);
    default:
      return (a + b) >> 1;
  }
}

/** Decodes one scan into its components' samples. */
export function decodeLosslessScan(frame: JpegFrame, scan: JpegScan, reader: BitReader): void {
  const { width, height, precision } = frame;
  const { parts, start: predictor, shift, restartInterval } = scan;
  if (!(predictor >= 1 && predictor <= 7 && shift < precision)) {
    throw new JpegDataError(`it has predictor ${predictor} and point transform ${shift}`);
  }
  const middle = 1 << (precision - shift - 1);
  let left = restartInterval;
  let firstLine = 0; // the first line after a restart is predicted as the first of all
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (restartInterval > 0 && left-- === 0) {
        reader.restart();
        left = restartInterval - 1;
        if (x !== 0) throw new JpegDataError('a restart lies within a line');
        firstLine = y;
      }
      const at = y * width + x;
      for (const { component, dc } of parts) {
        const { samples } = component;
        let prediction: number;
        if (y === firstLine) prediction = x === 0 ? middle : samples[at - 1];
        else if (x === 0) prediction = samples[at - width];
        else prediction = predict(predictor, samples[at - 1], samples[at - width], samples[at - width - 1]);
        const length = reader.symbol(dc);
        if (length > 16) throw new JpegDataError('it has a difference of more than 16 bits');
        samples[at] = prediction + (length === 16 ? 32768 : reader.signed(length));
      }
    }
  }
  if (shift === 0) return;
  for (const { component } of parts) {
    for (let i = 0; i < component.samples.length; i++) component.samples[i] <<= shift;
  }
}
