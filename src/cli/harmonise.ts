/**
 * `biomedparse data harmonise`: label names to concepts, as a table or JSON on standard output and a file of decisions. With
 * `--llm-url` a language model is asked for what the rules leave open; its key comes from BIOMEDPARSE_LLM_KEY alone.
 */
import { createAsker } from '../curate/ask/ask.ts';
import type { Decision } from '../curate/decisions.ts';
import { readDecisions, writeDecisions } from '../curate/decisions.ts';
import { harmonise, labelsOfFolder, readLabels } from '../curate/harmonise.ts';
import { checkModality, checkSite } from '../ontology/resolve/context.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { CliIo } from './io.ts';
import { type LlmCommand, llmOptions } from './llm.ts';
import { table } from './table.ts';

/** Values of the command's options, as commander spells them. */
export interface HarmoniseCommand extends LlmCommand {
  readonly labels?: string;
  readonly modality?: string;
  readonly site?: string;
  readonly sets?: readonly string[];
  readonly decisions?: string;
  readonly json?: boolean;
}

/** Where the decisions on a folder are kept when the call does not say. */
const DECISIONS = 'harmonise.jsonl';

function usage(message: string): never {
  throw new BiomedParseError('usage', message);
}

function checkCall(root: string | undefined, command: HarmoniseCommand): void {
  if (root === undefined && command.labels === undefined) {
    usage('nothing to harmonise; needed: a folder of data sets, or --labels <file> with one name a line');
  }
  if (root !== undefined && command.labels !== undefined) usage('a folder and --labels exclude each other');
  if (root !== undefined && (command.modality !== undefined || command.site !== undefined)) {
    usage("--modality and --site go with --labels; a folder's own file names say them");
  }
  if (root === undefined && command.sets !== undefined) usage('--sets goes with a folder of data sets');
}

/** What a decision says of one label, in the fields of `--json`. */
function entry(decision: Decision, ofFolder: boolean): Record<string, unknown> {
  const { label, concept, published, confidence, by, set, modality, site, status, evidence } = decision;
  const short = { label, concept, published, confidence, by };
  return ofFolder ? { ...short, set, modality, site, status, evidence } : short;
}

function report(io: CliIo, decisions: readonly Decision[], ofFolder: boolean, path: string | undefined): void {
  const rows = decisions.map(({ set, label, concept, published, confidence, by, evidence }) => [
    ...(ofFolder ? [set ?? ''] : []),
    label,
    concept ?? '-',
    published ?? '-',
    concept === null ? '-' : confidence.toFixed(2),
    by,
    evidence,
  ]);
  const lines = table(
    [
      ...(ofFolder ? [{ title: 'set', max: 28 }] : []),
      { title: 'label', max: 40 },
      { title: 'concept', max: 40 },
      { title: 'published', max: 32 },
      { title: 'confidence', align: 'right' },
      { title: 'by', max: 40 },
      { title: 'evidence', max: 60 },
    ],
    rows,
  );
  const open = decisions.filter(({ concept }) => concept === null).length;
  const kept = path === undefined ? '' : `; decisions are in ${path}`;
  io.out(`${lines.join('\n')}\n\n${decisions.length - open} of ${decisions.length} mapped, ${open} open${kept}\n`);
}

/** Runs the command; gives the exit status. */
export async function runHarmonise(root: string | undefined, command: HarmoniseCommand, io: CliIo): Promise<number> {
  checkCall(root, command);
  const llm = llmOptions(command, io);
  const modality = command.modality === undefined ? null : checkModality(command.modality);
  const site = command.site === undefined ? null : checkSite(command.site);
  const { sources, descriptions } =
    root === undefined
      ? { sources: await readLabels(command.labels as string, modality, site), descriptions: new Map<string, string>() }
      : await labelsOfFolder(root, command.sets);
  const asker = llm === undefined ? undefined : createAsker({ ...llm, descriptions });
  const path = command.decisions ?? (root === undefined ? undefined : DECISIONS);
  const earlier = path === undefined ? { decisions: new Map(), lines: new Map() } : await readDecisions(path);
  const { decisions, merged } = await harmonise(sources, earlier, asker?.ask);
  if (path !== undefined) await writeDecisions(path, merged, earlier);
  const ofFolder = root !== undefined;
  if (command.json) io.out(`${JSON.stringify(decisions.map((one) => entry(one, ofFolder)))}\n`);
  else report(io, decisions, ofFolder, path);
  return asker !== undefined && asker.failures() > 0 ? 1 : 0;
}
