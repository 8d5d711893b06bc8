/** Headers of files of arrays, each read once, and whether two files (or the arrays of one) are an image and its mask. */
import { join } from 'node:path';
import { ARRAY_ENDING, listArrays } from '../../formats/array-file.ts';
import type { ArrayEntry } from '../../formats/array-variable.ts';
import { type Fit, fitArrays, fitPicture, fitPictureMask } from './array-axes.ts';
import { fileTooLarge, readEach, unreadable } from './values.ts';

/** A shape in words. */
export const sizeText = (shape: readonly number[]): string => `[${shape.join(' x ')}]`;

/** Arrays of a file in words. */
export function listed(entries: readonly ArrayEntry[]): string {
  const named = entries
    .slice(0, 8)
    .map(({ name, shape }) => (name === '' ? sizeText(shape) : `${name} ${sizeText(shape)}`));
  if (entries.length === 0) return 'no array of numbers';
  return `${named.join(', ')}${entries.length > 8 ? ` and ${entries.length - 8} more` : ''}`;
}

/** Reads headers below a folder, each file's once, and keeps what could not be read. */
export function createHeaders(root: string) {
  const known = new Map<string, readonly ArrayEntry[] | null>();
  const failed: string[] = [];
  const read = async (path: string): Promise<readonly ArrayEntry[] | null> => {
    try {
      const large = await fileTooLarge(join(root, path));
      if (large === null) {
        // names that no recipe could hold are left out
        return (await listArrays(join(root, path))).filter(({ name }) => /^[^\p{C}]{0,200}$/u.test(name));
      }
      failed.push(`${path}: ${large}`);
    } catch (error) {
      failed.push(unreadable(error, root, path));
    }
    return null;
  };
  return {
    failed,
    async of(path: string): Promise<readonly ArrayEntry[] | null> {
      const found = known.has(path) ? known.get(path) : await read(path);
      known.set(path, found ?? null);
      return found ?? null;
    },
  };
}
export type Headers = ReturnType<typeof createHeaders>;

/** Width and height of a picture; null where it cannot be read, which is told. */
async function pictureSize(root: string, path: string, failed: string[]): Promise<readonly number[] | null> {
  let found: readonly number[] | null = null;
  const reasons = await readEach(root, [{ path }], ({ volume }) => {
    found = volume.size;
  });
  failed.push(...reasons);
  return found;
}

/** A file of images and one of masks; the same file where it holds both. */
export interface Files {
  readonly image: string;
  readonly mask: string;
}

/** How image and mask of a pair fit each other; null where they cannot be read, or the reason why they do not. */
export async function fitFiles(root: string, { image, mask }: Files, headers: Headers): Promise<Fit | string | null> {
  const [ofImage, ofMask] = [ARRAY_ENDING.test(image), ARRAY_ENDING.test(mask)];
  const images = ofImage ? await headers.of(image) : null;
  const masks = ofMask ? await headers.of(mask) : null;
  if ((ofImage && images === null) || (ofMask && masks === null)) return null;
  const picture = ofImage && ofMask ? null : await pictureSize(root, ofImage ? mask : image, headers.failed);
  if (picture === null && !(ofImage && ofMask)) return null;
  const fit =
    picture === null
      ? fitArrays(images ?? [], image === mask ? null : masks)
      : images === null
        ? fitPicture(picture, masks ?? [])
        : fitPictureMask(picture, images);
  if (fit !== null) return fit;
  const ofPicture = sizeText((picture ?? []).slice(0, 2).toReversed());
  const held = (entries: readonly ArrayEntry[] | null): string => (entries === null ? ofPicture : listed(entries));
  return image === mask ? `it holds ${held(images)}` : `${mask} holds ${held(masks)}, ${image} ${held(images)}`;
}
