/**
 * One image file built: its frames and slices as pictures with masks, written as they come, and what a manifest says of them. Where anything of
 * it cannot be used, what was written of it is taken away again and the error is its only record.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nativePlane, planeAxis, sliceCount } from '../../image/slice.ts';
import { BiomedParseError, errorLine } from '../../util/errors.ts';
import { openPixels } from '../readers/pixels.ts';
import type { Part } from '../recipe/recipe.ts';
import { conceptNames } from './concepts.ts';
import { type Frame, layoutOf, openFrame } from './frame.ts';
import type { Unit } from './plan.ts';
import type { BuildRecord, ImageRecord } from './record.ts';
import { sliceMasks } from './slice-masks.ts';
import { type Cut, type SliceContext, writeSlice } from './write-slice.ts';

/** Slices written at once: encoding and writing overlap. */
const AT_ONCE = 4;

/** Frames that the recipe wants of a file. */
function framesOf(part: Part, frames: number, path: string): number[] {
  const { frame = 'all' } = part.images;
  if (typeof frame === 'string') return Array.from({ length: frames }, (_, i) => i);
  const list = typeof frame === 'number' ? [frame] : [...frame];
  const wrong = list.find((one) => one >= frames);
  if (wrong === undefined) return list;
  throw new BiomedParseError('input', `${path}: it has no frame ${wrong}; there are 0 to ${frames - 1}`, {
    frame: wrong,
  });
}

const digits = (value: number, count: number): string =>
  String(value).padStart(String(Math.max(1, count - 1)).length, '0');

/** Writes the slices of a frame; `number` is null where its file has only one. */
async function buildFrame(context: SliceContext, frame: Frame, number: string | null): Promise<BuildRecord[]> {
  const { unit, part } = context;
  const { pixels, layers, untold } = frame;
  const { volume, flat } = pixels;
  const plane = part.slices.plane === 'native' ? nativePlane(volume) : part.slices.plane;
  const count = flat ? 1 : sliceCount(volume, plane);
  const base = { image: unit.path, part: part.index, frame: number === null ? null : Number(number) };
  const name = number === null ? unit.name : `${unit.name}-t${number}`;
  const depth = volume.spacing[flat ? 2 : planeAxis(volume, plane)];
  const made: (ImageRecord | null)[] = [];
  for (let first = 0; first < count; first += AT_ONCE * part.slices.step) {
    const cuts = Array.from({ length: AT_ONCE }, (_, i) => first + i * part.slices.step).filter((i) => i < count);
    const written = cuts.map((index): Promise<ImageRecord | null> => {
      const layout = layoutOf(pixels, plane, index);
      const cut: Cut = {
        place: {
          ...base,
          ...(flat ? { plane: null, slice: null, slices: null } : { plane, slice: index, slices: count }),
        },
        stem: `${name}${flat ? '' : `-s${digits(index, count)}`}_${unit.modality}_${unit.site}`,
        ...{ pixels, layout, depth, untold, masks: sliceMasks(layers, layout, part.derive) },
      };
      return writeSlice(context, cut);
    });
    // all are waited for, so that nothing is written after an error was told
    const settled = await Promise.allSettled(written);
    for (const one of settled) {
      if (one.status === 'rejected') throw one.reason;
      made.push(one.value);
    }
  }
  const records: BuildRecord[] = made.filter((record) => record !== null);
  const left = made.length - records.length;
  if (left > 0) {
    const reason = flat ? 'no mask, and nothing is known to be absent' : 'slices without masks';
    const place = { ...base, plane: flat ? null : plane, slice: null, slices: flat ? null : count };
    records.push({ kind: 'dropped', source: place, reason, slices: flat ? null : left });
  }
  return records;
}

/** What a unit is built with; the rest is its own. */
export type UnitContext = Pick<SliceContext, 'recipe' | 'source' | 'folder' | 'size'>;

/** Builds one unit; gives its records. Errors of the output folder are thrown, all others become the unit's record. */
async function buildUnit(unit: Unit, given: UnitContext): Promise<BuildRecord[]> {
  const part = given.recipe.parts[unit.part];
  const names = conceptNames(given.recipe.name, unit.modality, unit.site);
  const context: SliceContext = { ...given, unit, part, names, written: [] };
  const place = { image: unit.path, part: unit.part, frame: null, plane: null, slice: null, slices: null };
  const records: BuildRecord[] = [];
  try {
    const file = await openPixels(join(given.source, unit.path), part.images);
    try {
      let empty = 0;
      for (const frame of framesOf(part, file.frames, unit.path)) {
        const at = { frame, frames: file.frames };
        const open = await openFrame(unit, part, await file.read(frame), at, given.source);
        if (open === null) empty++;
        else {
          const number = file.frames === 1 ? null : digits(frame, file.frames);
          records.push(...(await buildFrame(context, open, number)));
        }
      }
      if (empty > 0)
        records.push({ kind: 'dropped', source: place, reason: `${empty} frames without masks`, slices: null });
    } finally {
      file.close();
    }
    return records;
  } catch (error) {
    if (error instanceof BiomedParseError && error.code === 'io') throw error;
    await Promise.all(context.written.map((name) => rm(join(given.folder, name), { force: true })));
    const message = errorLine(error).replaceAll(`${given.source}/`, '');
    return [
      { kind: 'failed', source: place, error: message.includes(unit.path) ? message : `${unit.path}: ${message}` },
    ];
  }
}

/** A unit's name in the journal. */
export const unitKey = ({ part, path }: Pick<Unit, 'part' | 'path'>): string => `${part} ${path}`;

/** Builds one unit; gives its line for the journal, and what failed. */
export async function buildLine(
  unit: Unit,
  context: UnitContext,
): Promise<{ readonly line: string; readonly failure: string | null }> {
  const records = await buildUnit(unit, context);
  const line = JSON.stringify({ key: unitKey(unit), fingerprint: unit.fingerprint, records });
  return { line, failure: records.find((record) => record.kind === 'failed')?.error ?? null };
}
