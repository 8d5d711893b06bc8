/** `biomedparse data words`: sentences for every mask of a data folder, and what was dropped of them, as a table or JSON. With
 * `--llm-url` a language model proposes more of them. */
import { askForWords } from '../curate/words/ask.ts';
import { STYLES } from '../curate/words/rules.ts';
import type { MoreDescriptions, TargetOfView } from '../curate/words/words.ts';
import { type WordsReport, writeWords } from '../curate/words/write.ts';
import type { CliIo } from './io.ts';
import { type LlmCommand, llmOptions } from './llm.ts';
import { withProgress } from './progress.ts';
import { table } from './table.ts';

/** Values of the command's options, as commander spells them. */
export interface WordsCommand extends LlmCommand {
  readonly sets?: readonly string[];
  readonly json?: boolean;
}

function report(io: CliIo, found: WordsReport): void {
  const right = { align: 'right' } as const;
  const rows = STYLES.filter((style) => style !== 'published').map((style) => {
    const reasons = Object.entries(found.dropped[style] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const dropped = reasons.reduce((sum, [, n]) => sum + n, 0);
    return [
      style,
      String(found.kept[style] ?? 0),
      String(dropped),
      reasons.map(([why, n]) => `${why} ${n}`).join(', '),
    ];
  });
  const lines = table(
    [{ title: 'descriptions' }, { title: 'kept', ...right }, { title: 'dropped', ...right }, { title: 'why' }],
    rows,
  );
  const named = (list: WordsReport['open']): string => list.map(({ set, target }) => `${target} (${set})`).join(', ');
  if (found.open.length > 0) lines.push('', `Of no certain meaning, published form alone: ${named(found.open)}`);
  if (found.unresolved.length > 0) {
    lines.push('', `Published form resolves to something else, kept all the same: ${named(found.unresolved)}`);
  }
  lines.push('', `${found.sentences} sentences for ${found.masks} masks in ${found.files} files`);
  io.out(`${lines.join('\n')}\n`);
}

/** Runs the command; gives the exit status: 1 where the language model failed. */
export async function runWords(root: string, command: WordsCommand, io: CliIo): Promise<number> {
  const { sets, json } = command;
  const llm = llmOptions(command, io);
  let failures = 0;
  const ask = async (targets: readonly TargetOfView[]): Promise<MoreDescriptions> => {
    const answered = await askForWords(llm as NonNullable<typeof llm>, targets);
    failures = answered.failures;
    return answered.more;
  };
  const found = await withProgress(io, 'images', (onProgress) =>
    writeWords(root, {
      ...{ signal: io.signal, onProgress },
      ...(sets === undefined ? {} : { sets }),
      ...(llm === undefined ? {} : { ask }),
    }),
  );
  if (json) io.out(`${JSON.stringify(found)}\n`);
  else report(io, found);
  return failures > 0 ? 1 : 0;
}
