/**
 * Which image comes next and what is asked of it. A set is taken by its images to the power of 0.75, so that small ones are
 * heard, and by the square root of its number of targets; in it, images with rare targets more often; of an image, rare targets before common
 * ones and none twice while others are left. About `negativeFraction` of the prompts name objects that are surely absent.
 */
import { drawPrompt, mirrorAllowed, mirrorTarget } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { addTo } from '../util/groups.ts';
import type { Random } from '../util/random.ts';
import type { ImageStore, StoredImage, StoredMask, StoreGroup } from './store.ts';

/** One prompt of a sample. */
export interface Ask {
  /** What is asked for, as it is called in the image as shown (mirrored or not). */
  readonly target: string;
  readonly prompt: string;
  /** The stored mask; `undefined` where the object is absent. */
  readonly mask: StoredMask | undefined;
}

/** An image as it will be shown. */
export interface ImagePlan {
  readonly image: StoredImage;
  readonly group: StoreGroup;
  readonly mirror: boolean;
}

export interface Plan extends ImagePlan {
  readonly asks: readonly Ask[];
}

export interface ImagePlanOptions {
  /** Whether half of the images that may be mirrored are. */
  readonly mirrors: boolean;
  /** How many times as often as otherwise a set is drawn, by its name; 1 where nothing is said. */
  readonly setWeights?: Readonly<Record<string, number>> | undefined;
}

export interface PlanOptions extends ImagePlanOptions {
  readonly promptsPerImage: number;
  /** Share of prompts for absent objects, 0..1. */
  readonly negativeFraction: number;
}

/** Things to draw from, with running sums of their weights. */
interface Weighted<T> {
  readonly items: readonly T[];
  readonly sums: readonly number[];
}

function weighted<T>(items: readonly T[], weight: (item: T) => number): Weighted<T> {
  let sum = 0;
  return { items, sums: items.map((item) => (sum += weight(item))) };
}

function draw<T>(random: Random, { items, sums }: Weighted<T>): T {
  const at = random.next() * sums[sums.length - 1];
  const found = sums.findIndex((sum) => at < sum);
  return items[found < 0 ? items.length - 1 : found];
}

/** An image with a rare target is drawn at most this many times as often as others of its set. */
const MOST_FAVOUR = 3;

/** A set with many images or targets is drawn more often, though not in full proportion: small sets are soon known by heart. */
const IMAGES_POWER = 0.75;
const TARGETS_POWER = 0.5;

/** Images of each set by how often they are drawn, sets likewise. */
function tableOf(
  store: ImageStore,
  rarity: readonly number[],
  setWeights: Readonly<Record<string, number>>,
): Weighted<Weighted<StoredImage>> {
  const sets = new Map<string, StoredImage[]>();
  for (const image of store.images) {
    const { set, foreign } = store.groups[image.group];
    if (image.masks.length + image.absent.length + foreign.length === 0) continue;
    addTo(sets, set, image);
  }
  if (sets.size === 0) throw new BiomedParseError('input', 'no image of the data has anything that can be asked for');
  const tables = [...sets.values()].map((images) => {
    const rarest = (image: StoredImage): number => Math.max(...image.masks.map(({ target }) => rarity[target]));
    let common = Number.POSITIVE_INFINITY;
    for (const { masks } of images) for (const { target } of masks) common = Math.min(common, rarity[target]);
    const favour = (image: StoredImage): number => Math.min(MOST_FAVOUR, rarest(image) / common);
    return weighted(images, (image) => (image.masks.length === 0 ? 1 : favour(image)));
  });
  return weighted(tables, ({ items }) => {
    const targets = new Set(items.flatMap(({ masks }) => masks.map(({ target }) => target)));
    const { set } = store.groups[items[0].group];
    return (setWeights[set] ?? 1) * items.length ** IMAGES_POWER * Math.max(1, targets.size) ** TARGETS_POWER;
  });
}

