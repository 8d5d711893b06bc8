/**
 * A recipe: how the files of one source become images, masks and words. Read from YAML, checked field by field (schema.ts) and as a
 * whole (here), with defaults of the recipe put into its parts. Every refusal is an `input` error `file:line:column: field: reason`.
 */
import { createHash } from 'node:crypto';
import { parseYamlTree, type YamlNode } from '../../formats/yaml.ts';
import { readFileChecked } from '../../util/files.ts';
import { refuseAt } from './fields.ts';
import { templateNames } from './pattern.ts';
import {
  type Derivation,
  type ImageSource,
  type MaskSource,
  type PartText,
  type RecipeText,
  recipeReader,
  type SplitRule,
  type TargetOptions,
  type WindowRule,
} from './schema.ts';

/** Whether every occurrence of a target was annotated, so that a missing mask means absence. */
export type Annotation = 'exhaustive' | 'partial';

/** Images of one kind with their masks; what the recipe says for all of its parts is filled in. */
export interface Part {
  /** Its place in the recipe, from 0. */
  readonly index: number;
  readonly images: ImageSource;
  readonly masks: readonly MaskSource[];
  readonly derive: ReadonlyMap<string, Derivation>;
  readonly targets: ReadonlyMap<string, TargetOptions>;
  /** Templates, or the ontology's own spelling. */
  readonly modality: string;
  readonly site: string;
  readonly sequence: string | null;
  readonly subject: string;
  readonly id: string | null;
  readonly split: SplitRule;
  readonly annotation: Annotation;
  /** Null: the published one of the site for CT, else percentiles. */
  readonly window: WindowRule | null;
  readonly slices: {
    readonly plane: 'axial' | 'coronal' | 'sagittal' | 'native';
    readonly step: number;
    readonly least: number;
    readonly empty: number;
    readonly pixels: 'square' | 'stored';
  };
  readonly spacing: readonly number[] | null;
  readonly orientation: string | null;
  readonly where: ReadonlyMap<string, readonly string[]>;
  readonly except: ReadonlyMap<string, readonly string[]>;
}

export interface Recipe extends Omit<RecipeText, 'parts'> {
  /** The file that it was read from. */
  readonly file: string;
  /** SHA-256 of its text. */
  readonly hash: string;
  readonly parts: readonly Part[];
}

/** Names that every image has: its file's name without ending, and its whole path without ending. */
const OWN_NAMES = ['file', 'path'];

type Path = readonly (string | number)[];

/** The node at a path, or the nearest one above it. */
function locate(node: YamlNode, [step, ...rest]: Path): YamlNode {
  if (step === undefined) return node;
  const next =
    node.kind === 'list' && typeof step === 'number'
      ? node.items[step]
      : node.kind === 'map'
        ? node.entries.find(({ key }) => key === String(step))?.value
        : undefined;
  return next === undefined ? node : locate(next, rest);
}

/** All targets that the masks of a part and its derivations can make. */
export function partTargets({ masks, derive }: Pick<Part, 'masks' | 'derive'>): string[] {
  const labelled = masks.flatMap(({ labels, target }) => [
    ...(target === undefined ? [] : [target]),
    ...[...(labels?.values() ?? [])].flatMap((value) => (value === null ? [] : value)),
  ]);
  return [...new Set([...labelled, ...derive.keys()])];
}

