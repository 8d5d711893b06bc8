/** Masks with an axis of labels: whether a place marks or numbers objects, and which place is what the others leave. */
import type { PixelOptions } from '../readers/frames.ts';
import { type FoundLabel, targetName } from './found.ts';
import type { LabelNames } from './label-names.ts';
import { type Look, readEach } from './values.ts';

/** Share of pixels that must be in one place exactly, where one of them is the background. */
const WHOLE = 0.99;

/** What the places of an axis of labels hold, in some items. */
export interface Places {
  readonly read: number;
  readonly failed: readonly string[];
  /** Values go beyond 0 and one other number: they number objects. */
  readonly numbered: boolean;
  /** The place of the background where the others number objects. */
  readonly background: number | null;
  /** Every pixel is in one place. */
  readonly complete: boolean;
  /** A pixel is in several places, and numbers go beyond 1: they may be the channels of colours. */
  readonly mixed: boolean;
}

/** Looks at every place of items, one after another. */
export async function readPlaces(root: string, looks: readonly Look[], count: number): Promise<Places> {
  const numbers = Array.from({ length: count }, () => new Set<number>());
  const failed: string[] = [];
  let [read, pixels, single, several] = [0, 0, 0, 0];
  for (const look of looks) {
    for (const frame of look.frames ?? [0]) {
      let marks: Uint8Array | undefined;
      let reason: string | undefined;
      for (let place = 0; place < count && reason === undefined; place++) {
        const options: PixelOptions = { ...look.options, axes: look.options?.axes?.replace('l', 'c'), channel: place };
        [reason] = await readEach(root, [{ path: look.path, options, frames: [frame] }], ({ volume: { data } }) => {
          marks ??= new Uint8Array(data.length);
          for (let i = 0; i < data.length; i++) {
            if (!(data[i] > 0)) continue;
            marks[i]++;
            if (numbers[place].size <= 2) numbers[place].add(data[i]);
          }
        });
      }
      if (reason !== undefined) failed.push(reason);
      if (reason !== undefined || marks === undefined) break;
      read++;
      pixels += marks.length;
      for (const places of marks) {
        if (places === 1) single++;
        else if (places > 1) several++;
      }
    }
  }
  const complete = pixels > 0 && single >= WHOLE * pixels;
  const plain = numbers.flatMap((values, place) => (values.size === 1 && values.has(1) ? [place] : []));
  const numbered = numbers.some(({ size }) => size > 1);
  const mixed = several > 0 && numbers.some((values) => [...values].some((value) => value > 1));
  return {
    read,
    failed,
    numbered,
    complete,
    mixed,
    background: complete && numbered && plain.length === 1 ? plain[0] : null,
  };
}

/** The labels of the places. */
export function placeLabels(count: number, background: number | null, names: LabelNames | null): FoundLabel[] {
  return Array.from({ length: count }, (_, place): FoundLabel => {
    const name = place === background ? 'background' : names?.names.get(place);
    if (name === undefined) return { label: String(place), target: `label ${place}`, named: false };
    return { label: String(place), target: /^background$/i.test(name) ? null : targetName(name), named: true };
  });
}
