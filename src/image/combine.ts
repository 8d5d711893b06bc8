/**
 * Masks of several targets brought together in one image, as BiomedParse v1 does for "everything"
 * (microsoft/BiomedParse, inference_utils: `non_maxima_suppression`, `combine_masks`).
 */
import type { Mask } from './types.ts';

/** More than this share of a mask in another one's makes it a double. */
const OVERLAP = 0.5;
/** A pixel is a candidate for a target above this probability (float32, as the maps are), and goes to one above `INSIDE`. */
const CANDIDATE = Math.fround(0.1);
const INSIDE = 0.5;
/** A target that wins less than this share of its candidates is discarded. */
const WON = 0.5;

/** Share of a mask that lies in another one; 0 for an empty mask. */
function shareInside(mask: Mask, other: Mask): number {
  let [area, common] = [0, 0];
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] === 0) continue;
    area++;
    if (other.data[i] !== 0) common++;
  }
  return area === 0 ? 0 : common / area;
}

/**
 * Which masks stay when doubles are dropped: in order of falling score (on a tie the earlier first), a mask is dropped if
 * more than half of it lies in one that stays. For each mask the one it is a double of, or null if it stays.
 */
export function suppressDoubles(masks: readonly Mask[], scores: readonly number[]): (number | null)[] {
  const order = masks.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const doubles: (number | null)[] = masks.map(() => null);
  const kept: number[] = [];
  for (const i of order) {
    const of = kept.find((other) => shareInside(masks[i], masks[other]) > OVERLAP);
    if (of === undefined) kept.push(i);
    else doubles[i] = of;
  }
  return doubles;
}

/** Labels of an image and which targets were discarded from it. */
export interface Combined {
  /** `[height, width]`: 0 background, 1 + the target's position in the input. */
  readonly labels: Uint16Array;
  readonly discarded: readonly boolean[];
}

/** For every pixel the most probable of the targets that count, above a limit; -1 where there is none. */
function winners(maps: readonly Float32Array[], counts: (target: number) => boolean, limit: number): Int32Array {
  const best = new Int32Array(maps[0]?.length ?? 0).fill(-1);
  for (let i = 0; i < best.length; i++) {
    let highest = limit;
    for (let t = 0; t < maps.length; t++) {
      if (maps[t][i] > highest && counts(t)) {
        highest = maps[t][i];
        best[i] = t;
      }
    }
  }
  return best;
}

/**
 * One label a pixel from probability maps `[height, width]`. Candidates of a target are its pixels above 0.1, and it wins those
 * where it is the most probable. A target that wins less than half of its candidates is discarded, but not the one whose
 * candidates have the highest mean; then pixels above 0.5 go to the most probable of the others. The earlier wins a tie.
 */
export function combineMaps(maps: readonly Float32Array[]): Combined {
  const won = new Float64Array(maps.length);
  for (const t of winners(maps, () => true, CANDIDATE)) if (t >= 0) won[t]++;
  const figures = maps.map((map) => {
    let [candidates, sum] = [0, 0];
    for (const value of map) {
      if (value <= CANDIDATE) continue;
      candidates++;
      sum += value;
    }
    return { candidates, mean: candidates === 0 ? 0 : sum / candidates };
  });
  const highest = figures.reduce((best, { mean }, t) => (mean > figures[best].mean ? t : best), 0);
  const discarded = figures.map(({ candidates }, t) => t !== highest && won[t] < WON * candidates);
  const labels = Uint16Array.from(
    winners(maps, (t) => !discarded[t], INSIDE),
    (t) => t + 1,
  );
  return { labels, discarded };
}
