/**
 * Masks with a file for every structure: `case/ct.nii.gz` with `case/segmentations/liver.nii.gz`, `labels/liver/case.nii.gz`,
 * `labels/case/liver.nii.gz`, `case_liver.nii.gz` beside `case_spleen.nii.gz`. One capture of the mask's pattern then says what is marked.
 */
import { addTo } from '../../util/groups.ts';
import { decideByRules, knownContext } from '../rules.ts';
import { type FoundMasks, namedLabel } from './found.ts';
import {
  commonFolders,
  imageReadings,
  isRoleFolder,
  MASK_END,
  maskReadings,
  maskReason,
  type Named,
  type Reading,
} from './names.ts';
import { groupPairs, type Pair, type PairGroup, type Structure } from './pairs.ts';
import { MASKS_READ, maskValues, sample } from './values.ts';

/** Images of several kinds that may lie in a case's folder. */
const MOST_IMAGES = 8;
const SURE = 0.8;
/** Folders that are parts of a set: no structure, and no case. */
const SPLIT = /(^|\/)(train(ing)?|test(ing)?|val(id(ation)?)?|all)?$/i;

/** Whether the ontology surely knows a name. */
export const resolves = (name: string): boolean => {
  const { concept, confidence } = decideByRules(name, knownContext(null, null, null));
  return concept !== null && confidence >= SURE;
};

interface Read {
  readonly image: Named;
  readonly reading: Reading;
}

/** Whose structures lie in a folder of masks that have no image of their own name: of the one image there, or of those of a case. */
function ofFolder(mask: Named, images: readonly Named[]): readonly Named[] {
  const common = commonFolders(mask);
  const ofCase = common !== '' && images.every(({ folders }) => folders.join('/') === common);
  return images.length === 1 || (ofCase && images.length <= MOST_IMAGES) ? images : [];
}

/** Pairs of images and masks that `pairUp` left alone. */
export function pairStructures(files: readonly Named[], alone: readonly Named[], paired: readonly Pair[]): Pair[] {
  const taken = new Set(paired.map(({ image }) => image));
  const free = files.filter((file) => maskReason(file) === null && !taken.has(file));
  const byKey = new Map<string, Read[]>();
  const byFolder = new Map<string, Named[]>();
  for (const image of free) {
    for (const reading of imageReadings(image)) addTo(byKey, reading.key, { image, reading });
    addTo(byFolder, commonFolders(image), image);
  }
  const pairs: Pair[] = [];
  const push = (mask: Named, { image, reading }: Read, maskReading: Reading, structure: Structure): void => {
    pairs.push({ image, mask, imageReading: reading, maskReading, structure });
  };
  const stem = (mask: Named): Reading => ({ key: commonFolders(mask), base: '', rest: mask.stem });
  /** An image of a case is called after its kind, or after the case. */
  const wordOf = (image: Named): Reading => {
    const readings = imageReadings(image);
    return readings.find(({ base }) => base === '') ?? readings[0];
  };
  const rest: Named[] = [];
  for (const mask of alone) {
    const last = mask.folders.length - 1;
    const folder = mask.folders[last] ?? '';
    const above = { ...mask, folders: mask.folders.slice(0, -1) };
    const ofCase = byKey.get(`${commonFolders(above)}/${folder}`) ?? [];
    const reading = maskReadings(above).find(({ key }) => byKey.has(key));
    const isOwn = last >= 0 && !isRoleFolder(folder) && !SPLIT.test(folder) && mask.folders.some(isRoleFolder);
    if (isOwn && reading !== undefined) {
      for (const one of byKey.get(reading.key) ?? []) push(mask, one, reading, { name: folder, folder: last });
    } else if (isOwn && ofCase.length > 0) {
      for (const one of ofCase) push(mask, one, stem(mask), { name: mask.stem, folder: null });
    } else rest.push(mask);
  }
  const perFolder = new Map<string, Named[]>();
  for (const mask of rest) addTo(perFolder, commonFolders(mask), mask);
  for (const [common, masks] of perFolder) {
    // one mask of another name than the one image beside it need not be of it
    if (masks.length === 1 && SPLIT.test(common) && !resolves(masks[0].stem)) continue;
    for (const mask of masks) {
      for (const image of ofFolder(mask, byFolder.get(common) ?? [])) {
        push(mask, { image, reading: wordOf(image) }, stem(mask), { name: mask.stem, folder: null });
      }
    }
  }
  return [...pairs, ...besideImages(free, new Set(pairs.map(({ image }) => image)))];
}

/** Files beside an image that is called image (or ct, scan …) and themselves like objects: `case/image.nii` and `case/liver.nii`. */
function besideImages(free: readonly Named[], taken: ReadonlySet<Named>): Pair[] {
  const folders = new Map<string, Named[]>();
  for (const file of free) if (!taken.has(file)) addTo(folders, `${file.folders.join('/')}/${file.ending}`, file);
  return [...folders.values()].flatMap((files) => {
    const isImage = (file: Named): Reading | undefined => imageReadings(file).find(({ base }) => base === '');
    const images = files.filter((file) => isImage(file) !== undefined);
    const masks = files.filter((file) => isImage(file) === undefined && resolves(file.stem));
    if (images.length !== 1) return [];
    const imageReading = isImage(images[0]) as Reading;
    return masks.map((mask): Pair => {
      const maskReading = { key: commonFolders(mask), base: '', rest: mask.stem };
      return { image: images[0], mask, imageReading, maskReading, structure: { name: mask.stem, folder: null } };
    });
  });
}