/** What keys of a label map must look like, per reader; all else is by name. */
const KEYS: Readonly<Record<string, readonly [RegExp, string]>> = {
  labels: [/^\d+(\.\.\d+)?$/, 'whole numbers, or ranges of them such as 1..5'],
  bits: [/^\d{1,2}$/, 'numbers of bits, from 0'],
  yolo: [/^\d+$/, 'numbers of classes'],
  colour: [/^#[0-9a-f]{6}$/i, 'colours such as "#ff0000"'],
};

type Fail = (path: Path, reason: string) => never;

function checkMask(mask: MaskSource, path: Path, known: readonly string[], fail: Fail): void {
  const { reader, labels, target, label, columns } = mask;
  const named = [...new Set([...known, ...mask.file.names])];
  if ((labels === undefined) === (target === undefined)) fail(path, 'exactly one of labels and target is needed');
  if (label !== undefined && !(labels !== undefined && ['binary', 'instances'].includes(reader))) {
    fail([...path, 'label'], 'it goes with labels and the readers binary and instances, whose pixels say no label');
  }
  if (labels !== undefined && label === undefined && ['binary', 'instances'].includes(reader)) {
    if (!mask.axes?.includes('l')) fail(path, `the reader ${reader} with labels needs label, or an axis l in axes`);
  }
  for (const field of ['label', 'key'] as const) {
    for (const name of templateNames(mask[field] ?? '')) {
      if (!named.includes(name)) {
        fail([...path, field], `{${name}} is named by no pattern; there are: ${named.join(', ')}`);
      }
    }
  }
  if (reader === 'rle-csv' && columns === undefined) fail(path, 'the reader rle-csv needs columns');
  const rule = label === undefined && !mask.axes?.includes('l') ? KEYS[reader] : undefined;
  if (rule === undefined) return;
  for (const key of labels?.keys() ?? []) {
    if (!rule[0].test(key)) fail([...path, 'labels', key], `labels of ${reader} are ${rule[1]}, not ${key}`);
  }
}

function checkPart(part: Part, columns: readonly string[], fail: Fail): void {
  const at = ['parts', part.index];
  const names = [...part.images.file.names, ...columns];
  const check = (field: 'modality' | 'site' | 'sequence' | 'subject' | 'id'): void => {
    for (const name of templateNames(part[field] ?? '')) {
      if (!names.includes(name)) {
        fail([...at, field], `{${name}} is named by no pattern; there are: ${names.join(', ')}`);
      }
    }
  };
  for (const field of ['modality', 'site', 'sequence', 'subject', 'id'] as const) check(field);
  for (const [i, mask] of part.masks.entries()) checkMask(mask, [...at, 'masks', i], names, fail);
  for (const field of ['where', 'except'] as const) {
    for (const name of part[field].keys()) {
      if (!names.includes(name))
        fail([...at, field, name], `no pattern names {${name}}; there are: ${names.join(', ')}`);
    }
  }
  const { split } = part;
  if (typeof split === 'object' && split.by === 'capture' && !names.includes(split.capture)) {
    fail([...at, 'split', 'capture'], `no pattern names {${split.capture}}; there are: ${names.join(', ')}`);
  }
  const made = partTargets({ masks: part.masks, derive: new Map() });
  for (const [target, { of }] of part.derive) {
    const missing = of.find((one) => !made.includes(one));
    if (missing !== undefined) {
      fail(
        [...at, 'derive', target],
        `"${missing}" is made by no mask and no derivation before; there are: ${made.join(', ')}`,
      );
    }
    if (made.includes(target)) {
      fail([...at, 'derive', target], `a mask or a derivation before makes "${target}" already; give it another name`);
    }
    made.push(target);
  }
}

/** Reads a recipe from its text; `file` names it in errors. */
export function parseRecipe(source: string, file: string): Recipe {
  const tree = parseYamlTree(source, file);
  const text = recipeReader.read(tree, { file, path: '' });
  const fail: Fail = (path, reason) => {
    // a default of the whole recipe stands at the top, not in the part
    const inPart = path[0] === 'parts' && typeof path[2] === 'string';
    const own = locate(tree, path.slice(0, 2));
    const written = !inPart || (own.kind === 'map' && own.entries.some(({ key }) => key === path[2]));
    const place = written ? path : path.slice(2);
    const named = place.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`));
    return refuseAt({ file, path: named.join('') }, locate(tree, place), reason);
  };
  const made = new Set<string>();
  const parts = text.parts.map((own, index): Part => {
    const { images } = own;
    const pick = <K extends keyof PartText & keyof RecipeText>(name: K): PartText[K] | RecipeText[K] =>
      own[name] ?? text[name];
    const need = (name: 'modality' | 'site' | 'annotation'): string =>
      pick(name) ?? fail(['parts', index], `${name} is missing, here and in the recipe itself`);
    const targets = new Map([...(text.targets ?? []), ...(own.targets ?? [])]);
    const derive = own.derive ?? new Map();
    for (const name of partTargets({ masks: own.masks, derive })) made.add(name);
    const slices = { ...text.slices, ...own.slices };
    const part: Part = {
      ...{ index, images, masks: own.masks, derive, targets },
      ...{ modality: need('modality'), site: need('site'), annotation: need('annotation') as Annotation },
      sequence: pick('sequence') ?? null,
      subject: pick('subject') ?? (images.file.names.includes('subject') ? '{subject}' : '{path}'),
      id: pick('id') ?? null,
      split: pick('split') ?? { by: 'subject', test: 0.2, seed: 0 },
      window: pick('window') ?? null,
      slices: {
        ...{ plane: slices.plane ?? 'native', step: slices.step ?? 1, least: slices.least ?? 1 },
        ...{ empty: slices.empty ?? 0, pixels: slices.pixels ?? 'square' },
      },
      spacing: pick('spacing') ?? null,
      orientation: pick('orientation') ?? null,
      where: pick('where') ?? new Map(),
      except: pick('except') ?? new Map(),
    };
    return part;
  });
  const columns = (text.tables ?? []).flatMap(({ columns: named }) => [...named.values()]);
  for (const part of parts) {
    checkPart(part, [...columns, ...OWN_NAMES], fail);
    for (const [target, { inside }] of part.targets) {
      const wrong = [target, ...(inside === undefined ? [] : [inside])].find((name) => !made.has(name));
      const path = text.targets?.has(target) ? ['targets', target] : ['parts', part.index, 'targets', target];
      if (wrong !== undefined) fail(path, `"${wrong}" is made by no mask; there are: ${[...made].join(', ')}`);
    }
  }
  return { ...text, file, hash: createHash('sha256').update(source).digest('hex'), parts };
}

/** Reads a recipe file. */
export async function readRecipe(path: string): Promise<Recipe> {
  return parseRecipe((await readFileChecked(path)).toString('utf8'), path);
}
