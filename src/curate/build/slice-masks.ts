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

function cut(layer: ReadLayer, index: number, layout: SliceLayout, masks: Map<string, SliceMask>): void {
  const { width, height, first, stepAcross, stepDown } = layout;
  const { values } = layer;
  // neighbours mostly have the same value
  let last = 0;
  let into: SliceMask[] = [];
  for (let y = 0, to = 0; y < height; y++) {
    let at = first + y * stepDown;
    for (let x = 0; x < width; x++, to++, at += stepAcross) {
      const value = values[at];
      if (value === 0) continue;
      if (value !== last) {
        const { labels, targets } = meaningOf(layer, value);
        last = value;
        into = targets.map((target) => {
          const mask = masks.get(target) ?? emptyMask(width * height, layer.from);
          masks.set(target, mask);
          mask.files.add(layer.file);
          for (const label of labels) mask.labels.add(label);
          if (!layer.instances) mask.instances = null;
          return mask;
        });
      }
      for (const mask of into) {
        if (mask.data[to] === 0) {
          mask.data[to] = 1;
          mask.area++;
        }
        if (mask.instances === null) continue;
        const key = `${index} ${value}`;
        const box = mask.instances.get(key);
        if (box === undefined) mask.instances.set(key, [x, y, x + 1, y + 1]);
        else {
          if (x < box[0]) box[0] = x;
          if (x >= box[2]) box[2] = x + 1;
          if (y >= box[3]) box[3] = y + 1;
        }
      }
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
  for (let i = 0; i < mask.data.length; i++) {
    const inside =
      how === 'union'
        ? present.some(({ data }) => data[i] === 1)
        : first?.data[i] === 1 && (second?.data[i] === 1) === (how === 'intersection');
    if (!inside) continue;
    mask.data[i] = 1;
    mask.area++;
  }
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
