/** Recipes that are shipped: `recipes/*.yaml` of this package, by name. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../parse/package-root.ts';
import { BiomedParseError } from '../../util/errors.ts';

const FOLDER = join(packageRoot, 'recipes');

/** Names of the shipped recipes, sorted. */
export async function shippedRecipes(): Promise<string[]> {
  const files = (await readdir(FOLDER).catch((): string[] => [])).sort();
  return files.flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : []));
}

/** The file that a path or a shipped recipe's name stands for; refuses (`usage`) what is neither. */
export async function recipeFile(given: string): Promise<string> {
  if ((await stat(given).catch(() => undefined))?.isFile() === true) return given;
  const names = await shippedRecipes();
  const wanted = given.toLowerCase();
  // recipes/acdc.yaml means the shipped one wherever it is asked for
  const found = names.find((name) => [name, `${name}.yaml`, `recipes/${name}.yaml`].includes(wanted));
  if (found !== undefined) return join(FOLDER, `${found}.yaml`);
  throw new BiomedParseError(
    'usage',
    `no recipe ${given}: there is no such file, and the shipped ones are ${names.join(', ') || 'none'}`,
    { recipe: given },
  );
}
