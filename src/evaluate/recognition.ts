/**
 * How well a model recognises what is in the images of a data folder, and detects single objects in them: precision, recall and F1
 * per image (recognition-score.ts says what counts), and AP50 per set and target (detection-ap.ts).
 *
 * AP50 is of targets that the set annotates in full in such images, over all its images that were looked at, also those without the
 * target: elsewhere a detection more is not surely wrong. The truth's objects are the boxes of the data's manifest where it has
 * them, else those of the mask, taken apart like the answers.
 */
import { absentSiblings, type Dataset, type DatasetItem, type DatasetSet, readItemMask } from '../dataset/index.ts';
import type { Box } from '../image/types.ts';
import { detectionAp, type Match, matchBoxes } from './detection-ap.ts';
import { chosenItems, type EvaluateOptions } from './evaluate.ts';
import { maskBoxes } from './mask-boxes.ts';
import { mean } from './metrics.ts';
import type { Part } from './parts.ts';
import {
  conceptName,
  figuresOf,
  type ImageRecognition,
  type KnownTargets,
  meanFigures,
  type RecognitionFigures,
  scoreRecognition,
} from './recognition-score.ts';
import type { Recognizer } from './recognizers.ts';

/** Figures of one way to recognise; over images in a set, over sets in all. */
export interface RecognitionTotals extends RecognitionFigures {
  readonly right: number;
  readonly missed: number;
  readonly wrong: number;
  /** Images of a kind that was refused or could not be told: all their targets are missed. */
  readonly refused: number;
}

/** One target of a set. */
export interface RecognitionTarget {
  readonly set: string;
  readonly target: string;
  /** Images that have it, those of them where it was recognised, and those where others cover it. */
  readonly present: number;
  readonly found: number;
  readonly covered: number;
  /** Images that surely do not have it, and those of them where it was recognised. */
  readonly absent: number;
  readonly wrong: number;
  /** Single objects in images that are annotated in full. */
  readonly objects: number;
  /** Null where there are none. */
  readonly ap50: number | null;
}

export interface RecognitionSet {
  readonly set: string;
  readonly images: number;
  /** With modality and site as the data set names them. */
  readonly given: RecognitionTotals;
  /** With those that the model guesses; null where it never does. */
  readonly guessed: RecognitionTotals | null;
  /** Mean over the set's targets with objects. */
  readonly ap50: number | null;
}

export interface RecognitionReport {
  readonly images: number;
  readonly given: RecognitionTotals;
  readonly guessed: RecognitionTotals | null;
  /** Share of images whose modality was guessed right. */
  readonly guessed_modality: number | null;
  /** Mean over the (set, target) pairs with objects. */
  readonly ap50: number | null;
  readonly sets: readonly RecognitionSet[];
  readonly targets: readonly RecognitionTarget[];
  readonly what_counts: string;
  readonly seconds: number;
}

/** What is said of unknown targets wherever figures are printed. */
export const WHAT_COUNTS =
  'Only targets that the set annotates count: found or missed where they have a mask, wrong only where the set says that they are not there.';

/** One image with what is known and what was seen. */
interface Looked {
  readonly set: string;
  readonly known: KnownTargets;
  readonly given: ImageRecognition;
  readonly covered: ReadonlySet<string>;
  readonly isRefused: boolean;
  readonly guessed: (ImageRecognition & { readonly isRefused: boolean; readonly isModality: boolean }) | null;
  readonly detected: readonly {
    readonly target: string;
    readonly objects: number;
    readonly matches: readonly Match[];
  }[];
}

interface Truth {
  readonly known: KnownTargets;
  /** Objects of the targets that are annotated in full. */
  readonly objects: ReadonlyMap<string, readonly Box[]>;
}

async function truthOf(dataset: Dataset, item: DatasetItem, set: DatasetSet): Promise<Truth> {
  const full = new Set(absentSiblings(set, item, []));
  const objects = new Map<string, readonly Box[]>([...full].map((target) => [target, []]));
  const present: string[] = [];
  const empty: string[] = [];
  for (const { target, maskFile, instances } of item.targets) {
    const mask = await readItemMask(dataset, maskFile);
    const isEmpty = !mask.data.some((value) => value !== 0);
    (isEmpty ? empty : present).push(target);
    if (!isEmpty && full.has(target)) objects.set(target, instances ?? maskBoxes(mask, target));
  }
  const named = [...present, ...empty];
  return { known: { present, absent: [...empty, ...absentSiblings(set, item, named)] }, objects };
}

