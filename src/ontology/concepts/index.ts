/**
 * The ontology: every concept that is known, built from the entries of this folder. The one source of names, places and
 * codes; what training asks for, what text resolves to and what recognition looks for are all read from it.
 */
import type { Side } from '../laterality.ts';
import { abdomenConcepts } from './abdomen.ts';
import { chestConcepts } from './chest.ts';
import { generalConcepts } from './general.ts';
import { headConcepts } from './head.ts';
import { heartConcepts } from './heart.ts';
import { microscopyConcepts } from './microscopy.ts';
import { neckConcepts } from './neck.ts';
import { trunkConcepts } from './trunk.ts';
import {
  type Category,
  type ConceptEntry,
  type ConceptGroup,
  type MetaObject,
  metaObjects,
  type Region,
} from './types.ts';

/** A kind of image: `MRI` stands for all its sequences, site `*` for all sites. */
export interface View {
  readonly modality: string;
  readonly site: string;
}

/** One thing that can be asked for. */
export interface Concept {
  /** Preferred term. */
  readonly name: string;
  readonly category: Category;
  readonly metaObject: MetaObject;
  /** Its name among the published 82 objects; null if it is none of them. */
  readonly published: string | null;
  /** The concept that it is a part or a kind of. */
  readonly parent: string | null;
  /** The side that its name says, the patient's; null if it has none. */
  readonly side: Side | null;
  /** Names that mean it anywhere, without the preferred term. */
  readonly synonyms: readonly string[];
  /** Names that mean it only in an image that has it. */
  readonly looseNames: readonly string[];
  /** What data sets call it. */
  readonly targets: readonly string[];
  /** Where it can occur. */
  readonly views: readonly View[];
  /** The views that the default model was trained on; none: the model does not know it. */
  readonly trainedViews: readonly View[];
  /** Regions of the body that hold it; null where its words do not say. */
  readonly regions: readonly Region[] | null;
  /** Whether many of it lie side by side and touch: their mask has to be cut to tell them apart. */
  readonly crowded: boolean;
  /** Whether it is soft among soft things, so that a radiograph does not tell it from them. */
  readonly hiddenInRadiographs: boolean;
  /** SNOMED CT identifier; null where it is not certain. */
  readonly snomed: string | null;
}

/** `CT abdomen|kidney` as views. */
export function parseViews(lines: readonly string[]): View[] {
  return lines.flatMap((line) => {
    const [modality, sites] = line.split(' ');
    return sites.split('|').map((site) => ({ modality, site }));
  });
}

function joined(...lists: (readonly View[])[]): View[] {
  const seen = new Map(lists.flat().map((view) => [`${view.modality} ${view.site}`, view]));
  return [...seen.values()];
}

/** Names without repetition and without the preferred one. */
function others(name: string, names: readonly string[]): string[] {
  return [...new Set(names)].filter((other) => other !== name);
}

/** The left or right one of an entry; its names are those of one side put together with `left` or `right` in every usual order. */
function sidedConcept(whole: Concept, entry: ConceptEntry, side: Side): Concept {
  const name = `${side} ${entry.name}`;
  const bases = [...new Set([entry.name, ...whole.targets, ...(entry.sidedNames ?? [])])];
  const trained = parseViews(entry.sides?.[side] ?? []);
  const published = whole.published === null ? null : `${side} ${whole.published}`;
  return {
    ...whole,
    name,
    published,
    parent: whole.name,
    side,
    synonyms: others(name, [
      ...bases.flatMap((base) => [`${side} ${base}`, `${base}, ${side} side`, `${side}-sided ${base}`]),
      ...[entry.name, ...whole.targets].flatMap((base) => [
        `${base} on the ${side} side`,
        `${base} ${side}`,
        `patient's ${side} ${base}`,
      ]),
    ]),
    looseNames: [],
    targets: whole.targets.map((target) => `${side} ${target}`),
    views: joined(trained, whole.views),
    trainedViews: trained,
    snomed: entry.sidedSnomed?.[side] ?? null,
  };
}

/** The concepts that an entry stands for: itself and its sides. */
export function conceptsOf(entry: ConceptEntry, regions: readonly Region[] | null): Concept[] {
  const { name, published, kind } = entry;
  const targets = entry.targets ?? [name];
  const trained = parseViews(entry.trained ?? []);
  const strict = [
    ...(published === undefined ? [] : [published]),
    ...targets.filter((target) => !entry.loose?.includes(target)),
    ...(entry.names ?? []),
  ];
  const starting = /^(left|right) /.exec(name);
  const whole: Concept = {
    name,
    category: metaObjects[kind],
    metaObject: kind,
    published: published ?? null,
    parent: entry.parent ?? null,
    side: starting === null ? null : (starting[1] as Side),
    synonyms: others(name, strict),
    looseNames: entry.loose ?? [],
    targets,
    views: joined(trained, parseViews(entry.views ?? [])),
    trainedViews: trained,
    regions,
    crowded: entry.crowded ?? false,
    hiddenInRadiographs: entry.hiddenInRadiographs ?? false,
    snomed: entry.snomed ?? null,
  };
  const sides = (['left', 'right'] as const).filter((side) => entry.sides?.[side] !== undefined);
  return [whole, ...sides.map((side) => sidedConcept(whole, entry, side))];
}

const groups: readonly ConceptGroup[] = [
  ...headConcepts,
  ...neckConcepts,
  ...heartConcepts,
  ...chestConcepts,
  ...abdomenConcepts,
  ...trunkConcepts,
  ...microscopyConcepts,
  ...generalConcepts,
];

/** All concepts; a sided one follows the one that it is a side of. */
export const concepts: readonly Concept[] = groups.flatMap(({ regions, entries }) =>
  entries.flatMap((entry) => conceptsOf(entry, regions)),
);

const byTarget = new Map(
  concepts.flatMap((concept) => [...concept.targets, concept.name].map((name) => [name, concept])),
);

/** The concept that a data set's target, or a preferred term, stands for. */
export function conceptOfTarget(target: string): Concept | undefined {
  return byTarget.get(target);
}

const byName = new Map(concepts.map((concept) => [concept.name, concept]));

/** The concept of a preferred term. */
export function conceptNamed(name: string): Concept | undefined {
  return byName.get(name);
}

/** Whether the default model was trained on it. */
export function isTrained(concept: Concept): boolean {
  return concept.trainedViews.length > 0;
}
