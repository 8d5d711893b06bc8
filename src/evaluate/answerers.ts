/** Who answers in an evaluation: a model, or a folder of masks that any other program made. */
import { join } from 'node:path';
import { type Dataset, type DatasetItem, itemImage } from '../dataset/index.ts';
import { readMask } from '../formats/raster.ts';
import type { Mask } from '../image/types.ts';
import { publishedPrompt } from '../ontology/index.ts';
import type { EncodedImage, Model } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';
import { listFolder, readFileChecked } from '../util/files.ts';

/** The answer for one target of an image. */
export interface Answer {
  /** The mask before any refusal; null if there is none. */
  readonly mask: Mask | null;
  /** How sure it is that the object is there, 0..1. */
  readonly presence: number;
}

/** Who answers for the images of a data folder, of which each is opened first. */
export interface Answerer<Opened> {
  /** Presence from which an object counts as found in an image of that modality; null: unknown. */
  presenceLimit(modality: string | null): number;
  /** Share of absent objects that it says it calls present; null if it says none. */
  readonly falseAlarmRate: number | null;
  /** An image ready for any number of questions; free it with `close`. */
  open(item: DatasetItem, signal?: AbortSignal): Promise<Opened>;
  close(image: Opened): void;
  /** The answers for targets of an image, in their order. */
  answer(
    image: Opened,
    item: DatasetItem,
    targets: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly Answer[]>;
}

/** Asks a model in the published form of prompts. */
export function modelAnswerer(model: Model, dataset: Dataset): Answerer<EncodedImage> {
  return {
    presenceLimit: (modality) => model.presenceLimit(modality),
    falseAlarmRate: model.presence.presence?.falseAlarmRate ?? null,
    async open(item, signal) {
      return model.encode(await itemImage(dataset, item), signal === undefined ? {} : { signal });
    },
    close: (image) => image.dispose(),
    async answer(image, { modality, site }, targets, signal) {
      const prompts = targets.map((target) => publishedPrompt(target, modality, site));
      // presence threshold 0: the mask without the refusal, from which the gated one follows
      const how = { presenceThreshold: 0, ...(signal === undefined ? {} : { signal }) };
      const answers: Answer[] = [];
      for await (const one of image.segment(prompts, how)) answers.push(one);
      return answers;
    },
  };
}

/**
 * Reads masks `<folder>/<set>/NAME_MODALITY_SITE_TARGET.png`, named as those of the data are. A mask that is not there, or is
 * empty, says "absent". Refuses (`input`) a folder that has no folder of any of the sets.
 */
export async function folderAnswerer(folder: string, { sets }: Pick<Dataset, 'sets'>): Promise<Answerer<null>> {
  const inside = await listFolder(folder);
  if (inside === undefined) throw new BiomedParseError('input', `there is no folder ${folder}`, { folder });
  const names = sets.map(({ name }) => name);
  const files = new Map<string, ReadonlySet<string>>();
  for (const name of names) {
    if (inside.includes(name)) files.set(name, new Set(await listFolder(join(folder, name))));
  }
  if (files.size === 0) {
    throw new BiomedParseError(
      'input',
      `${folder} has no folder of masks that is named as a data set; allowed: ${names.join(', ')}`,
      { folder },
    );
  }
  return {
    presenceLimit: () => 0.5,
    falseAlarmRate: null,
    open: async () => null,
    close: () => undefined,
    async answer(_, { set, name }, targets) {
      const answers: Answer[] = [];
      for (const target of targets) {
        const file = `${name}_${target.replaceAll(' ', '+')}.png`;
        const path = join(folder, set, file);
        const mask = files.get(set)?.has(file) ? await readMask(await readFileChecked(path), path) : null;
        answers.push({ mask, presence: mask?.data.some((value) => value !== 0) ? 1 : 0 });
      }
      return answers;
    },
  };
}
