/** Whether a picture is an inner part of another one: the part is searched for from the outside in. */
import { type Directions, SIDE } from './edge-shape.ts';

/** How far a part lies inside, pixels of 64 from the left, the top, the right and the bottom. */
type Inset = readonly [number, number, number, number];

/** Steps of the search, pixels; of how many rows and columns each looks at one; and the agreement at its start from which on it is worth while. */
const STEPS = [
  { step: 1, every: 2, least: 0.4 },
  { step: 0.5, every: 2, least: 0.6 },
  { step: 0.25, every: 1, least: 0.75 },
] as const;

/** Where pixels of a part lie in the whole: places of the pixels before them, and how far behind these. */
interface Places {
  readonly before: Int32Array;
  readonly behind: Float64Array;
}

function placesOf(from: number, to: number): Places {
  const [before, behind] = [new Int32Array(SIDE), new Float64Array(SIDE)];
  for (let i = 0; i < SIDE; i++) {
    const at = Math.min(SIDE - 1.001, Math.max(0, from + ((i + 0.5) * (SIDE - from - to)) / SIDE - 0.5));
    before[i] = Math.floor(at);
    behind[i] = at - before[i];
  }
  return { before, behind };
}

/** Agreement of `part` with that part of `whole`, -1..1, as `agreement` has it; directions between pixels are interpolated. Of every so many rows and columns one is taken. */
function agreementOf(whole: Directions, part: Directions, [left, top, right, bottom]: Inset, every: number): number {
  const n = SIDE * SIDE;
  const [columns, rows] = [placesOf(left, right), placesOf(top, bottom)];
  let [dot, weight] = [0, 0];
  for (let y = 1; y < SIDE - 1; y += every) {
    const [row, fy] = [rows.before[y] * SIDE, rows.behind[y]];
    for (let x = 1; x < SIDE - 1; x += every) {
      const j = y * SIDE + x;
      const bx = part[j];
      const by = part[n + j];
      if (bx === 0 && by === 0) continue;
      const i = row + columns.before[x];
      const k = n + i;
      const fx = columns.behind[x];
      const upperX = whole[i] + fx * (whole[i + 1] - whole[i]);
      const lowerX = whole[i + SIDE] + fx * (whole[i + SIDE + 1] - whole[i + SIDE]);
      const upperY = whole[k] + fx * (whole[k + 1] - whole[k]);
      const lowerY = whole[k + SIDE] + fx * (whole[k + SIDE + 1] - whole[k + SIDE]);
      const ax = upperX + fy * (lowerX - upperX);
      const ay = upperY + fy * (lowerY - upperY);
      dot += ax * bx + ay * by;
      weight += Math.sqrt((ax * ax + ay * ay) * (bx * bx + by * by));
    }
  }
  return weight === 0 ? 0 : dot / weight;
}

/** The best agreement of `part` with an inner part of `whole`, searched for round one that lies `start` pixels inside on every side. */
export function cropAgreement(whole: Directions, part: Directions, start: number): number {
  let inset: [number, number, number, number] = [start, start, start, start];
  let best = 0;
  for (const { step, every, least } of STEPS) {
    best = Math.abs(agreementOf(whole, part, inset, every));
    if (best < least) return best;
    for (let better = true; better; ) {
      better = false;
      for (let side = 0; side < 4; side++) {
        for (const change of [step, -step]) {
          const next: typeof inset = [...inset];
          next[side] = Math.max(0, next[side] + change);
          const found = Math.abs(agreementOf(whole, part, next, every));
          if (found <= best) continue;
          [best, inset, better] = [found, next, true];
          break;
        }
      }
    }
  }
  return best;
}
