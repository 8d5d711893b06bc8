/**
 * Masks of one image as layers: a value per voxel of the image, and what a value means. A label map of a hundred structures is one layer; a
 * mask per file is one each. Values that a recipe does not know are refused when they are met, with the file and what is known.
 */
import type { Grid, Samples } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
import type { Captures } from '../recipe/pattern.ts';
import type { MaskSource } from '../recipe/schema.ts';

export interface Layer {
  /** In the order of the image's voxels; 0 is nothing. */
  readonly values: Samples;
  /** Labels of the source that a value stands for; refuses a value that has no meaning. */
  labelsOf(value: number): readonly string[];
  /** Targets of a label; refuses one that the recipe does not know. */
  targetsOf(label: string): readonly string[];
  /** The mask's file, below the source folder. */
  readonly file: string;
  /** Every value is an object of its own. */
  readonly instances: boolean;
}

/** A file that holds masks of one image. */
export interface MaskFile {
  /** As it is opened. */
  readonly path: string;
  /** Below the source folder. */
  readonly name: string;
  readonly captures: Captures;
}

/** What a reader of masks is given. */
export interface MaskRequest {
  readonly source: MaskSource;
  /** Files that match, at least one. */
  readonly files: readonly MaskFile[];
  /** Which frame of the image. */
  readonly frame: number;
  readonly frames: number;
  readonly grid: Grid;
  /** An ordinary image, not a volume. */
  readonly flat: boolean;
  /** The image says where its voxels lie. */
  readonly placed: boolean;
  /** SOP Instance UID per slice, of a DICOM series. */
  readonly instanceUids: readonly string[] | undefined;
  /** The image's captures. */
  readonly captures: Captures;
  /** Where the mask stands in the recipe, for errors. */
  readonly field: string;
}

/** Reads the layers of one image. */
export type MaskReading = (request: MaskRequest) => Promise<readonly Layer[]>;

/** Throws the `input` error of a mask that cannot be used. */
export function refuseMask(file: MaskFile, reason: string): never {
  throw new BiomedParseError('input', `${file.name}: ${reason}`, { file: file.name });
}

const range = /^(\d+)\.\.(\d+)$/;

/** What a recipe says of a label; undefined: it does not know it. */
export function lookUp({ labels, target }: MaskSource, label: string): readonly string[] | undefined {
  if (target !== undefined) return [target];
  const found = labels?.get(label);
  if (found !== undefined) return found === null ? [] : typeof found === 'string' ? [found] : found;
  for (const [key, value] of labels ?? []) {
    const [, from, to] = range.exec(key) ?? [];
    if (from !== undefined && Number(label) >= Number(from) && Number(label) <= Number(to)) {
      return value === null ? [] : typeof value === 'string' ? [value] : value;
    }
  }
  return undefined;
}

/** Targets of labels, each looked up once. */
export function targetsBy(source: MaskSource, file: MaskFile, field: string): (label: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (label) => {
    const found = known.get(label) ?? lookUp(source, label);
    if (found === undefined) {
      const names = [...(source.labels?.keys() ?? [])];
      const listed = names.length > 12 ? `${names.slice(0, 12).join(', ')} …` : names.join(', ');
      return refuseMask(file, `label ${JSON.stringify(label)} is not in ${field}.labels; there are: ${listed}`);
    }
    known.set(label, found);
    return found;
  };
}

/** A layer of one label: whatever is not 0. */
export function singleLayer(values: Uint8Array, label: string, request: MaskRequest, file: MaskFile): Layer {
  const targetsOf = targetsBy(request.source, file, request.field);
  return { values, labelsOf: () => [label], targetsOf, file: file.name, instances: false };
}

/**
 * Masks of many labels on one grid in few layers: each goes where it does not overlap what is there. `paint` marks the voxels of a mask.
 */
export function stackLayers(
  masks: readonly { readonly label: string; readonly voxels: Iterable<number> }[],
  count: number,
  request: MaskRequest,
  file: MaskFile,
  instances = false,
): Layer[] {
  const layers: Uint16Array[] = [];
  for (const [index, { voxels }] of masks.entries()) {
    const own = [...voxels];
    let layer = layers.find((values) => own.every((at) => values[at] === 0));
    if (layer === undefined) {
      layer = new Uint16Array(count);
      layers.push(layer);
    }
    for (const at of own) layer[at] = index + 1;
  }
  const targetsOf = targetsBy(request.source, file, request.field);
  return layers.map((values) => ({
    ...{ values, targetsOf, file: file.name, instances },
    labelsOf: (value) => [masks[value - 1].label],
  }));
}