/** Absent siblings are asked for this often, where there are any; else half of the time something of the same modality. */
const SIBLING = 0.6;
const SAME_MODALITY = 0.5;

/** An object that is not in the image, one not in `used` while there is any; `undefined` where none is known. */
function drawAbsent(random: Random, image: StoredImage, group: StoreGroup, used: Set<string>): string | undefined {
  const fresh = (names: readonly string[]): readonly string[] => names.filter((name) => !used.has(name));
  const kinds = [image.absent, group.foreignSameModality, group.foreign];
  let [siblings, near, foreign] = kinds.map(fresh);
  if (siblings.length + near.length + foreign.length === 0) [siblings, near, foreign] = kinds;
  const order =
    random.next() < SIBLING
      ? [siblings, near, foreign]
      : random.next() < SAME_MODALITY
        ? [near, foreign, siblings]
        : [foreign, siblings];
  const names = order.find(({ length }) => length > 0);
  if (names === undefined) return undefined;
  const name = random.pick(names);
  used.add(name);
  return name;
}

/** Masks with sentences of their own are asked for by one of them this often. */
const OWN_SENTENCE = 0.5;

/** The chances of a plan, for training programs elsewhere. */
export const planChances = {
  mostFavour: MOST_FAVOUR,
  imagesPower: IMAGES_POWER,
  targetsPower: TARGETS_POWER,
  sibling: SIBLING,
  sameModality: SAME_MODALITY,
  ownSentence: OWN_SENTENCE,
};

/** One of the mask's own sentences, now and then. */
function drawSentence(random: Random, store: ImageStore, { sentences = [] }: StoredMask): string | undefined {
  if (sentences.length === 0 || random.next() >= OWN_SENTENCE) return undefined;
  return store.sentences?.[random.pick(sentences)];
}

/** Weight of each target of a store: 1 for one of a single mask, less for common ones. */
const rarityOf = ({ targetCounts }: ImageStore): number[] =>
  targetCounts.map((count) => 1 / Math.sqrt(Math.max(1, count)));

/** Draws images from a store; what is drawn depends on the random stream alone. */
export function createImagePlanner(
  store: ImageStore,
  { mirrors, setWeights = {} }: ImagePlanOptions,
): (random: Random) => ImagePlan {
  const table = tableOf(store, rarityOf(store), setWeights);
  return (random) => {
    const image = draw(random, draw(random, table));
    const group = store.groups[image.group];
    const mirror = mirrors && mirrorAllowed(group.modality, group.site, group.targets) && random.next() < 0.5;
    return { image, group, mirror };
  };
}

/** Draws images and what is asked of them. */
export function createPlanner(store: ImageStore, options: PlanOptions): (random: Random) => Plan {
  const { promptsPerImage, negativeFraction } = options;
  const rarity = rarityOf(store);
  const drawImage = createImagePlanner(store, options);
  return (random) => {
    const { image, group, mirror } = drawImage(random);
    const { modality, site } = group;
    const used = new Set<string>();
    let left: readonly StoredMask[] = [];
    const asks = Array.from({ length: promptsPerImage }, (): Ask => {
      const negative = image.masks.length === 0 || random.next() < negativeFraction;
      const absent = negative ? drawAbsent(random, image, group, used) : undefined;
      let mask: StoredMask | undefined;
      if (absent === undefined) {
        if (left.length === 0) left = image.masks;
        const chosen = draw(
          random,
          weighted(left, ({ target }) => rarity[target]),
        );
        left = left.filter((other) => other !== chosen);
        mask = chosen;
      }
      const stored = absent ?? store.targetNames[(mask as StoredMask).target];
      const target = mirror ? mirrorTarget(stored) : stored;
      // a sentence names the side that the mirror image does not show
      const fits = mask !== undefined && target === stored;
      const sentence = fits ? drawSentence(random, store, mask as StoredMask) : undefined;
      return { target, prompt: sentence ?? drawPrompt(random, target, modality, site, mask === undefined), mask };
    });
    return { image, group, mirror, asks };
  };
}
