/** Files of annotations beside images: read one after another within limits, and paired with images by their names. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileChecked } from '../../util/files.ts';
import { addTo } from '../../util/groups.ts';
import { imageReadings, maskReadings, type Named, namedAs } from './names.ts';
import type { Pair } from './pairs.ts';
import { unreadable } from './values.ts';

/** Bytes of one file, and of all of them, that are read. */
export interface TextLimits {
  readonly file: number;
  readonly all: number;
}

/** Files below a folder as text, one after another; those that are too large or cannot be read are told. */
export async function* texts(
  root: string,
  files: readonly string[],
  limits: TextLimits,
  large: string[],
): AsyncGenerator<readonly [path: string, text: string]> {
  let sum = 0;
  for (const path of files) {
    const { size } = await stat(join(root, path));
    if (size > limits.file || sum + size > limits.all) {
      large.push(`${path}: it has ${size} bytes and was not opened`);
      continue;
    }
    sum += size;
    let text: string;
    try {
      text = (await readFileChecked(join(root, path))).toString('utf8');
    } catch (error) {
      large.push(unreadable(error, root, path));
      continue;
    }
    yield [path, text];
  }
}

/** Pairs of images and files of annotations whose names say that they belong together. */
export function pairFiles(files: readonly string[], images: readonly Named[]): Pair[] {
  const byKey = new Map<string, { readonly image: Named; readonly reading: Pair['imageReading'] }>();
  for (const image of images) {
    for (const reading of imageReadings(image)) byKey.set(reading.key, { image, reading });
  }
  return files.flatMap((file): Pair[] => {
    const mask = namedAs(file);
    const maskReading = maskReadings(mask).find(({ key }) => byKey.has(key));
    const found = maskReading && byKey.get(maskReading.key);
    if (found === undefined || maskReading === undefined) return [];
    return [{ image: found.image, mask, imageReading: found.reading, maskReading }];
  });
}

/** As `pairFiles`; files of any other folder are paired too where one image alone has their name. */
export function pairFilesAnywhere(files: readonly string[], images: readonly Named[]): Pair[] {
  const pairs = pairFiles(files, images);
  const paired = new Set(pairs.map(({ mask }) => mask.path));
  const byStem = new Map<string, Named[]>();
  for (const image of images) addTo(byStem, image.stem, image);
  const more = files.flatMap((file): Pair[] => {
    const mask = namedAs(file);
    const [image, ...others] = byStem.get(mask.stem) ?? [];
    if (paired.has(file) || image === undefined || others.length > 0) return [];
    const reading = { key: mask.stem, base: mask.stem, rest: '' };
    return [{ image, mask, imageReading: reading, maskReading: reading }];
  });
  return [...pairs, ...more];
}
