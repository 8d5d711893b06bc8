/** `biomedparse data inspect`: what a folder of images and masks seems to be, why, and what is not known; a draft recipe. */
import { dirname, resolve } from 'node:path';
import { draftRecipe } from '../curate/inspect/draft.ts';
import type { Inspection } from '../curate/inspect/found.ts';
import { inspectFolder } from '../curate/inspect/inspect.ts';
import { parseRecipe } from '../curate/recipe/recipe.ts';
import { BiomedParseError } from '../util/errors.ts';
import { makeFolder, writeFileAtomic } from '../util/files.ts';
import type { CliIo } from './io.ts';

/** Values of the command's options, as commander spells them. */
export interface InspectCommand {
  readonly recipe?: string;
  readonly json?: boolean;
}

const MOST_LABELS = 12;

function tell({ folder, files, endings, parts, open }: Inspection, io: CliIo): void {
  const kinds = Object.entries(endings).map(([ending, count]) => `${count} ${ending}`);
  io.out(`${folder}: ${files} files (${kinds.slice(0, 8).join(', ')})\n`);
  for (const [i, part] of parts.entries()) {
    const { images, masks, pairs, reader, labels, modality, site, sequence, why } = part;
    const shown = labels.slice(0, MOST_LABELS).map(({ label, target }) => `${label} ${target ?? '(no target)'}`);
    const rest = labels.length > MOST_LABELS ? ` and ${labels.length - MOST_LABELS} more` : '';
    io.out(`\npart ${i + 1}: ${pairs} ${pairs === 1 ? 'pair' : 'pairs'} of ${images} and ${masks}\n`);
    io.out(
      `  modality  ${modality.value}${sequence === null ? '' : `-${sequence}`}${modality.known ? '' : '?'}: ${modality.why}\n`,
    );
    io.out(`  site      ${site.value}${site.known ? '' : '?'}: ${site.why}\n`);
    io.out(`  reader    ${reader}\n  labels    ${shown.join(', ')}${rest}\n`);
    for (const reason of why) io.out(`  because   ${reason}\n`);
  }
  io.out(`\nopen:\n${open.map((one) => `  ${one}\n`).join('')}`);
}

/** Runs the command; gives the exit status. */
export async function runInspect(folder: string, { recipe, json = false }: InspectCommand, io: CliIo): Promise<number> {
  const found = await inspectFolder(folder);
  if (recipe !== undefined) {
    if (found.parts.length === 0) {
      throw new BiomedParseError(
        'input',
        `no recipe for ${folder}: no image with a mask was found in it. ${found.open.join('; ')}`,
        { folder },
      );
    }
    const text = draftRecipe(found);
    parseRecipe(text, recipe);
    await makeFolder(dirname(resolve(recipe)));
    await writeFileAtomic(recipe, text);
  }
  if (json) io.out(`${JSON.stringify(found)}\n`);
  else {
    tell(found, io);
    if (recipe !== undefined) io.out(`\ndraft recipe: ${recipe}\n`);
  }
  return 0;
}
