/**
 * One mask from the logits of overlapping tiles. Logits are blended with weights that fall off to the tiles' edges, before they become
 * probabilities; rows are handed out from the top down as soon as no further tile touches them, so that the whole is never held.
 * A tile in which the object's presence stays under the threshold says "not here" with all its pixels; where no tile was asked,
 * the mask is empty.
 */
import type { SlideGrid } from '../formats/slide/scale.ts';
import { unfitLogits } from '../image/fit.ts';
import { BiomedParseError } from '../util/errors.ts';
import { comparison, type Question, ruledOut, sigmoid, type Thresholds } from './answer.ts';
import { type PresenceLimits, presenceLimit, presenceOf } from './presence.ts';
import type { SliceRecord, SliceStore } from './slice-store.ts';
import type { SlideSegmentation } from './slide.ts';
import { type SlideTiles, tileWeights } from './slide-tiles.ts';
import type { Plausibility } from './views.ts';

/** What every pixel of a tile without the object says: a probability of 0.0003. */
const ABSENT_LOGIT = -8;

/** Rows of a mask in the slide's grid. */
export interface SlideBand {
  readonly top: number;
  readonly height: number;
  /** `[height, width]`, 1 inside. */
  readonly mask: Uint8Array;
  readonly probabilities: Float32Array;
}

export interface BlendSettings {
  readonly grid: SlideGrid;
  readonly tiles: SlideTiles;
  readonly chosen: readonly number[];
  readonly store: SliceStore;
  readonly limits: Thresholds;
  /** Whether a slide of this kind may show the object. */
  readonly kind: Plausibility;
  readonly signal: AbortSignal | undefined;
}

/** One prompt's logits in a tile `[height, width]`, and its presence there. */
function tileLogits(
  record: SliceRecord,
  prompt: number,
  limits: PresenceLimits,
  possible: number,
): { readonly logits: Float32Array; readonly presence: number } {
  const { height, width, existence, fit } = record;
  const own = record.logits.subarray(prompt * height * width, (prompt + 1) * height * width);
  const logits = unfitLogits(own, width, height, fit);
  if (existence !== null) return { logits, presence: presenceOf(existence[prompt], limits, possible) };
  return { logits, presence: sigmoid(logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)) };
}

/** Puts one prompt's mask together, a row of tiles at a time; refuses (`io`) a store that lost a tile. */
export async function blendTiles(
  prompt: number,
  { grid, tiles, chosen, store, limits, kind, signal }: BlendSettings,
  take: (band: SlideBand) => Promise<void>,
): Promise<Omit<SlideSegmentation, keyof Question | 'areaMm2'>> {
  const { width } = grid;
  const [wx, wy] = [tileWeights(tiles.width, tiles.overlap), tileWeights(tiles.height, tiles.overlap)];
  // sums of weighted logits and of weights over the rows of one row of tiles
  const sums = new Float32Array(width * tiles.height);
  const weights = new Float32Array(width * tiles.height);
  let [best, tilesInside, areaPx, probabilitySum] = [0, 0, 0, 0];
  let isRuledOut = false;

  /** Hands out the first rows, which no later tile touches, and moves the others up. */
  async function hand(top: number, rows: number): Promise<void> {
    const length = rows * width;
    const mask = new Uint8Array(length);
    const probabilities = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      if (weights[i] === 0) continue;
      const value = sigmoid(sums[i] / weights[i]);
      probabilities[i] = value;
      if (!(value > limits.pixel)) continue;
      mask[i] = 1;
      areaPx++;
      probabilitySum += value;
    }
    await take({ top, height: rows, mask, probabilities });
    for (const buffer of [sums, weights]) {
      buffer.copyWithin(0, length);
      buffer.fill(0, buffer.length - length);
    }
  }

  const least = presenceLimit(limits.presence, 'pathology');
  let next = 0;
  for (const [r, top] of tiles.rows.entries()) {
    signal?.throwIfAborted();
    for (; next < chosen.length && chosen[next] < (r + 1) * tiles.columns.length; next++) {
      const index = chosen[next];
      const record = await store.read(index);
      if (record === null) {
        throw new BiomedParseError('io', `the kept result of tile ${index} is gone or damaged; run again`, { index });
      }
      const { logits, presence } = tileLogits(record, prompt, limits.presence, kind.possible);
      const absent = presence < least;
      if (record.existence !== null) isRuledOut ||= presenceOf(record.existence[prompt], limits.presence) >= least;
      best = Math.max(best, presence);
      if (!absent) tilesInside++;
      const left = tiles.columns[index % tiles.columns.length];
      for (let y = 0; y < tiles.height; y++) {
        for (let x = 0, from = y * tiles.width, to = y * width + left; x < tiles.width; x++, from++, to++) {
          const weight = wx[x] * wy[y];
          sums[to] += weight * (absent ? ABSENT_LOGIT : logits[from]);
          weights[to] += weight;
        }
      }
    }
    await hand(top, (tiles.rows[r + 1] ?? grid.height) - top);
  }
  const present = areaPx > 0;
  const reason = present
    ? null
    : chosen.length === 0
      ? 'empty: the slide shows no tissue'
      : tilesInside === 0
        ? `absent: presence ${comparison(best, least)} in every tile${isRuledOut ? ruledOut('slide', kind) : ''}`
        : `empty: no pixel has a probability above ${limits.pixel}`;
  return { present, presence: best, tilesInside, probability: present ? probabilitySum / areaPx : 0, reason, areaPx };
}
