/**
 * Masks of one slice: layers cut, labels turned into targets, and targets made of others. All in pixels of the source's slice `[height, width]` in
 * the usual display.
 */
import type { SliceLayout } from '../../image/slice.ts';
import type { Layer } from '../readers/layer.ts';
import type { Part } from '../recipe/recipe.ts';

/** A target in a slice. */
export interface SliceMask {
  readonly data: Uint8Array;
  area: number;
  /** `mask`, or how it was derived. */
  readonly from: string;
  readonly files: Set<string>;
  readonly labels: Set<string>;
  /** Boxes of objects by layer and value; null: the source does not tell them apart. */
  instances: Map<string, [number, number, number, number]> | null;
}

/** A layer with what its values mean, looked up once per value. */
export interface ReadLayer extends Layer {
  readonly known: Map<number, { readonly labels: readonly string[]; readonly targets: readonly string[] }>;
  readonly from: string;
}

/** A layer made ready for slices. */
export function readLayer(layer: Layer, from = 'mask'): ReadLayer {
  return { ...layer, from, known: new Map() };
}

function meaningOf(layer: ReadLayer, value: number): { labels: readonly string[]; targets: readonly string[] } {
  const found = layer.known.get(value);
  if (found !== undefined) return found;
  const labels = layer.labelsOf(value);
  const meaning = { labels, targets: [...new Set(labels.flatMap((label) => layer.targetsOf(label)))] };
  layer.known.set(value, meaning);
  return meaning;
}

function emptyMask(count: number, from: string): SliceMask {
  return { data: new Uint8Array(count), area: 0, from, files: new Set(), labels: new Set(), instances: new Map() };
}

/** Marks the pixels `from` to `end` of row `y` in a mask; gives nothing twice to its area. */
function mark(mask: SliceMask, key: string, from: number, end: number, x: number, y: number): void {
  const { data, instances } = mask;
  for (let to = from; to < end; to++) {
    if (data[to] !== 0) continue;
    data[to] = 1;
    mask.area++;
  }
  if (instances === null) return;
  const right = x + end - from;
  const box = instances.get(key);
  if (box === undefined) instances.set(key, [x, y, right, y + 1]);
  else {
    if (x < box[0]) box[0] = x;
    if (right > box[2]) box[2] = right;
    if (y >= box[3]) box[3] = y + 1;
  }
}

/** Adds a layer's slice to the masks, run by run: neighbours in a row mostly have the same value. */
function cut(layer: ReadLayer, index: number, layout: SliceLayout, masks: Map<string, SliceMask>): void {
  const { width, height, first, stepAcross, stepDown } = layout;
  const { values } = layer;
  const known = new Map<number, readonly SliceMask[]>();
  const masksOf = (value: number): readonly SliceMask[] => {
    const { labels, targets } = meaningOf(layer, value);
    const into = targets.map((target) => {
      const mask = masks.get(target) ?? emptyMask(width * height, layer.from);
      masks.set(target, mask);
      mask.files.add(layer.file);
      for (const label of labels) mask.labels.add(label);
      if (!layer.instances) mask.instances = null;
      return mask;
    });
    known.set(value, into);
    return into;
  };
  for (let y = 0; y < height; y++) {
    let at = first + y * stepDown;
    for (let x = 0; x < width; ) {
      const value = values[at];
      const start = x;
      do {
        x++;
        at += stepAcross;
      } while (x < width && values[at] === value);
      if (value === 0) continue;
      const into = known.get(value) ?? masksOf(value);
      if (into.length === 0) continue;
      const key = layer.instances ? `${index} ${value}` : '';
      for (const mask of into) mark(mask, key, y * width + start, y * width + x, start, y);
    }
  }
}

/** A target made of others, pixel by pixel; nothing where there is none of them. */
function derive(how: string, of: readonly string[], masks: ReadonlyMap<string, SliceMask>): SliceMask | undefined {
  const parts = of.map((target) => masks.get(target));
  const present = parts.filter((part) => part !== undefined);
  const [first, second] = parts;
  if (present.length === 0 || (how !== 'union' && first === undefined)) return undefined;
  if (how === 'intersection' && second === undefined) return undefined;
  const mask = emptyMask(present[0].data.length, how);
  const { data } = mask;
  if (how === 'union') {
    for (const part of present) for (let i = 0; i < data.length; i++) data[i] |= part.data[i];
  } else {
    const wanted = how === 'intersection' ? 1 : 0;
    const [of1, of2] = [present[0].data, second?.data];
    for (let i = 0; i < data.length; i++) {
      if (of1[i] === 1 && (of2 === undefined ? 0 : of2[i]) === wanted) data[i] = 1;
    }
  }
  for (let i = 0; i < data.length; i++) mask.area += data[i];
  for (const part of present) {
    for (const file of part.files) mask.files.add(file);
    for (const label of part.labels) mask.labels.add(label);
  }
  mask.instances = null;
  return mask.area === 0 ? undefined : mask;
}

/** All targets of a slice that have a pixel. Derived sides are layers already. */
export function sliceMasks(
  layers: readonly ReadLayer[],
  layout: SliceLayout,
  derived: Part['derive'],
): Map<string, SliceMask> {
  const masks = new Map<string, SliceMask>();
  for (const [index, layer] of layers.entries()) cut(layer, index, layout, masks);
  for (const [target, { how, of }] of derived) {
    if (how === 'left' || how === 'right') continue;
    const made = derive(how, of, masks);
    if (made !== undefined) masks.set(target, made);
  }
  return masks;
}

/** Pixels of a mask that lie outside of another. */
export function outside(mask: SliceMask, holder: SliceMask | undefined): number {
  if (holder === undefined) return mask.area;
  let count = 0;
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i] === 1 && holder.data[i] === 0) count++;
  return count;
}
