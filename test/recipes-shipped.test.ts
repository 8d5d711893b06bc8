/** The list of shipped recipes in the documentation, and that every published source has one. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { partTargets, readRecipe } from '../src/curate/recipe/recipe.ts';
import { recipeFile, shippedRecipes } from '../src/curate/recipe/registry.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

/** A line of the list. */
async function rowOf(recipe: string): Promise<string> {
  const { name, title, parts, checked } = await readRecipe(await recipeFile(recipe));
  const kinds = [
    ...new Set(parts.map(({ modality, sequence, site }) => [modality, sequence, site].filter(Boolean).join(' '))),
  ];
  const targets = [...new Set(parts.flatMap(partTargets))];
  const listed = targets.length > 6 ? `${targets.length} targets` : targets.join(', ');
  return `| [${recipe}](../recipes/${recipe}.yaml) | ${name} | ${title} | ${kinds.join('; ')} | ${listed} | ${checked ?? 'not stated'} |`;
}

describe('shipped recipes', () => {
  it('are listed in the documentation', async () => {
    const rows: string[] = [];
    for (const recipe of await shippedRecipes()) rows.push(await rowOf(recipe));
    const page = `# Shipped recipes

Made from the recipes themselves by \`npx vitest run test/recipes-shipped.test.ts -u\`. \`checked\` says against what a recipe was checked: real
files of the source, or its documentation and code that others published for it.

| recipe | name | source | kind of image | targets | checked |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
    await expect(page).toMatchFileSnapshot('../docs/recipes-shipped.md');
  });
});

/** The recipe of a published data set's name: \`MSD/Task02_Heart\` is msd-task02-heart. */
const recipeOf = (dataset: string): string => dataset.toLowerCase().replaceAll(/[/_]/g, '-');

describeShared('reference/published_per_dataset.csv', 'published sources', () => {
  it('have a recipe each', async () => {
    const [, ...lines] = readFileSync(sharedPath('reference/published_per_dataset.csv'), 'utf8').trim().split('\n');
    const datasets = [...new Set(lines.map((line) => line.slice(0, line.indexOf(','))))];
    expect(datasets).toHaveLength(39);
    const recipes = await shippedRecipes();
    expect(datasets.filter((dataset) => !recipes.includes(recipeOf(dataset)))).toEqual([]);
  });
});