async function look<Opened>(
  recognizer: Recognizer<Opened>,
  image: Opened,
  dataset: Dataset,
  item: DatasetItem,
  signal?: AbortSignal,
): Promise<Looked> {
  const set = dataset.sets.find(({ name }) => name === item.set) as DatasetSet;
  const { known, objects } = await truthOf(dataset, item, set);
  const detected = [...objects.keys()];
  const seen = await recognizer.see(image, item, { named: [...known.present, ...known.absent], detected }, signal);
  const scored = (found: ReadonlySet<string> | undefined): ImageRecognition =>
    scoreRecognition(found ?? new Set(), known);
  return {
    set: item.set,
    known,
    given: scored(seen.given?.found),
    covered: seen.given?.covered ?? new Set(),
    isRefused: seen.given === null,
    guessed: seen.guessed && {
      ...scored(seen.guessed.found?.found),
      isRefused: seen.guessed.found === null,
      isModality: seen.guessed.isModality,
    },
    detected: detected.map((target, i) => {
      const boxes = objects.get(target) as readonly Box[];
      return { target, objects: boxes.length, matches: matchBoxes(seen.detections[i], boxes) };
    }),
  };
}

const round = (value: number): number => Number(value.toFixed(6));
const rounded = (value: number | null): number | null => (value === null ? null : round(value));
const isNumber = (value: number | null): value is number => value !== null;
const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0);

function roundedFigures({ precision, recall, f1 }: RecognitionFigures): RecognitionFigures {
  return { precision: rounded(precision), recall: rounded(recall), f1: rounded(f1) };
}

function totalsOf(images: readonly (ImageRecognition & { readonly isRefused: boolean })[]): RecognitionTotals {
  return {
    ...roundedFigures(meanFigures(images.map(figuresOf))),
    right: sum(images, ({ right }) => right.length),
    missed: sum(images, ({ missed }) => missed.length),
    wrong: sum(images, ({ wrong }) => wrong.length),
    refused: images.filter(({ isRefused }) => isRefused).length,
  };
}

/** Of several sets: figures are means over sets, counts are sums. */
function together(sets: readonly RecognitionTotals[]): RecognitionTotals {
  return {
    ...roundedFigures(meanFigures(sets)),
    right: sum(sets, ({ right }) => right),
    missed: sum(sets, ({ missed }) => missed),
    wrong: sum(sets, ({ wrong }) => wrong),
    refused: sum(sets, ({ refused }) => refused),
  };
}

function targetReport(set: string, target: string, images: readonly Looked[]): RecognitionTarget {
  const concept = conceptName(target);
  const present = images.filter(({ known }) => known.present.includes(target));
  const absent = images.filter(({ known }) => known.absent.includes(target));
  const detected = images.flatMap((one) => one.detected.filter((own) => own.target === target));
  const objects = sum(detected, (one) => one.objects);
  return {
    set,
    target,
    present: present.length,
    found: present.filter(({ given }) => given.right.includes(concept)).length,
    covered: present.filter(({ covered }) => covered.has(concept)).length,
    absent: absent.length,
    wrong: absent.filter(({ given }) => given.wrong.includes(concept)).length,
    objects,
    ap50: rounded(
      detectionAp(
        detected.flatMap(({ matches }) => matches),
        objects,
      ),
    ),
  };
}

function makeRecognitionReport(all: readonly Looked[], seconds: number): RecognitionReport {
  const names = [...new Set(all.map(({ set }) => set))];
  const imagesOf = (set: string): Looked[] => all.filter((one) => one.set === set);
  const targets = names.flatMap((set) => {
    const images = imagesOf(set);
    const own = new Set(images.flatMap(({ known }) => [...known.present, ...known.absent]));
    return [...own].sort().map((target) => targetReport(set, target, images));
  });
  const sets = names.map((set): RecognitionSet => {
    const images = imagesOf(set);
    const guessed = images.flatMap((one) => one.guessed ?? []);
    return {
      set,
      images: images.length,
      given: totalsOf(images.map(({ given, isRefused }) => ({ ...given, isRefused }))),
      guessed: guessed.length === 0 ? null : totalsOf(guessed),
      ap50: rounded(mean(targets.flatMap((one) => (one.set === set ? (one.ap50 ?? []) : [])))),
    };
  });
  const guesses = all.flatMap(({ guessed }) => guessed ?? []);
  const guessed = sets.flatMap((one) => one.guessed ?? []);
  return {
    images: all.length,
    given: together(sets.map((one) => one.given)),
    guessed: guessed.length === 0 ? null : together(guessed),
    guessed_modality: rounded(mean(guesses.map(({ isModality }) => (isModality ? 1 : 0)))),
    ap50: rounded(mean(targets.map(({ ap50 }) => ap50).filter(isNumber))),
    sets,
    targets,
    what_counts: WHAT_COUNTS,
    seconds: round(seconds),
  };
}

/** Recognition and detection over the images of an open data folder, `limit` of each set. */
export function createRecognitionPart<Opened>(
  recognizer: Recognizer<Opened>,
  dataset: Dataset,
  { limit, signal }: Pick<EvaluateOptions, 'limit' | 'signal'>,
): Part<Opened, RecognitionReport> {
  const all: Looked[] = [];
  return {
    items: chosenItems(dataset, limit),
    async look(item, image) {
      all.push(await look(recognizer, image, dataset, item, signal));
    },
    report: (seconds) => makeRecognitionReport(all, seconds),
  };
}
