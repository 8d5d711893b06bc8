/** Region prompts as options: `--point x,y`, `--box x0,y0,x1,y1` and `--scribble mask.png`, each as often as wanted. */
import { InvalidArgumentError } from 'commander';
import { readMask } from '../formats/raster.ts';
import type { RegionPrompt } from '../image/regions.ts';
import type { Box } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';

/** Values of the options. */
export interface RegionCommand {
  readonly point?: readonly (readonly [number, number])[];
  readonly box?: readonly Box[];
  readonly scribble?: readonly string[];
  readonly force?: boolean;
}

/** One place as the JSON output repeats it. */
export type RegionReport =
  | { readonly point: readonly [number, number] }
  | { readonly box: Box }
  | { readonly scribble: string };

function wholeNumbers(text: string, names: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length !== names.split(',').length || parts.some((part) => !/^\d{1,9}$/.test(part))) {
    throw new InvalidArgumentError(`allowed: ${names}, whole numbers in pixels of the image.`);
  }
  return parts.map(Number);
}

/** Adds a point to those given before. */
export function collectPoint(text: string, before: readonly (readonly [number, number])[] = []) {
  return [...before, wholeNumbers(text, 'x,y') as [number, number]];
}

/** Adds a box to those given before. */
export function collectBox(text: string, before: readonly Box[] = []): Box[] {
  return [...before, wholeNumbers(text, 'x0,y0,x1,y1') as unknown as Box];
}

/** The options as the JSON output repeats them. */
export function reportRegions({ point = [], box = [], scribble = [] }: RegionCommand): RegionReport[] {
  return [
    ...point.map((one) => ({ point: one })),
    ...box.map((one) => ({ box: one })),
    ...scribble.map((one) => ({ scribble: one })),
  ];
}

/** Whether any region was given; only one image may be asked then, as coordinates are those of one image. */
export function hasRegions(command: RegionCommand, images: number): boolean {
  const given = reportRegions(command).length > 0;
  if (given && images > 1) {
    throw new BiomedParseError(
      'usage',
      `${images} images given with --point, --box or --scribble; they name places in one image, so one image is allowed`,
    );
  }
  if (!given && command.force === true) {
    throw new BiomedParseError('usage', '--force is for --point, --box and --scribble; none of them is given');
  }
  return given;
}

/** The regions, scribbles read from their files. */
export async function readRegions({ point = [], box = [], scribble = [] }: RegionCommand): Promise<RegionPrompt[]> {
  const regions: RegionPrompt[] = [...point.map((one) => ({ point: one })), ...box.map((one) => ({ box: one }))];
  for (const file of scribble) regions.push({ scribble: await readMask(file) });
  return regions;
}
