/**
 * The card of a data set: one self-contained page with counts, licence and origin, an example per target, and what was left out and
 * why. Facts of the set are those of its `dataset.json`, what was left out those of its `build.jsonl`.
 */
import { join } from 'node:path';
import { readAbout, wordsOf } from '../../dataset/about.ts';
import type { Dataset, DatasetItem, DatasetSet } from '../../dataset/index.ts';
import { readItemMask } from '../../dataset/parts.ts';
import { readSubjects, subjectOf } from '../../dataset/subjects.ts';
import { measure } from '../../image/measure.ts';
import { listFolder } from '../../util/files.ts';
import { jsonLines } from '../../util/json-lines.ts';
import { median } from '../median.ts';
import { meaningOf } from '../words/check.ts';
import { examplesOf } from './examples.ts';
import { type Html, html, htmlPage, htmlTable } from './html.ts';

const EXAMPLES = 4;
const SENTENCES = 5;

/** Fields of `dataset.json` that are for people, in the order of the page. */
const ABOUT = [
  ...['title', 'original', 'licence', 'citation', 'obtain', 'obtained_from', 'facts', 'checked', 'notes'],
] as const;

interface TargetCounts {
  readonly kind: string;
  readonly target: string;
  readonly train: number;
  readonly test: number;
  /** Share of the image, over all masks. */
  readonly areas: readonly number[];
  readonly sentences: readonly string[];
}

async function targetCounts(set: DatasetSet, splits: readonly Dataset[]): Promise<TargetCounts[]> {
  const counts: TargetCounts[] = [];
  for (const [kind, targets] of Object.entries(set.targets)) {
    for (const target of targets) {
      const seen = { train: 0, test: 0 };
      const areas: number[] = [];
      const sentences = new Set<string>();
      for (const dataset of splits) {
        for (const item of dataset.items) {
          const own = item.targets.find((one) => one.target === target);
          if (own === undefined || `${item.modality}_${item.site}` !== kind) continue;
          seen[dataset.split]++;
          areas.push(measure(await readItemMask(dataset, own.maskFile)).areaFraction);
          for (const { text } of own.sentences ?? []) if (sentences.size < SENTENCES) sentences.add(text);
        }
      }
      counts.push({ kind, target, ...seen, areas, sentences: [...sentences] });
    }
  }
  return counts;
}

const percent = (value: number): string => `${(100 * value).toPrecision(2)} %`;

function splitRow(dataset: Dataset, subjects: ReadonlyMap<string, string>): (string | number)[] {
  const { split, items } = dataset;
  const known = items.map(({ name }) => subjectOf(name, subjects));
  const people = known.includes(null) ? 'not known' : new Set(known).size;
  const masks = items.reduce((sum, { targets }) => sum + targets.length, 0);
  return [split, items.length, people, masks, items.filter(({ targets }) => targets.length === 0).length];
}

/** Reasons why images of the source are not in the set, with how many each. */
async function leftOut(folder: string): Promise<(readonly [reason: string, count: number])[]> {
  if (!(await listFolder(folder))?.includes('build.jsonl')) return [];
  const counts = new Map<string, number>();
  for await (const [value] of jsonLines(join(folder, 'build.jsonl'))) {
    const { kind, reason, error, slices } = (value ?? {}) as Readonly<Record<string, unknown>>;
    if (kind !== 'dropped' && kind !== 'failed') continue;
    const why = kind === 'failed' ? `could not be read: ${String(error)}` : String(reason);
    counts.set(why, (counts.get(why) ?? 0) + (typeof slices === 'number' ? slices : 1));
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}

function completeness(set: DatasetSet): Html {
  if (set.exhaustive === undefined) {
    return html`<p>The set does not declare which targets were annotated in every image where they are.</p>`;
  }
  const rows = Object.entries(set.targets).map(([kind, targets]) => {
    const full = set.exhaustive?.[kind] ?? [];
    return [kind, full.join(', '), targets.filter((target) => !full.includes(target)).join(', ')];
  });
  return htmlTable(['images', 'annotated in full', 'in part'], rows);
}

/** The card of one set of an open folder. */
export async function cardPage(root: string, set: DatasetSet, splits: readonly Dataset[]): Promise<string> {
  const folder = join(root, set.name);
  const own = splits.map((dataset): Dataset => {
    return { ...dataset, items: dataset.items.filter((item: DatasetItem) => item.set === set.name) };
  });
  const about = await readAbout(folder);
  const subjects = await readSubjects(folder);
  const facts = ABOUT.flatMap((field) => (wordsOf(about[field]) === '' ? [] : [[field, wordsOf(about[field])]]));
  const targets: (readonly (string | number | Html | readonly Html[] | null)[])[] = [];
  for (const { kind, target, train, test, areas, sentences } of await targetCounts(set, own)) {
    const [modality, site] = kind.split('_');
    const concept = meaningOf(target, set.name, modality, site);
    const pictures = await examplesOf(
      own,
      { set: set.name, target, modality: modality.replaceAll('+', ' '), site: site.replaceAll('+', ' ') },
      EXAMPLES,
    );
    const spread =
      areas.length === 0
        ? ''
        : `${percent(median(areas))} (${percent(areas.reduce((a, b) => Math.min(a, b)))} to ${percent(areas.reduce((a, b) => Math.max(a, b)))})`;
    const named = concept === null ? 'not certain' : concept.name;
    targets.push([`${site} ${modality}`, target, named, train, test, spread, sentences.join(' · '), pictures]);
  }
  const dropped = await leftOut(folder);
  const body = html`${htmlTable(['about', ''], facts)}
<h2>Images</h2>
${htmlTable(
  ['split', 'images', 'subjects', 'masks', 'without a mask'],
  own.map((dataset) => splitRow(dataset, subjects)),
)}
<h2>Targets</h2>
${htmlTable(['images', 'target', 'concept', 'train', 'test', 'area, median (range)', 'words', 'examples'], targets)}
<h2>What a missing mask means</h2>
${completeness(set)}
<h2>Left out</h2>
${dropped.length === 0 ? html`<p>Nothing is on record.</p>` : htmlTable(['why', 'how many'], dropped)}
<p class="faint">Made by biomedparse. For research, not for diagnosis or treatment.</p>
`;
  return htmlPage(`Data card: ${set.name}`, body);
}
