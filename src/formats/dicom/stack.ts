/**
 * From places of slices to one regular grid: sorted along the normal, duplicates found, gaps and tilt measured.
 * Refused by name: mixed orientations, sizes or spacings, uneven distances, several images at each place, and slices
 * that lie on no line. Millimetres, LPS. Pure: no files here.
 */
import { add, cross, dot, type Grid, type Vector } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';

/** A slice before it is decoded. */
export interface SlicePlace {
  /** What errors and notes call it. */
  readonly name: string;
  readonly columns: number;
  readonly rows: number;
  readonly position: Vector;
  readonly orientation: readonly [Vector, Vector];
  /** mm between [columns, rows]. */
  readonly spacing: readonly [number, number];
  readonly depth: number | null;
  /** Tells copies at one place apart: the lower goes first. */
  readonly number: number;
}

/** Slices in order, and the grid they make. */
export interface Stack<T extends SlicePlace> {
  /** Per slice of the grid what lies there; null where a slice is missing. */
  readonly slices: readonly (T | null)[];
  readonly grid: Grid;
  /** Gantry tilt: per slice how far it lies off the grid's axis, mm along [columns, rows]; null without tilt. */
  readonly shifts: readonly (readonly [number, number])[] | null;
  readonly notes: readonly string[];
}

/** Distances that count as one place, mm. */
const SAME_PLACE = 0.01;
/** Share of a distance by which it may differ from the others. */
const EVEN = 0.1;
/** Most missing slices, as a share of all. */
const MOST_MISSING = 0.25;
/** Tilt from which slices are resampled, degrees. */
const TILT = 0.05;

const mm = (value: number): string => `${Number(value.toFixed(2))} mm`;

