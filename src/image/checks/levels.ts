/** Grey levels of an image as the network is shown it: 8 bits, after any window. */
import type { Image } from '../types.ts';
import type { Window } from '../window.ts';
import { plain, type Warning } from './warning.ts';

/** Standard deviation in levels of 0..255 below which an image shows nothing. */
const CONSTANT = 2;
/** Share of samples at black or white from which a window leaves nothing to see. */
const SATURATED = 0.99;
/** Samples looked at: more change no share by a hundredth. */
const MAX_SAMPLED = 1_000_000;

/** Warns of an image that is almost constant, and of a window that turns it black and white; alpha does not count. */
export function checkLevels({ data, channels }: Image, window: Window | null): Warning[] {
  const used = Math.min(channels, 3);
  const step = channels * Math.max(1, Math.ceil(data.length / channels / MAX_SAMPLED));
  let [n, sum, squares, black, white] = [0, 0, 0, 0, 0];
  for (let i = 0; i < data.length; i += step) {
    for (let c = 0; c < used; c++) {
      const value = data[i + c];
      n++;
      sum += value;
      squares += value * value;
      if (value === 0) black++;
      if (value === 255) white++;
    }
  }
  const deviation = Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
  const ends = (black + white) / n;
  if (window !== null && ends > SATURATED) {
    return [
      {
        code: 'saturating-window',
        reason: `the window ${plain(window.low)}..${plain(window.high)} turns ${plain(100 * ends, 1)} % of the image black (${plain((100 * black) / n, 1)} %) or white`,
        proposal: "give --window low,high in the file's own values, or leave it out",
      },
    ];
  }
  if (deviation >= CONSTANT) return [];
  return [
    {
      code: 'almost-constant',
      reason: `its grey levels differ by ${plain(deviation)} of 255 (standard deviation): it is almost constant`,
      proposal: 'see whether it is the right file, slice or frame, and whether its window fits',
    },
  ];
}
