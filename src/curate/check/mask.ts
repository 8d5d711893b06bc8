/** One mask file by itself and against its image. */
import { readRaster } from '../../formats/raster.ts';
import type { Image, Mask } from '../../image/types.ts';
import { type Place, type Problem, report, tryTo } from './problems.ts';

/** Values that a message names at most. */
const NAMED = 5;

/** The values of a mask's pixels beside 0, sorted; colours as `#rrggbb`. */
function valuesOf({ data, width, height, channels }: Image): (number | string)[] {
  const colours = Math.min(channels, 3);
  const values = new Set<number>();
  let last = 0;
  for (let i = 0; i < width * height; i++) {
    let value = 0;
    for (let c = 0; c < colours; c++) value = value * 65536 + data[i * channels + c];
    if (value !== last) values.add(value);
    last = value;
  }
  values.delete(0);
  const sorted = [...values].sort((a, b) => a - b);
  if (colours === 1) return sorted;
  const part = (value: number, place: number): string =>
    (Math.floor(value / 65536 ** place) % 65536).toString(16).padStart(2, '0');
  return sorted.map((value) => `#${part(value, 2)}${part(value, 1)}${part(value, 0)}`);
}

/** The mask in a file's bytes, of an image of that size (`undefined` where it could not be read); `undefined` where nothing is in it to go on with. */
export async function checkMask(
  place: Place,
  read: () => Promise<Uint8Array>,
  image: { readonly width: number; readonly height: number } | undefined,
  problems: Problem[],
): Promise<Mask | undefined> {
  const raster = await tryTo(problems, 'unreadable', place, async () => readRaster(await read(), place.file));
  if (raster === undefined) return undefined;
  const { data, width, height, channels } = raster;
  if (image !== undefined && (image.width !== width || image.height !== height)) {
    const sides = `${width} x ${height}, its image ${image.width} x ${image.height}`;
    report(problems, 'size', place, `the mask has ${sides} pixels`);
  }
  const values = valuesOf(raster);
  if (values.length === 0) {
    report(problems, 'empty mask', place, 'no pixel of the mask is set');
    return undefined;
  }
  if (values.length > 1) {
    const named = `${values.slice(0, NAMED).join(', ')}${values.length > NAMED ? ', ...' : ''}`;
    report(problems, 'label values', place, `${values.length} values beside 0 (${named}); a mask has one`);
  }
  const colours = Math.min(channels, 3);
  const inside = new Uint8Array(width * height);
  for (let i = 0; i < inside.length; i++) {
    for (let c = 0; c < colours; c++) if (data[i * channels + c] !== 0) inside[i] = 1;
  }
  return { data: inside, width, height };
}
