/**
 * Connected parts of a mask that comes row by row, for masks that are too large to be held: a part is handed out as soon as no
 * pixel of the latest row belongs to it. Pixels are connected where they touch, corners included (8-connectivity), as in components.ts.
 * Memory: the stretches of the parts that are still open.
 */
import type { Box, Mask } from './types.ts';

/** A connected part. */
export interface RowComponent {
  readonly areaPx: number;
  readonly box: Box;
  /** Sums over its pixels: of the places of their centres, and of what `weights` said. */
  readonly sumX: number;
  readonly sumY: number;
  readonly weight: number;
  /** Its stretches: row, first column, column after the last, one after another and in no order. */
  readonly runs: readonly number[];
}

interface Open {
  areaPx: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
  sumX: number;
  sumY: number;
  weight: number;
  runs: number[];
  /** The part that this one became a piece of. */
  into: Open | null;
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly part: Open;
}

function rootOf(part: Open): Open {
  let root = part;
  while (root.into !== null) root = root.into;
  for (let at = part; at !== root; ) {
    const next = at.into as Open;
    at.into = root;
    at = next;
  }
  return root;
}

/** Two parts that turn out to be one; the shorter list goes into the longer. */
function join(a: Open, b: Open): void {
  const [one, other] = [rootOf(a), rootOf(b)];
  if (one === other) return;
  const [into, gone] = one.runs.length >= other.runs.length ? [one, other] : [other, one];
  into.areaPx += gone.areaPx;
  into.left = Math.min(into.left, gone.left);
  into.top = Math.min(into.top, gone.top);
  into.right = Math.max(into.right, gone.right);
  into.bottom = Math.max(into.bottom, gone.bottom);
  into.sumX += gone.sumX;
  into.sumY += gone.sumY;
  into.weight += gone.weight;
  for (const value of gone.runs) into.runs.push(value);
  gone.runs = [];
  gone.into = into;
}

const closed = ({ areaPx, left, top, right, bottom, sumX, sumY, weight, runs }: Open): RowComponent => ({
  areaPx,
  box: [left, top, right, bottom],
  sumX,
  sumY,
  weight,
  runs,
});

export interface RowComponents {
  /** Takes the next row, 1 inside; gives the parts that ended above it. */
  add(row: Uint8Array, weights: Float32Array): RowComponent[];
  /** The parts that are still open, after the last row. */
  end(): RowComponent[];
}

/** Starts to take rows. */
export function rowComponents(): RowComponents {
  let y = 0;
  let above: Run[] = [];

  /** A stretch as a part of its own. */
  function stretch(from: number, to: number, weights: Float32Array): Run {
    const areaPx = to - from;
    let weight = 0;
    for (let x = from; x < to; x++) weight += weights[x];
    const sums = { sumX: ((from + to) / 2) * areaPx, sumY: (y + 0.5) * areaPx, weight };
    const part: Open = {
      areaPx,
      left: from,
      top: y,
      right: to,
      bottom: y + 1,
      ...sums,
      runs: [y, from, to],
      into: null,
    };
    return { from, to, part };
  }

  const ended = (now: readonly Run[]): RowComponent[] => {
    const going = new Set(now.map(({ part }) => rootOf(part)));
    const gone = new Set(above.map(({ part }) => rootOf(part)).filter((part) => !going.has(part)));
    return [...gone].map(closed);
  };

  return {
    add(row, weights) {
      const runs: Run[] = [];
      let next = 0;
      for (let from = row.indexOf(1); from !== -1; ) {
        const end = row.indexOf(0, from);
        const to = end === -1 ? row.length : end;
        const run = stretch(from, to, weights);
        while (next < above.length && above[next].to < from) next++;
        for (let i = next; i < above.length && above[i].from <= to; i++) join(run.part, above[i].part);
        runs.push(run);
        from = row.indexOf(1, to);
      }
      const parts = ended(runs);
      above = runs;
      y++;
      return parts;
    },
    end() {
      const parts = ended([]);
      above = [];
      return parts;
    },
  };
}

/** A part as a mask of its box; each pixel of the mask stands for `step` x `step` pixels and is inside if one of them is. */
export function rowComponentMask({ box: [left, top, right, bottom], runs }: RowComponent, step = 1): Mask {
  const [width, height] = [Math.ceil((right - left) / step), Math.ceil((bottom - top) / step)];
  const data = new Uint8Array(width * height);
  for (let i = 0; i < runs.length; i += 3) {
    const row = Math.floor((runs[i] - top) / step) * width;
    const [from, to] = [Math.floor((runs[i + 1] - left) / step), Math.ceil((runs[i + 2] - left) / step)];
    data.fill(1, row + from, row + to);
  }
  return { data, width, height };
}