/** Puts slices on one grid; `label` names the series in errors. */
export function stackSlices<T extends SlicePlace>(places: readonly T[], label: string): Stack<T> {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `cannot make a volume of ${label}: ${reason}`, { series: label });
  };
  const [first] = places;
  if (first === undefined) return refuse('it has no slices');
  for (const place of places) {
    const cosine = Math.min(...[0, 1].map((i) => dot(place.orientation[i], first.orientation[i])));
    if (cosine < 0.9999) refuse(`${first.name} and ${place.name} have different orientations`);
    if (place.columns !== first.columns || place.rows !== first.rows) {
      refuse(
        `${first.name} has ${first.columns} x ${first.rows} pixels, ${place.name} ${place.columns} x ${place.rows}`,
      );
    }
    if (place.spacing.some((value, i) => Math.abs(value - first.spacing[i]) > 1e-3 * value)) {
      refuse(
        `${first.name} has pixels of ${first.spacing.join(' x ')} mm, ${place.name} of ${place.spacing.join(' x ')} mm`,
      );
    }
  }
  const [across, downRaw] = first.orientation;
  const cosine = dot(across, downRaw);
  if (Math.abs(cosine) > 1e-3) refuse(`rows and columns of ${first.name} are not at right angles`);
  const down = add(downRaw, across, -cosine);
  const normal = cross(across, down);
  const height = (place: SlicePlace): number => dot(place.position, normal);
  const sorted = [...places].sort((a, b) => height(a) - height(b) || a.number - b.number);

  const notes: string[] = [];
  const kept: T[] = [];
  const copies: T[] = [];
  for (const place of sorted) {
    const before = kept.at(-1);
    if (before !== undefined && height(place) - height(before) < SAME_PLACE) copies.push(place);
    else kept.push(place);
  }
  if (kept.length > 1 && copies.length >= kept.length) {
    refuse(
      `it has ${places.length} images at ${kept.length} places (several phases or echoes); one image a place is needed`,
    );
  }
  if (copies.length > 0) {
    notes.push(
      `left out ${copies.length} of ${places.length} images that lie where another one does: ${listed(copies)}`,
    );
  }

  const gaps = kept.slice(1).map((place, i) => height(place) - height(kept[i]));
  const step = gaps.length === 0 ? (first.depth ?? 1) : [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)];
  if (kept.length === 1 && first.depth === null)
    notes.push('the file does not say how thick the slice is: 1 mm is taken');
  const slices: (T | null)[] = [kept[0]];
  for (const [i, gap] of gaps.entries()) {
    const times = Math.round(gap / step);
    if (times < 1 || Math.abs(gap - times * step) > EVEN * step) {
      refuse(`${kept[i].name} and ${kept[i + 1].name} lie ${mm(gap)} apart, most others ${mm(step)}`);
    }
    if (times > 1) {
      const where = `${kept[i].name} and ${kept[i + 1].name}`;
      if (slices.length + times > places.length * 2) refuse(`too many slices are missing between ${where}`);
      notes.push(`${times - 1} missing slice(s) between ${where} (${mm(gap)} apart) filled from the neighbours`);
      for (let k = 1; k < times; k++) slices.push(null);
    }
    slices.push(kept[i + 1]);
  }
  const missing = slices.length - kept.length;
  if (missing > MOST_MISSING * slices.length) refuse(`${missing} of ${slices.length} slices are missing`);

  // The mean step, so that rounding in single positions does not add up.
  const last = slices.length - 1;
  const rise = last === 0 ? step : (height(kept[kept.length - 1]) - height(kept[0])) / last;
  const origin = kept[0].position;
  const grid: Grid = {
    size: [first.columns, first.rows, slices.length],
    spacing: [first.spacing[0], first.spacing[1], rise],
    origin,
    direction: [across, down, normal],
  };
  const shifts = slices.map((place, k): readonly [number, number] => {
    const offset = place === null ? interpolate(slices, k) : add(place.position, origin, -1);
    return [dot(offset, across), dot(offset, down)];
  });
  const far = shifts.reduce((most, [x, y]) => Math.max(most, Math.hypot(x, y)), 0);
  const [lastX, lastY] = shifts[last];
  const tilt = (Math.atan2(Math.hypot(lastX, lastY), Math.max(rise * last, 1e-9)) * 180) / Math.PI;
  for (const [k, [x, y]] of shifts.entries()) {
    const along = last === 0 ? 0 : k / last;
    const off = Math.hypot(x - along * lastX, y - along * lastY);
    if (off > Math.max(0.5, Math.min(...first.spacing))) {
      refuse(`${slices[k]?.name ?? `slice ${k}`} lies ${mm(off)} off the line of the others`);
    }
  }
  if (last === 0 || (tilt < TILT && far < 0.5 * Math.min(...first.spacing)))
    return { slices, grid, shifts: null, notes };
  notes.push(`gantry tilt of ${tilt.toFixed(1)} degrees: slices were resampled onto a grid at right angles`);
  return { slices, grid, shifts, notes };

  function interpolate(all: readonly (T | null)[], k: number): Vector {
    let [a, b] = [k, k];
    while (all[a] === null) a--;
    while (all[b] === null) b++;
    const [from, to] = [(all[a] as T).position, (all[b] as T).position];
    return add(add(from, add(to, from, -1), (k - a) / (b - a)), origin, -1);
  }
}

function listed(places: readonly SlicePlace[]): string {
  const names = places.slice(0, 3).map(({ name }) => name);
  return places.length > 3 ? `${names.join(', ')} …` : names.join(', ');
}

/** The grid that holds all shifted slices, and each slice's place in it in pixels [columns, rows]. */
export function uprightGrid(
  grid: Grid,
  shifts: readonly (readonly [number, number])[],
): { readonly grid: Grid; readonly places: readonly (readonly [number, number])[] } {
  const least = [0, 1].map((i) => Math.min(...shifts.map((shift) => shift[i])));
  const most = [0, 1].map((i) => Math.max(...shifts.map((shift) => shift[i])));
  const extra = [0, 1].map((i) => Math.ceil((most[i] - least[i]) / grid.spacing[i] - 1e-6));
  const origin = add(add(grid.origin, grid.direction[0], least[0]), grid.direction[1], least[1]);
  const size: Vector = [grid.size[0] + extra[0], grid.size[1] + extra[1], grid.size[2]];
  const places = shifts.map((shift) => [0, 1].map((i) => (shift[i] - least[i]) / grid.spacing[i]) as [number, number]);
  return { grid: { ...grid, size, origin }, places };
}
