/**
 * What a label of a data set says, in readings of falling certainty. A label is not a sentence: it is a field of a label
 * map or a part of a file name, so it comes with numbers, file endings, signs, cut words and glued sides
 * (`02_kidneyLeft.nii.gz`, `RV_blood`, `lkidney`). Each reading says what was done to the label and how sure it can be at most.
 */
import { modalityFamily } from '../ontology/index.ts';
import { abbreviations, completions, shortWords } from './abbreviations.ts';

/** Where a label comes from; what is not known is null. */
export interface LabelContext {
  /** Name of the data set. */
  readonly set: string | null;
  readonly modality: string | null;
  readonly site: string | null;
}

/** A label put into words. */
export interface Reading {
  readonly text: string;
  /** What a decision can be sure of at most, 0..1. */
  readonly most: number;
  /** What was done, in words for a reviewer. */
  readonly evidence: string;
  /** The whole text must be the name of one object, without a slip of the pen or a word left over. */
  readonly exact: boolean;
}

const FILE_ENDING = /\.(nii|gz|nrrd|mha|mhd|png|tiff?|npy|npz|mat|json|jpe?g|stl)$/i;
const NUMBER_BEFORE =
  /^(?:(?:label|class|structure|organ|roi|id|value|channel)[\s_.:-]*)?\d{1,3}[\s_.:)=-]+(?=\p{L}{2})/iu;
const WORDS_AROUND =
  /^(?:seg|segmentation|mask|label|roi|gt)[\s_.:-]+|[\s_.:-]+(?:seg|segmentation|mask|label|roi|gt|pred|manual|annotation)s?$/i;
const IN_BRACKETS = /\s*[([][^)\]]{1,12}[)\]]\s*$/;
const COUNTED =
  /\b(segments?|ribs?|vertebrae?|levels?|lobes?|zones?|layers?|grades?|types?|stages?|phases?|class|label|cervical|lumbar)\b|[CTLS]\d/i;

/** A label without file ending, running number, words of its container, and a short form in brackets. */
export function cleanLabel(label: string): string {
  let text = label.normalize('NFKC').trim();
  while (FILE_ENDING.test(text)) text = text.replace(FILE_ENDING, '');
  return text
    .replace(NUMBER_BEFORE, '')
    .replace(WORDS_AROUND, '')
    .replace(WORDS_AROUND, '')
    .replace(IN_BRACKETS, '')
    .trim();
}

/** The words of a label in lower case: camelCase, signs and glued digits taken apart. */
export function labelWords(label: string): string[] {
  return label
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll}{2})/gu, '$1 $2') // RVBlood
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

function fits(modality: string, sites: readonly string[] | null, context: LabelContext): boolean {
  const family = context.modality === null ? null : modalityFamily(context.modality);
  return (
    (modality === '*' || modality === family) &&
    (sites === null || (context.site !== null && sites.includes(context.site)))
  );
}

function abbreviated(words: readonly string[], context: LabelContext): Reading[] {
  const letters = words.join('');
  return abbreviations.flatMap(({ modality, sites, names }): Reading[] => {
    const known = fits(modality, sites, context)
      ? Object.entries(names).find(([short]) => short.replaceAll(' ', '') === letters)
      : undefined;
    if (known === undefined) return [];
    const [, text] = known;
    return [{ text, most: 0.88, evidence: `short for "${text}" in ${context.site} images`, exact: false }];
  });
}

const SIDES: readonly (readonly [RegExp, string])[] = [
  [/^(?:left|lt|l)(\p{L}{4,})$/u, 'left'],
  [/^(?:right|rt|r)(\p{L}{4,})$/u, 'right'],
  [/^(\p{L}{4,})(?:left|lt|l)$/u, 'left'],
  [/^(\p{L}{4,})(?:right|rt|r)$/u, 'right'],
];

/** `lkidney` and `lungright`, one word with its side glued on. */
function gluedSides(words: readonly string[]): Reading[] {
  return SIDES.flatMap(([pattern, side]): Reading[] => {
    const found = words.length === 1 ? pattern.exec(words[0]) : null;
    if (found === null) return [];
    const text = `${side} ${found[1]}`;
    return [{ text, most: 0.85, evidence: `read as "${text}"`, exact: true }];
  });
}

/** Words of the site or of the set's name before the label: "tumor" of a set called "Task06_Lung" is a lung tumor. */
function placed(words: readonly string[], context: LabelContext): Reading[] {
  const label = words.join(' ');
  const ofSet =
    context.set === null
      ? []
      : labelWords(context.set).filter((word) => word.length > 3 && word !== 'left' && word !== 'right');
  const ofSite = context.site === null ? [] : [context.site, ...(context.site === 'chest' ? ['lung'] : [])];
  return [
    ...ofSet.map((word): readonly [string, string] => [word, `the set is called ${context.set}`]),
    ...ofSite.map((word): readonly [string, string] => [word, `the images are of the ${context.site}`]),
  ]
    .filter(([word]) => !words.includes(word))
    .map(([word, why]) => ({
      text: `${word} ${label}`,
      most: 0.8,
      evidence: `"${word} ${label}", as ${why}`,
      exact: true,
    }));
}

/** All readings of a label, the surest first; the label as it stands is the first. */
export function readings(label: string, context: LabelContext): Reading[] {
  const found: Reading[] = [{ text: label.trim(), most: 1, evidence: 'the label itself', exact: false }];
  const clean = cleanLabel(label);
  const words = labelWords(clean);
  const add = (text: string, most: number, evidence: string, exact = false): void => {
    if (!found.some((one) => one.text === text)) found.push({ text, most, evidence, exact });
  };
  if (clean !== label.trim()) add(clean, 0.95, `read as "${clean}"`);
  add(clean.replace(/(\p{Lu})(\p{Lu}\p{Ll}{2})/gu, '$1 $2'), 0.95, `read as "${words.join(' ')}"`);
  const short = abbreviated(words, context);
  const long = words.map((word) => (Object.hasOwn(shortWords, word) ? shortWords[word] : word)).join(' ');
  if (long !== words.join(' ')) add(long, 0.88, `cut words: "${long}"`, true);
  for (const one of completions) {
    if (!one.label.test(words.join(' ')) || !fits(one.modality, null, context)) continue;
    add(`${words.join(' ')} ${one.noun}`, 0.85, `an adjective: "${words.join(' ')} ${one.noun}"`);
  }
  if (/\p{L}{3,}[\s_.-]*\d{1,3}$/u.test(clean) && !COUNTED.test(clean)) {
    const bare = clean.replace(/[\s_.-]*\d{1,3}$/, '');
    add(bare, 0.75, `read as "${bare}", one of several`, true);
  }
  // a short name of the images' own kind is surer than what its letters mean elsewhere
  return [...short, ...found, ...gluedSides(words), ...placed(words, context)];
}
