/**
 * Names of the files that one call writes. Decided for all inputs and prompts before any work, in their order, so that
 * the same call always gives the same names; two results never share one (case ignored, as some file systems do), and
 * no result takes the place of an input.
 */
import { basename, extname, join, resolve } from 'node:path';

const MAX_SLUG_BYTES = 60;
const MAX_STEM_BYTES = 120;

/** Where one prompt's result goes. */
export interface PromptFiles {
  readonly mask: string;
  readonly overlay: string;
  /** The label map of --instances. */
  readonly instances: string;
  /** The JSON of --everything. */
  readonly report: string;
}

/** Where one image's results go. */
export interface ImageFiles {
  readonly prompts: readonly PromptFiles[];
  readonly probabilities: string;
}

function cut(text: string, bytes: number): string {
  let out = '';
  let used = 0;
  for (const character of text) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    out += character;
  }
  return out;
}

/** A prompt as part of a file name: letters and digits of any script in lower case, all else one hyphen. */
export function slug(prompt: string): string {
  const words = prompt
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-');
  return cut(words.replace(/^-+/, ''), MAX_SLUG_BYTES).replace(/-+$/, '') || 'prompt';
}

/** The file name without folder and ending, `.nii.gz` and its like as a whole. */
export function stem(path: string): string {
  const name = basename(path).replace(/(\.(?:nii|hdr|img))\.gz$/i, '$1');
  return cut(name.slice(0, name.length - extname(name).length), MAX_STEM_BYTES) || 'image';
}

/** Gives out names below `folder`: one base with several endings at a time; a taken base gets `-2`, `-3`, ... */
function claims(folder: string, inputs: readonly string[]): (base: string, endings: readonly string[]) => string[] {
  const taken = new Set(inputs.map((input) => resolve(input).toLowerCase()));
  return (base, endings) => {
    for (let n = 1; ; n++) {
      const paths = endings.map((ending) => join(folder, `${base}${n === 1 ? '' : `-${n}`}_${ending}`));
      const keys = paths.map((path) => resolve(path).toLowerCase());
      if (keys.some((key) => taken.has(key))) continue;
      for (const key of keys) taken.add(key);
      return paths;
    }
  };
}

/** File names per input and prompt, below `folder`. A name already given to an earlier result gets `-2`, `-3`, ... */
export function planFiles(folder: string, inputs: readonly string[], prompts: readonly string[]): ImageFiles[] {
  const claim = claims(folder, inputs);
  return inputs.map((input) => ({
    prompts: prompts.map((prompt) => {
      const endings = ['mask.png', 'overlay.png', 'instances.png', 'report.json'];
      const [mask, overlay, instances, report] = claim(`${stem(input)}_${slug(prompt)}`, endings);
      return { mask, overlay, instances, report };
    }),
    probabilities: claim(stem(input), ['probabilities.npy'])[0],
  }));
}

/** Where one input's results go: per prompt a file for each ending, and files for all prompts. */
export interface ResultFiles {
  readonly prompts: readonly (readonly string[])[];
  readonly input: readonly string[];
}

/** File names per input and prompt, and per input, one for each ending. */
export function planResults(
  folder: string,
  inputs: readonly string[],
  prompts: readonly string[],
  perPrompt: readonly string[],
  perInput: readonly string[],
): ResultFiles[] {
  const claim = claims(folder, inputs);
  return inputs.map((input) => ({
    prompts: prompts.map((prompt) => claim(`${stem(input)}_${slug(prompt)}`, perPrompt)),
    input: claim(stem(input), perInput),
  }));
}

/** File names per input, one for each ending. */
export function planEndings(folder: string, inputs: readonly string[], endings: readonly string[]): string[][] {
  const claim = claims(folder, inputs);
  return inputs.map((input) => claim(stem(input), endings));
}
