/** Whether a picture is an inner part of another one: the part is searched for from the outside in. */
import { type Directions, SIDE } from './edge-shape.ts';

/** How far a part lies inside, pixels of 64 from the left, the top, the right and the bottom. */
type Inset = readonly [number, number, number, number];

/** Steps of the search, pixels. */
const STEPS = [1, 0.5, 0.25];
/** Agreement at the start from which on searching is worth while. */
const LEAST_START = 0.4;

/** Agreement of `part` with that part of `whole`, -1..1, as `agreement` has it; directions between pixels are interpolated. */
function agreementOf(whole: Directions, part: Directions, [left, top, right, bottom]: Inset): number {
  const n = SIDE * SIDE;
  const [scaleX, scaleY] = [(SIDE - left - right) / SIDE, (SIDE - top - bottom) / SIDE];
  let [dot, weight] = [0, 0];
  for (let y = 1; y < SIDE - 1; y++) {
    const v = Math.min(SIDE - 1.001, Math.max(0, top + (y + 0.5) * scaleY - 0.5));
    const [row, fy] = [Math.floor(v) * SIDE, v % 1];
    for (let x = 1; x < SIDE - 1; x++) {
      const j = y * SIDE + x;
      const [bx, by] = [part[j], part[n + j]];
      if (bx === 0 && by === 0) continue;
      const u = Math.min(SIDE - 1.001, Math.max(0, left + (x + 0.5) * scaleX - 0.5));
      const [i, fx] = [row + Math.floor(u), u % 1];
      const [p, q, r, s] = [(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy];
      const ax = p * whole[i] + q * whole[i + 1] + r * whole[i + SIDE] + s * whole[i + SIDE + 1];
      const k = n + i;
      const ay = p * whole[k] + q * whole[k + 1] + r * whole[k + SIDE] + s * whole[k + SIDE + 1];
      dot += ax * bx + ay * by;
      weight += Math.sqrt((ax * ax + ay * ay) * (bx * bx + by * by));
    }
  }
  return weight === 0 ? 0 : dot / weight;
}

/** The best agreement of `part` with an inner part of `whole`, searched for round one that lies `start` pixels inside on every side. */
export function cropAgreement(whole: Directions, part: Directions, start: number): number {
  let inset: [number, number, number, number] = [start, start, start, start];
  let best = Math.abs(agreementOf(whole, part, inset));
  if (best < LEAST_START) return best;
  for (const step of STEPS) {
    for (let better = true; better; ) {
      better = false;
      for (let side = 0; side < 4; side++) {
        for (const change of [step, -step]) {
          const next: typeof inset = [...inset];
          next[side] = Math.max(0, next[side] + change);
          const found = Math.abs(agreementOf(whole, part, next));
          if (found <= best) continue;
          [best, inset, better] = [found, next, true];
          break;
        }
      }
    }
  }
  return best;
}
