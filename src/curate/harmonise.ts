/**
 * Labels of data sets to concepts of the ontology: rules first, then, if there is one, a language model for what they leave
 * open. What both leave open is reported as open.
 */
import { describeSets } from '../dataset/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';
import { type Decision, type DecisionFile, decisionKey, type LabelSource, mergeDecisions } from './decisions.ts';
import { decideByRules, knownContext, type Verdict } from './rules.ts';

const MAX_LABEL = 200;
const MAX_LABELS = 100_000;

/** Answers labels that the rules leave open; those that it does not answer stay open. */
export type AskModel = (
  sources: readonly LabelSource[],
) => Promise<ReadonlyMap<string, Verdict & { readonly by: string }>>;

/** A decision from what rules or a model say. */
function decisionOf({ label, set, modality, site }: LabelSource, verdict: Verdict, by: string): Decision {
  const { concept, confidence, evidence, alternatives } = verdict;
  return {
    label,
    set,
    modality,
    site,
    concept: concept?.name ?? null,
    published: concept?.published ?? null,
    confidence,
    by: concept === null ? 'open' : by,
    status: concept === null ? 'open' : 'proposed',
    evidence,
    alternatives,
  };
}

/**
 * Decides labels, in their order; decisions that were accepted before, or that a model proposed where nothing better is known
 * now, are taken as they are. `merged` holds all decisions for the file.
 */
export async function harmonise(
  sources: readonly LabelSource[],
  earlier: DecisionFile,
  ask?: AskModel,
): Promise<{ readonly decisions: Decision[]; readonly merged: ReadonlyMap<string, Decision> }> {
  const fresh = new Map<string, Decision>();
  const open: LabelSource[] = [];
  for (const source of sources) {
    const key = decisionKey(source);
    if (fresh.has(key)) continue;
    const verdict = decideByRules(source.label, knownContext(source.set, source.modality, source.site));
    fresh.set(key, decisionOf(source, verdict, 'rules'));
    const before = earlier.decisions.get(key);
    const settled = before !== undefined && before.status !== 'open';
    if (verdict.concept === null && !settled) open.push(source);
  }
  if (ask !== undefined && open.length > 0) {
    const answers = await ask(open);
    for (const source of open) {
      const answer = answers.get(decisionKey(source));
      if (answer !== undefined) fresh.set(decisionKey(source), decisionOf(source, answer, answer.by));
    }
  }
  const merged = mergeDecisions(earlier, [...fresh.values()]);
  return { decisions: sources.map((source) => merged.get(decisionKey(source)) as Decision), merged };
}

/** Labels of a text file, one a line; empty lines are left out. Refused: lines too long, too many, or none. */
export async function readLabels(path: string, modality: string | null, site: string | null): Promise<LabelSource[]> {
  const lines = (await readFileChecked(path))
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  const sources: LabelSource[] = [];
  for (const [i, line] of lines.entries()) {
    const label = line.trim();
    if (label === '') continue;
    if (label.length > MAX_LABEL) {
      throw new BiomedParseError(
        'input',
        `${path}, line ${i + 1}: a label of ${label.length} characters, at most ${MAX_LABEL} are read`,
      );
    }
    sources.push({ label, set: null, modality, site });
  }
  if (sources.length === 0) throw new BiomedParseError('input', `${path}: no label in it; one name a line is needed`);
  if (sources.length > MAX_LABELS) {
    throw new BiomedParseError('input', `${path}: ${sources.length} labels, at most ${MAX_LABELS} are read`);
  }
  return sources;
}

/** All target names of the sets of a folder in BiomedParseData's layout, by set and kind of image. */
export async function labelsOfFolder(
  root: string,
  sets?: readonly string[],
): Promise<{ readonly sources: LabelSource[]; readonly descriptions: ReadonlyMap<string, string> }> {
  const found = await describeSets(root, sets);
  const sources = found.flatMap(({ name, targets }) =>
    Object.entries(targets).flatMap(([kind, labels]) => {
      const [modality, site] = kind.split('_').map((part) => part.replaceAll('+', ' '));
      return labels.map((label) => ({ label, set: name, modality, site }));
    }),
  );
  return { sources, descriptions: new Map(found.map(({ name, notes }) => [name, notes])) };
}
