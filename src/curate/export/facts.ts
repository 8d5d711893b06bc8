/**
 * All that is known of one image, for segmentation, detection and recognition: what is in it with boxes, instances and words, what is
 * surely not in it, what is not known, and where each statement comes from.
 */
import { relative, sep } from 'node:path';
import { absentSiblings, type Dataset, type DatasetItem, type DatasetSet, readItemFile } from '../../dataset/index.ts';
import type { Sentence } from '../../dataset/sentences.ts';
import { subjectOf } from '../../dataset/subjects.ts';
import { readMask, readRasterSize } from '../../formats/raster.ts';
import { components } from '../../image/components.ts';
import { measure } from '../../image/measure.ts';
import type { Box, Mask } from '../../image/types.ts';
import { modalityFamily, publishedPrompt } from '../../ontology/index.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { meaningOf } from '../words/check.ts';

/** One object of an image; boxes are left, top, right, bottom in pixels, right and bottom exclusive. */
export interface PresentObject {
  readonly target: string;
  /** Preferred term of the ontology and name among the published objects; null where there is none. */
  readonly concept: string | null;
  readonly published: string | null;
  /** Path of the mask below the data root. */
  readonly mask: string;
  readonly area: number;
  readonly box: Box;
  readonly instances: readonly Box[];
  /** Who told instances apart: the source, or that they do not touch. */
  readonly instances_by: 'source' | 'connected parts';
  readonly sentences: readonly Sentence[];
}

/** A target that is surely not in the image, with a prompt for it. */
export interface AbsentObject {
  readonly target: string;
  readonly prompt: string;
}

export interface ImageFacts {
  readonly set: string;
  readonly split: string;
  /** NAME_MODALITY_SITE. */
  readonly name: string;
  /** Path of the image below the data root. */
  readonly image: string;
  readonly width: number;
  readonly height: number;
  /** As the file name has it (`MRI-T1-Gd`), its family (`MRI`) and its sequence (`T1-Gd`, else null). */
  readonly modality: string;
  readonly family: string;
  readonly sequence: string | null;
  readonly site: string;
  readonly modality_from: 'file name';
  readonly site_from: 'file name';
  /** Null where neither `dataset.json` nor the name tells. */
  readonly subject: string | null;
  readonly subject_from: 'dataset.json' | 'file name' | null;
  readonly present: readonly PresentObject[];
  /** Siblings: annotated in full in such images of the set, and without a mask here. */
  readonly absent: readonly AbsentObject[];
  /** Annotated in such images of the set, but not in full: nothing is known of them here. */
  readonly unknown: readonly string[];
  readonly licence: string | null;
}

/** An image's facts with its masks, in the order of `present`. */
export interface FactsWithMasks {
  readonly facts: ImageFacts;
  readonly masks: readonly Mask[];
}

/** A file's path below the data root; of what lies in a shard that of the tar file with the name in it. */
const pathBelow = (root: string, file: string): string => relative(root, file).split(sep).join('/');

/** Reads an item's image header and masks. */
export async function factsOf(
  dataset: Dataset,
  item: DatasetItem,
  set: DatasetSet,
  subjects: ReadonlyMap<string, string>,
): Promise<FactsWithMasks> {
  const { name, modality, site, file } = item;
  const { split } = dataset;
  const [width, height] = await readRasterSize(await readItemFile(dataset, file), file);
  const present: PresentObject[] = [];
  const masks: Mask[] = [];
  for (const { target, maskFile, sentences = [], instances } of item.targets) {
    const mask = await readMask(await readItemFile(dataset, maskFile), maskFile);
    if (mask.width !== width || mask.height !== height) {
      const sides = `${mask.width} x ${mask.height} pixels, its image has ${width} x ${height}`;
      throw new BiomedParseError('input', `${maskFile}: ${sides}`, { path: maskFile });
    }
    const { areaPx, box } = measure(mask);
    if (box === null) continue;
    const concept = meaningOf(target, set.name, modality, site);
    masks.push(mask);
    present.push({
      ...{ target, concept: concept?.name ?? null, published: concept?.published ?? null },
      ...{ mask: pathBelow(dataset.root, maskFile), area: areaPx, box },
      instances: instances ?? components(mask).parts.map((part) => part.box),
      instances_by: instances === undefined ? 'connected parts' : 'source',
      sentences,
    });
  }
  const named = item.targets.map(({ target }) => target);
  const absent = absentSiblings(set, item, named);
  const annotated = set.targets[`${modality}_${site}`] ?? [];
  const family = modalityFamily(modality);
  const subject = subjects.get(name) ?? subjectOf(name);
  return {
    masks,
    facts: {
      ...{ set: set.name, split, name, image: pathBelow(dataset.root, file), width, height },
      ...{ modality, family, sequence: family === modality ? null : modality.slice(family.length + 1), site },
      ...{ modality_from: 'file name', site_from: 'file name', subject },
      subject_from: subjects.has(name) ? 'dataset.json' : subject === null ? null : 'file name',
      present,
      absent: absent.map((target) => ({ target, prompt: publishedPrompt(target, modality, site) })),
      unknown: annotated.filter((target) => !named.includes(target) && !absent.includes(target)),
      licence: set.licence === '' ? null : set.licence,
    },
  };
}
