/** Who recognises and detects in an evaluation: a model, or a folder of masks that any other program made. */
import type { DatasetItem } from '../dataset/index.ts';
import { modalityFamily, publishedPrompt } from '../ontology/index.ts';
import { detectEncoded } from '../parse/detect.ts';
import { candidates, chooseView, type Recognition, recognizeEncoded } from '../parse/recognize.ts';
import type { EncodedImage } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { Answerer } from './answerers.ts';
import type { ScoredBox } from './detection-ap.ts';
import { maskBoxes } from './mask-boxes.ts';
import { conceptName } from './recognition-score.ts';

/** Names of concepts that were recognised in an image. */
export interface Recognized {
  readonly found: ReadonlySet<string>;
  /** Present by their score, but left out as others cover them. */
  readonly covered: ReadonlySet<string>;
}

/** What was seen in one image. */
export interface SeenImage {
  /** With the modality and site of the data set; null where they are refused, as the model does not know such images. */
  readonly given: Recognized | null;
  /** With what the model guessed; `found` is null where it could not tell. Null where it never guesses. */
  readonly guessed: { readonly found: Recognized | null; readonly isModality: boolean } | null;
  /** Detections of the targets that were asked for, in their order. */
  readonly detections: readonly (readonly ScoredBox[])[];
}

export interface Recognizer<Opened> {
  /**
   * Looks at one image that its answerer opened: `named` are all targets whose presence is known, which only masks in a folder need to be told, `detected`
   * those whose single objects are wanted.
   */
  see(
    image: Opened,
    item: DatasetItem,
    asked: { readonly named: readonly string[]; readonly detected: readonly string[] },
    signal?: AbortSignal,
  ): Promise<SeenImage>;
}

/** The value, or null where it is refused by an error of that code. */
function unlessRefused<T>(code: BiomedParseError['code'], work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof BiomedParseError && error.code === code) return null;
    throw error;
  }
}

function namesOf({ objects, covered }: Recognition): Recognized {
  return {
    found: new Set(objects.map(({ name }) => name)),
    covered: new Set(covered.map(({ name }) => name)),
  };
}

/** Recognition with the given kind of image and with the guessed one, which is the same work where both agree. */
async function recognizeTwice(
  encoded: EncodedImage,
  { modality, site }: DatasetItem,
  options: { readonly signal?: AbortSignal },
): Promise<Pick<SeenImage, 'given' | 'guessed'>> {
  const recognized = async (view: { modality: string; site?: string }): Promise<Recognized> =>
    namesOf(await recognizeEncoded(encoded, { ...view, ...options }));
  const view = unlessRefused('usage', () => candidates(modality, site));
  const given = view === null ? null : await recognized({ modality, site });
  const guesses = encoded.guessViews();
  if (guesses === null) return { given, guessed: null };
  const guess = unlessRefused('input', () => chooseView(guesses));
  if (guess === null) return { given, guessed: { found: null, isModality: false } };
  const isSame = guess.modality === view?.modality && guess.site === view.site;
  const found = isSame
    ? given
    : await recognized({ modality: guess.modality, ...(guess.site === null ? {} : { site: guess.site }) });
  return { given, guessed: { found, isModality: guess.modality === modalityFamily(modality) } };
}

/** Asks a model; detections are ranked by score without any threshold of presence, as average precision wants them. */
export const modelRecognizer: Recognizer<EncodedImage> = {
  async see(image, item, { detected }, signal) {
    const options = signal === undefined ? {} : { signal };
    const recognized = await recognizeTwice(image, item, options);
    const detections: ScoredBox[][] = [];
    const prompts = detected.map((target) => publishedPrompt(target, item.modality, item.site));
    const how = { presenceThreshold: 0, ...options };
    if (prompts.length > 0) {
      for await (const { instances } of detectEncoded(image, prompts, how)) detections.push([...instances]);
    }
    return { ...recognized, detections };
  },
};

/** Of ready masks, as a folder has them: one that is not empty is a recognised target, its parts are detections of one score. */
export function maskRecognizer<Opened>(answerer: Answerer<Opened>): Recognizer<Opened> {
  return {
    async see(image, item, { named, detected }) {
      const masks = await answerer.answer(image, item, named);
      const found = new Set(named.filter((_, i) => masks[i].presence > 0).map(conceptName));
      const detections = (await answerer.answer(image, item, detected)).map(({ mask, presence }, i) =>
        mask === null ? [] : maskBoxes(mask, detected[i]).map((box) => ({ box, score: presence })),
      );
      return { given: { found, covered: new Set() }, guessed: null, detections };
    },
  };
}
