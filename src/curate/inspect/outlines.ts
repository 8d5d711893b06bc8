/**
 * Outlines instead of masks: COCO (one JSON file of many images), labelme (a JSON file beside each image) and YOLO (a text file beside each
 * image, names of classes in a YAML or text file). They are told by what is in the files, not by their names; all of them are read, up to a limit.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseYaml } from '../../formats/yaml.ts';
import { readFileChecked } from '../../util/files.ts';
import { baseName } from '../readers/shared-file.ts';
import { pairFiles, texts } from './beside.ts';
import { type FoundGroup, type FoundLabel, type FoundMasks, namedLabel, targetName } from './found.ts';
import type { Named } from './names.ts';
import { groupImages, groupPairs, readable } from './pairs.ts';

const LIMITS = { file: 100 * 2 ** 20, all: 512 * 2 ** 20 };
const MOST_NAMES_BYTES = 1_000_000;

type Json = Readonly<Record<string, unknown>>;
const objects = (value: unknown): Json[] =>
  Array.isArray(value) ? value.filter((one): one is Json => typeof one === 'object' && one !== null) : [];

/** How an object is marked. */
interface Marks {
  boxes: number;
  outlines: number;
}

/** What a group of outlines says, before its images have a pattern. */
interface Outlined {
  readonly reader: 'coco' | 'labelme' | 'yolo';
  readonly labels: readonly FoundLabel[];
  readonly marks: Marks;
}

function described({ reader, labels, marks }: Outlined, masks: string): Pick<FoundGroup, 'open'> & { why: string } {
  const { boxes, outlines } = marks;
  const counted = [`${outlines} outlines`, ...(boxes > 0 ? [`${boxes} boxes`] : [])].join(' and ');
  const unnamed = labels.filter(({ named }) => !named).map(({ label }) => label);
  return {
    why: `reader ${reader}: ${counted} of ${labels.length} labels in the files`,
    open: [
      ...(unnamed.length > 0 ? [`${masks}: what the classes ${unnamed.join(', ')} mean`] : []),
      ...(boxes > 0 ? [`${masks}: ${boxes} objects have a box and no outline; their masks would be rectangles`] : []),
    ],
  };
}

/** The groups of annotation files of which each has one image. */
function groupsOf(files: readonly string[], images: readonly Named[], outlinedOf: (of: readonly string[]) => Outlined) {
  return groupPairs(pairFiles(files, images)).map(({ pairs, images: pattern, masks, except, why }): FoundGroup => {
    const outlined = outlinedOf(pairs.map(({ mask }) => mask.path));
    const { open, why: reason } = described(outlined, masks);
    const { reader, labels } = outlined;
    const common = { images: pattern, masks, except, pairs: pairs.length, reader, labels };
    return {
      masks: { ...common, threshold: null, settings: {}, why: [why, reason] },
      paths: pairs.map(({ image }) => image.path),
      open,
    };
  });
}

/** The images that a COCO file speaks of, by pattern. */
function cocoGroups(file: string, value: Json, images: readonly Named[]): FoundGroup[] {
  const listed = objects(value.images).map(({ file_name }) => String(file_name));
  const names = new Set(listed.map(baseName));
  const shapes = objects(value.annotations);
  const marks = { boxes: 0, outlines: 0 };
  for (const { segmentation } of shapes) {
    const hasOutline = Array.isArray(segmentation) ? segmentation.length > 0 : segmentation instanceof Object;
    if (hasOutline) marks.outlines++;
    else marks.boxes++;
  }
  const labels = [...new Set(objects(value.categories).map(({ name }) => String(name)))].map(namedLabel);
  const known = images.filter((image) => names.has(image.stem) || names.has(baseName(image.path)));
  return groupImages(known, images).map(({ images: own, pattern, unlisted }): FoundGroup => {
    const outlined = { reader: 'coco', labels, marks } as const;
    const { why, open } = described(outlined, file);
    const masks: FoundMasks = {
      ...{
        images: pattern,
        masks: readable(file),
        except: null,
        pairs: own.length,
        reader: 'coco',
        labels,
        threshold: null,
      },
      settings: unlisted.length === 0 ? {} : { missing: 'empty' },
      why: [`${file} is a COCO file that names ${listed.length} images, such as ${own[0].path}`, why],
    };
    const more = `${file}: ${unlisted.length} images, such as ${unlisted[0]?.path}, are not named in it; the draft leaves them out`;
    return { masks, paths: own.map(({ path }) => path), open: [...open, ...(unlisted.length > 0 ? [more] : [])] };
  });
}

