/** What the name of a file says: its ending, whether it is of an image or a mask, and what the two have in common. */

/** Endings of files that hold pixels. */
const PIXELS = /\.(nii\.gz|nii|hdr|img\.gz|nrrd|nhdr|mha|mhd|png|jpe?g|webp|tiff?|bmp|gif)$/i;
const VOLUMES = /\.(nii\.gz|nii|hdr|img\.gz|nrrd|nhdr|mha|mhd)$/i;
const MASK_FOLDER =
  /^(masks?|labels?|gts?|ground[-_ ]?truths?|annotations?|segmentations?|segs?|segmentationclass|structures?|rois?|oars?)(tr|ts)?$/i;
const IMAGE_FOLDER = /^(images?|imgs?|scans?|volumes?|pictures?|jpegimages|inputs?|originals?)(tr|ts)?$/i;
/** The end of a name that says mask. */
export const MASK_END = /(?:^|[-_. ])(masks?|segs?|segmentations?|gts?|labels?|ground[-_ ]?truths?|annotations?)$/i;
const IMAGE_END = /(?:^|[-_. ])(images?|imgs?|scans?|vol(?:ume)?s?|cta?|mri?|\d{4})$/i;

/** A file of pixels, or the folder of a DICOM series (its path ends with a slash), by its name. */
export interface Named {
  readonly path: string;
  /** Names of its folders. */
  readonly folders: readonly string[];
  readonly stem: string;
  readonly ending: string;
}

/** What a name has beside what image and mask share. */
export interface Reading {
  /** What image and mask share: folders and stem without the words for either. */
  readonly key: string;
  /** The part of the stem that is shared; empty where all of it is a word for either. */
  readonly base: string;
  /** What follows it. */
  readonly rest: string;
}

/** A path taken apart; null for what holds no pixels. */
export function namedOf(path: string): Named | null {
  const folder = path.endsWith('/');
  const parts = (folder ? path.slice(0, -1) : path).split('/');
  const name = parts[parts.length - 1];
  const ending = folder ? '/' : PIXELS.exec(name)?.[0];
  if (ending === undefined) return null;
  return { path, folders: parts.slice(0, -1), stem: folder ? name : name.slice(0, -ending.length), ending };
}

/** A path of any kind of file taken apart at the last dot of its name. */
export function namedAs(path: string): Named {
  const parts = path.split('/');
  const name = parts[parts.length - 1];
  const at = name.lastIndexOf('.');
  return { path, folders: parts.slice(0, -1), stem: name.slice(0, at), ending: name.slice(at) };
}

/** Whether a name holds a volume. */
export const isVolume = ({ ending }: Named): boolean => ending === '/' || VOLUMES.test(ending);

/** Whether a folder is called after masks, or after images. */
export const isRoleFolder = (folder: string): boolean => MASK_FOLDER.test(folder) || IMAGE_FOLDER.test(folder);

const inFolder = (named: Named, words: RegExp): boolean => named.folders.some((folder) => words.test(folder));

/** Why a file is taken for a mask; null where its name does not say so. */
export function maskReason(named: Named): string | null {
  const folder = named.folders.findLast((one) => MASK_FOLDER.test(one));
  if (folder !== undefined) return `the folder is called ${folder}`;
  const end = MASK_END.exec(named.stem)?.[0];
  return end === undefined || named.ending === '/' ? null : `the name ends with ${end}`;
}

/** Folders without the words for images and masks; the training and test part of such a word is kept (imagesTr and labelsTr). */
export function commonFolders({ folders }: Pick<Named, 'folders'>): string {
  return folders
    .flatMap((folder) => {
      const found = MASK_FOLDER.exec(folder) ?? IMAGE_FOLDER.exec(folder);
      return found === null ? [folder] : found[2] === undefined ? [] : [found[2].toLowerCase()];
    })
    .join('/');
}

function readingOf(named: Named, end: RegExp | null): Reading {
  const at = end === null ? -1 : named.stem.search(end);
  const base = at < 0 ? named.stem : named.stem.slice(0, at);
  return { key: `${commonFolders(named)}/${base}`, base, rest: named.stem.slice(base.length) };
}

/** How a mask's name can be read, the best way first. */
export function maskReadings(named: Named): Reading[] {
  const short = readingOf(named, MASK_END);
  const whole = readingOf(named, null);
  const found = inFolder(named, MASK_FOLDER) ? [whole, short] : [short];
  // a word more, such as what is marked: sct1_T2_spinal-cord_label of sct1_T2
  for (let at = short.base.length; at > 0; at--) {
    if (!/[-_. ]/.test(short.base[at] ?? '')) continue;
    const base = short.base.slice(0, at);
    found.push({ key: `${commonFolders(named)}/${base}`, base, rest: named.stem.slice(at) });
  }
  return found;
}

/** How an image's name can be read. */
export function imageReadings(named: Named): Reading[] {
  const [whole, short] = [readingOf(named, null), readingOf(named, IMAGE_END)];
  return short.rest === '' ? [whole] : [whole, short];
}

/** What a mask's name says is marked, without the words for masks; empty where it says nothing. */
export const markedIn = (rest: string): string =>
  rest
    .replace(MASK_END, '')
    .replace(/[-_. ]+/g, ' ')
    .trim();
