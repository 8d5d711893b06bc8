/**
 * Decisions about labels, and the file that keeps them: JSON lines, one decision a line, sorted, so that a change is one line of
 * a diff. A person accepts a decision by writing `"status":"accepted"` (and, where it was wrong, another concept, or null for
 * "none"): such a line is kept byte for byte by every later run.
 * Refused (`input`, with the line's number): what is no JSON, unknown statuses, concepts that the ontology does not have, a label decided twice.
 */
import { stat } from 'node:fs/promises';
import { conceptNamed } from '../ontology/index.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readFileChecked, writeFileAtomic } from '../util/files.ts';
import type { Alternative } from './rules.ts';

const STATUSES = ['accepted', 'proposed', 'open'] as const;
const MAX_BYTES = 64_000_000;

/** A label with all that is known of where it comes from. */
export interface LabelSource {
  readonly label: string;
  /** The data set; null for single names. */
  readonly set: string | null;
  readonly modality: string | null;
  readonly site: string | null;
}

/** What was decided about one label. */
export interface Decision extends LabelSource {
  /** Preferred term of the concept; null where it is open, or was accepted as none. */
  readonly concept: string | null;
  /** Its name among the published 82 objects, if it is one of them. */
  readonly published: string | null;
  /** 0..1; 0 where it is open. */
  readonly confidence: number;
  /** Who decided: `rules`, `language model NAME`, what a person wrote, or `open`. */
  readonly by: string;
  readonly status: (typeof STATUSES)[number];
  readonly evidence: string;
  readonly alternatives: readonly Alternative[];
}

/** A file of decisions as it was read. */
export interface DecisionFile {
  readonly decisions: ReadonlyMap<string, Decision>;
  /** The line of each, as it stands in the file. */
  readonly lines: ReadonlyMap<string, string>;
}

/** What makes a decision one of its own: the same label in another set, modality or site is another one. */
export function decisionKey({ set, modality, site, label }: LabelSource): string {
  return JSON.stringify([set, modality, site, label]);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function parseDecision(line: string, where: string): Decision {
  const refuse = (problem: string): never => {
    throw new BiomedParseError('input', `${where}: ${problem}`);
  };
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(line) as Record<string, unknown> | null;
  } catch (error) {
    return refuse(`not valid JSON (${errorLine(error)}); each line is one decision`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('each line is one JSON object');
  const label = text(value.label) ?? refuse('label is missing; a string is needed');
  const status = STATUSES.find((one) => one === value.status);
  if (status === undefined) return refuse(`status ${JSON.stringify(value.status)}; allowed: ${STATUSES.join(', ')}`);
  const concept = value.concept === null || value.concept === undefined ? null : text(value.concept);
  const known = concept === null ? undefined : conceptNamed(concept);
  if (concept !== null && known === undefined) return refuse(`concept "${concept}" is not in the ontology`);
  const { confidence } = value;
  if (typeof confidence !== 'number' || confidence < 0 || confidence > 1) {
    return refuse(`confidence ${JSON.stringify(confidence)}; allowed: a number from 0 to 1`);
  }
  const alternatives = Array.isArray(value.alternatives) ? (value.alternatives as Alternative[]) : [];
  return {
    label,
    set: text(value.set),
    modality: text(value.modality),
    site: text(value.site),
    concept,
    published: known?.published ?? null,
    confidence,
    by: text(value.by) ?? 'person',
    status,
    evidence: text(value.evidence) ?? '',
    alternatives,
  };
}

/** Reads a file of decisions; one that does not exist yet holds none. */
export async function readDecisions(path: string): Promise<DecisionFile> {
  const decisions = new Map<string, Decision>();
  const lines = new Map<string, string>();
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new BiomedParseError('input', `cannot read ${path}: ${errorLine(error)}`, { path }, error);
  });
  if (about === undefined) return { decisions, lines };
  if (about.size > MAX_BYTES) {
    throw new BiomedParseError('input', `${path} has ${about.size} bytes, at most ${MAX_BYTES} are read`, { path });
  }
  const content = (await readFileChecked(path)).toString('utf8');
  for (const [i, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const where = `${path}, line ${i + 1}`;
    const decision = parseDecision(line, where);
    const key = decisionKey(decision);
    if (decisions.has(key)) throw new BiomedParseError('input', `${where}: "${decision.label}" is decided twice`);
    decisions.set(key, decision);
    lines.set(key, line);
  }
  return { decisions, lines };
}

/**
 * New decisions laid over earlier ones: accepted ones stay, as do those of labels that this run did not ask for, and what a
 * language model proposed where the new run has nothing.
 */
export function mergeDecisions(earlier: DecisionFile, fresh: readonly Decision[]): Map<string, Decision> {
  const merged = new Map(earlier.decisions);
  for (const decision of fresh) {
    const key = decisionKey(decision);
    const known = merged.get(key);
    const kept = known?.status === 'accepted' || (known?.status === 'proposed' && decision.status === 'open');
    if (!kept) merged.set(key, decision);
  }
  return merged;
}

/** Writes decisions whole or not at all, sorted by set, kind of image and label; accepted lines as they were. */
export async function writeDecisions(
  path: string,
  decisions: ReadonlyMap<string, Decision>,
  earlier: DecisionFile,
): Promise<void> {
  const sorted = [...decisions].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = sorted.map(([key, decision]) => {
    const before = decision.status === 'accepted' ? earlier.lines.get(key) : undefined;
    return before ?? JSON.stringify(decision);
  });
  await writeFileAtomic(path, lines.map((line) => `${line}\n`).join(''));
}