/** Whether each of some masks holds one number beside 0. */
async function areSingle(root: string, paths: readonly string[]): Promise<boolean> {
  for (const path of sample(paths, MASKS_READ)) {
    const { labels, read } = await maskValues(root, [{ path }]);
    if (read === 1 && (labels === null || labels.length > 1)) return false;
  }
  return true;
}

/** What follows the image's name in a mask's, taken apart; undefined where it names nothing. */
function structureIn(rest: string): Structure | undefined {
  const after = MASK_END.exec(rest)?.[0] ?? '';
  const found = /^([-_. ]+)(.+)$/.exec(rest.slice(0, rest.length - after.length));
  return found === null ? undefined : { name: found[2], folder: null, round: [found[1], after] };
}

/** Makes one group of those whose masks differ only in what they name: `a_liver_mask` and `a_spleen_mask` of `a`. */
export async function mergeStructures(root: string, groups: readonly PairGroup[]): Promise<PairGroup[]> {
  const alike = new Map<string, PairGroup[]>();
  for (const group of groups) {
    const [{ image, mask, imageReading, maskReading, structure }] = group.pairs;
    const named = structure === undefined && maskReading.base !== '' ? structureIn(maskReading.rest) : undefined;
    const ofImage = [image.folders.length, image.ending, imageReading.rest];
    const ofMask = named === undefined ? [group.masks] : [mask.folders.length, mask.ending, ...(named.round ?? [])];
    addTo(alike, JSON.stringify([ofImage, ofMask]), group);
  }
  const merged: PairGroup[] = [];
  for (const of of alike.values()) {
    const pairs = of.flatMap((group) => group.pairs);
    const marked = pairs.map((pair): Pair => {
      const structure = structureIn(pair.maskReading.rest);
      return structure === undefined ? pair : { ...pair, structure };
    });
    const images = new Set(pairs.map(({ imageReading }) => imageReading.key));
    // a mask whose name begins like those of two images would be found for both
    const clear = pairs.every(({ mask }) => maskReadings(mask).filter(({ key }) => images.has(key)).length === 1);
    const masks = pairs.map(({ mask }) => mask.path);
    const isOne = of.length > 1 && clear && (await areSingle(root, masks));
    merged.push(...(isOne ? groupPairs(marked) : of));
  }
  return merged;
}

const sameFolder = (a: Named, b: Named): boolean => a.folders.join('/') === b.folders.join('/');

/** The masks of a group whose pairs say what is marked. */
export async function structureMasks(
  root: string,
  { pairs, images, masks, except, why }: PairGroup,
): Promise<{ readonly masks: FoundMasks; readonly open: readonly string[] }> {
  const names = [...new Set(pairs.map(({ structure }) => structure?.name ?? ''))].sort();
  const pictures = new Set(pairs.map(({ image }) => image.path)).size;
  const paths = pairs.map(({ mask }) => mask.path);
  const values = await maskValues(
    root,
    sample(paths, MASKS_READ).map((path) => ({ path })),
  );
  const threshold = values.read > 0 && values.labels === null ? 127 : null;
  const unread = values.failed.map((reason) => `not read: ${reason}`);
  const common = { images, except, pairs: pairs.length, threshold };
  if (pictures > 1 && names.length === pairs.length && !sample(names, MASKS_READ).some(resolves)) {
    const reason = `reader instances: no two of ${pairs.length} masks have one name, so that each is taken for one object`;
    return {
      masks: {
        ...{ ...common, threshold: null, masks: masks.replace('{structure}', '*'), reader: 'instances', settings: {} },
        ...{ labels: [{ label: 'marked', target: 'object', named: false }], why: [why, reason] },
      },
      open: [...unread, `${masks}: what is marked is not named; the draft calls it "object"`],
    };
  }
  // beside the image the capture would take the image too
  const beside = /(^|\/)\{structure\}\./.test(masks) && pairs.some(({ image, mask }) => sameFolder(image, mask));
  const pattern = beside ? `{structure:${names.join('|')}}` : '{structure}';
  const several = !(await areSingle(root, paths));
  return {
    masks: {
      ...{ ...common, masks: masks.replace('{structure}', pattern), reader: 'binary' },
      ...{ labels: names.map(namedLabel), settings: { label: '{structure}' } },
      why: [
        why,
        `reader binary: every structure has a file of its own, and its name says which; ${names.length} were seen`,
      ],
    },
    open: [
      ...unread,
      ...(several ? [`${masks}: some masks hold several numbers; all that is not 0 is taken for the structure`] : []),
    ],
  };
}
