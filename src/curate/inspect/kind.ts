/** Modality and site of a group of images: by DICOM header, words in paths, names of labels, and the range of values; always with the reason. */
import { modalityFamily, sites, siteWords } from '../../ontology/index.ts';
import { modalityNames, modalityWords, viewNames } from '../../ontology/words.ts';
import { labelWords } from '../label.ts';
import { decideByRules, knownContext } from '../rules.ts';
import type { SeriesFolder } from './dicom.ts';
import type { ImageValues } from './values.ts';

/** A guess, why, and whether anything spoke for it. */
export interface Guess {
  readonly value: string;
  readonly why: string;
  readonly known: boolean;
}

const OF_DICOM: Readonly<Record<string, string>> = {
  ...{ CT: 'CT', MR: 'MRI', US: 'ultrasound', CR: 'X-Ray', DX: 'X-Ray', MG: 'X-Ray', RG: 'X-Ray', XA: 'X-Ray' },
  ...{ ES: 'endoscope', OP: 'fundus', OPT: 'OCT', SM: 'pathology' },
};
/** Values of air in a CT, in Hounsfield units. */
const AIR = -900;
const SURE = 0.8;

/** Whether the words of a phrase stand side by side in a path. */
const says = (path: string, phrase: string): boolean =>
  ` ${labelWords(path).join(' ')} `.includes(` ${labelWords(phrase).join(' ')} `);

/** Words that say nothing of the kind of image where they stand in a path. */
const AMBIGUOUS = ['us', 'head', 'peripheral', 'tissue', 'mixed', 'cells', 'cell', 'gi'];

const telling = (words: readonly string[]): readonly string[] =>
  words.filter((word) => !AMBIGUOUS.includes(word.toLowerCase()));

/** A kind of image and place that one phrase of a path says together (colonoscopy, CXR). */
function viewIn(path: string): { readonly modality: string; readonly site: string; readonly word: string } | null {
  for (const [view, phrases] of Object.entries(viewNames)) {
    const word = phrases.find((phrase) => says(path, phrase));
    const [modality, site] = view.split('|');
    if (word !== undefined) return { modality, site, word };
  }
  return null;
}

/** What masks say of their images by their form. */
export interface MaskEvidence {
  /** They are of a program, or a data set, for such images. */
  readonly modality?: Guess;
  readonly site?: Guess;
  /** They number objects. */
  readonly objects?: boolean;
}

/** The modality of images. */
export function guessModality(
  path: string,
  values: ImageValues | null,
  series: SeriesFolder | null,
  masks: MaskEvidence = {},
): Guess {
  const ofHeader = series === null ? undefined : OF_DICOM[series.modality];
  if (ofHeader !== undefined) {
    return { value: ofHeader, why: `the DICOM headers say Modality ${series?.modality}`, known: true };
  }
  const view = viewIn(path);
  if (view !== null) return { value: view.modality, why: `the path says "${view.word}"`, known: true };
  for (const name of modalityNames) {
    const word = telling(modalityWords(name)).find((one) => says(path, one));
    if (word !== undefined) return { value: modalityFamily(name), why: `the path says "${word}"`, known: true };
  }
  if (masks.modality !== undefined) return masks.modality;
  const range = values === null ? '' : `values from ${values.least} to ${values.most}`;
  if (values !== null && values.least <= AIR && values.most > 0) {
    return { value: 'CT', why: `${range} look like Hounsfield units`, known: true };
  }
  if (values !== null && (values.size[2] ?? 1) > 1) {
    return {
      value: 'MRI',
      why: `a volume with ${range}, which are no Hounsfield units; nothing else says so`,
      known: false,
    };
  }
  if (values?.coloured === true) {
    return masks.objects === true
      ? { value: 'pathology', why: 'the images are coloured and their objects numbered; nothing else', known: false }
      : { value: 'endoscope', why: 'the images are coloured; nothing else', known: false };
  }
  return { value: 'X-Ray', why: 'the images are grey; nothing else', known: false };
}

/** The place that most of the labels are found in, in such images. */
function siteOfLabels(labels: readonly string[], modality: string): Guess | null {
  const votes = new Map<string, number>();
  const context = knownContext(null, modality, null);
  for (const label of labels) {
    const { concept, confidence } = decideByRules(label, context);
    if (concept === null || confidence < SURE) continue;
    const places = concept.views.filter((view) => view.modality === modality || view.modality === '*');
    for (const site of new Set(places.map((view) => view.site))) {
      if (sites.includes(site)) votes.set(site, (votes.get(site) ?? 0) + 1 / places.length);
    }
  }
  const [best] = [...votes].sort((a, b) => b[1] - a[1]);
  if (best === undefined) return null;
  return { value: best[0], why: `labels such as "${labels[0]}" are found there in ${modality} images`, known: true };
}

/** What images of a kind are of most often. */
const USUAL_SITES: Readonly<Record<string, string>> = {
  ...{ MRI: 'brain', CT: 'abdomen', endoscope: 'colon', pathology: 'mixed', fundus: 'retinal', OCT: 'retinal' },
  dermoscopy: 'skin',
};

/** The site of images. */
export function guessSite(
  path: string,
  labels: readonly string[],
  modality: string,
  series: SeriesFolder | null,
  masks: MaskEvidence = {},
): Guess {
  if (masks.site !== undefined) return masks.site;
  const matching = (said: string): string | undefined =>
    sites.find((site) => telling([site, ...siteWords(site)]).some((word) => says(said, word)));
  const ofHeader = series === null || series.bodyPart === '' ? undefined : matching(series.bodyPart);
  if (ofHeader !== undefined) {
    return { value: ofHeader, why: `the DICOM headers say BodyPartExamined ${series?.bodyPart}`, known: true };
  }
  const view = viewIn(path);
  if (view !== null) return { value: view.site, why: `the path says "${view.word}"`, known: true };
  const ofPath = matching(path);
  if (ofPath !== undefined) return { value: ofPath, why: `the path says "${ofPath}"`, known: true };
  return (
    siteOfLabels(labels, modality) ?? {
      value: USUAL_SITES[modality] ?? 'chest',
      why: 'nothing says so; it is only what such images are of most often',
      known: false,
    }
  );
}
