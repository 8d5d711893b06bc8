/**
 * What the build of a set wrote down of its images in `build.jsonl`, as far as training and export use it: targets of which nothing is
 * known in an image, boxes of single objects, and the size of pixels. Refused (`input`, with the line's number): lines that are no JSON.
 */
import { join } from 'node:path';
import type { Box } from '../image/types.ts';
import { listFolder } from '../util/files.ts';
import { jsonLines } from '../util/json-lines.ts';

export interface BuiltImage {
  readonly unknown: readonly string[];
  /** Boxes of single objects by the mask's path below the set's folder, where the source told them apart. */
  readonly instances: ReadonlyMap<string, readonly Box[]>;
  /** Distances of the picture's pixels across and down, mm; null where they are not known. */
  readonly spacing: readonly [number, number] | null;
}

interface Line {
  readonly kind?: unknown;
  readonly image?: unknown;
  readonly unknown?: unknown;
  readonly masks?: unknown;
  readonly size?: unknown;
  readonly inner?: { readonly width?: unknown; readonly height?: unknown } | null;
  readonly spacing?: unknown;
}

interface LineMask {
  readonly file?: unknown;
  readonly instances?: unknown;
}

const isBox = (value: unknown): value is Box =>
  Array.isArray(value) && value.length === 4 && value.every((side) => typeof side === 'number');

/** The source's pixels as far apart as they came to lie in the picture. */
function spacingOf({ size, inner, spacing }: Line): BuiltImage['spacing'] {
  if (!Array.isArray(size) || !Array.isArray(spacing)) return null;
  const across = (Number(spacing[0]) * Number(size[0])) / Number(inner?.width);
  const down = (Number(spacing[1]) * Number(size[1])) / Number(inner?.height);
  return across > 0 && down > 0 && Number.isFinite(across + down) ? [across, down] : null;
}

function builtImage({ unknown, masks, ...line }: Line): BuiltImage {
  const instances = new Map<string, Box[]>();
  for (const { file, instances: boxes } of Array.isArray(masks) ? (masks as LineMask[]) : []) {
    if (typeof file === 'string' && Array.isArray(boxes)) instances.set(file, boxes.filter(isBox));
  }
  return { unknown: Array.isArray(unknown) ? unknown.map(String) : [], instances, spacing: spacingOf(line) };
}

/** The manifest by the image's path below the set's folder; empty without one. */
export async function readManifest(folder: string): Promise<ReadonlyMap<string, BuiltImage>> {
  const images = new Map<string, BuiltImage>();
  if (!(await listFolder(folder))?.includes('build.jsonl')) return images;
  for await (const [value] of jsonLines(join(folder, 'build.jsonl'))) {
    const line = value as Line | null;
    if (line?.kind === 'image' && typeof line.image === 'string') images.set(line.image, builtImage(line));
  }
  return images;
}