/** COCO and labelme. */
async function jsonOutlines(root: string, files: readonly string[], images: readonly Named[], large: string[]) {
  const groups: FoundGroup[] = [];
  const shapesOf = new Map<string, Json[]>();
  for await (const [path, text] of texts(root, files, LIMITS, large)) {
    let value: Json | null;
    try {
      value = JSON.parse(text) as Json | null;
    } catch {
      continue;
    }
    const { annotations, categories, shapes } = value ?? {};
    if (value !== null && Array.isArray(value.images) && Array.isArray(annotations) && Array.isArray(categories)) {
      groups.push(...cocoGroups(path, value, images));
    } else if (Array.isArray(shapes)) shapesOf.set(path, objects(shapes));
  }
  const labelme = groupsOf([...shapesOf.keys()], images, (of) => {
    const shapes = of.flatMap((path) => shapesOf.get(path) ?? []);
    const boxes = shapes.filter(({ shape_type }) => shape_type === 'rectangle').length;
    const labels = [...new Set(shapes.map(({ label }) => String(label ?? '')))].sort();
    return {
      reader: 'labelme',
      labels: labels.map((label) => (label === '' ? { label, target: 'object', named: false } : namedLabel(label))),
      marks: { boxes, outlines: shapes.length - boxes },
    };
  });
  return [...groups, ...labelme];
}

const NUMBER = String.raw`\s+-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;
const YOLO_LINE = new RegExp(`^\\s*(\\d+)((?:${NUMBER}){4}|(?:(?:${NUMBER}){2}){3,})\\s*$`);

/** Classes and marks of a YOLO file; null for any other text. */
function yoloClasses(text: string): { readonly classes: readonly number[]; readonly boxes: number } | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const found = lines.map((line) => YOLO_LINE.exec(line));
  if (found.includes(null)) return null;
  const values = found.map((one) => (one?.[2] ?? '').trim().split(/\s+/).map(Number));
  if (values.flat().some((value) => value < -0.5 || value > 1.5)) return null;
  return {
    classes: found.map((one) => Number(one?.[1])),
    boxes: values.filter(({ length }) => length === 4).length,
  };
}

/** Names of classes by number: the field `names` of a YAML file, else the lines of classes.txt or a .names file. */
async function classNames(root: string, files: readonly string[]): Promise<ReadonlyMap<number, string>> {
  for (const file of files) {
    const isYaml = /\.ya?ml$/i.test(file);
    if (!isYaml && !/(^|\/)(classes|labels|obj|names|_darknet)\.(txt|names|labels)$/i.test(file)) continue;
    if ((await stat(join(root, file))).size > MOST_NAMES_BYTES) continue;
    const text = (await readFileChecked(join(root, file))).toString('utf8');
    let names: unknown = text.split('\n').map((line) => line.trim());
    if (isYaml) {
      try {
        names = (parseYaml(text, file) as Json | null)?.names;
      } catch {
        continue;
      }
    }
    if (typeof names !== 'object' || names === null || (!isYaml && yoloClasses(text) !== null)) continue;
    const found = Object.entries(names).flatMap(([key, name]): [number, string][] =>
      /^\d+$/.test(key) && typeof name === 'string' && name !== '' ? [[Number(key), name]] : [],
    );
    if (found.length > 0) return new Map(found);
  }
  return new Map();
}

async function yoloOutlines(root: string, files: readonly string[], images: readonly Named[], large: string[]) {
  const found = new Map<string, { readonly classes: readonly number[]; readonly boxes: number }>();
  const candidates = files.filter((file) => file.toLowerCase().endsWith('.txt'));
  for await (const [path, text] of texts(root, candidates, LIMITS, large)) {
    const classes = yoloClasses(text);
    if (classes !== null) found.set(path, classes);
  }
  // empty files say that nothing is there, and nothing of what they are
  if ([...found.values()].every(({ classes }) => classes.length === 0)) return [];
  const names = await classNames(root, files);
  return groupsOf([...found.keys()], images, (of) => {
    const own = of.flatMap((path) => found.get(path) ?? []);
    const classes = [...new Set([...own.flatMap((one) => one.classes), ...names.keys()])].sort((a, b) => a - b);
    const boxes = own.reduce((sum, one) => sum + one.boxes, 0);
    const labels = classes.map((number): FoundLabel => {
      const name = names.get(number);
      const target = name === undefined ? `class ${number}` : targetName(name);
      return { label: String(number), target, named: name !== undefined };
    });
    const all = own.reduce((sum, one) => sum + one.classes.length, 0);
    return { reader: 'yolo', labels, marks: { boxes, outlines: all - boxes } };
  });
}

/** Groups of images whose objects are outlined in files that were found, and what was too large to look at. */
export async function outlineGroups(
  root: string,
  files: readonly string[],
  images: readonly Named[],
): Promise<{ readonly groups: readonly FoundGroup[]; readonly large: readonly string[] }> {
  const large: string[] = [];
  const json = files.filter((file) => file.toLowerCase().endsWith('.json'));
  const ofJson = await jsonOutlines(root, json, images, large);
  return { groups: [...ofJson, ...(await yoloOutlines(root, files, images, large))], large };
}
