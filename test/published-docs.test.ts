/** docs/published-checkpoints.md says of every configuration value where it comes from. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { publishedConfig } from '../src/model/config.ts';
import { publishedSettings } from '../src/model/published-settings.ts';

const page = readFileSync(new URL('../docs/published-checkpoints.md', import.meta.url), 'utf8');
const start = page.indexOf('## Every configuration value');
const rows = page
  .slice(start, page.indexOf('\n## ', start + 1))
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** The one row that names something in a column, as code. */
function rowOf(column: 1 | 2, name: RegExp): string[] {
  const found = rows.filter((row) => name.test(row[column]));
  expect(found, String(name)).toHaveLength(1);
  return found[0];
}

describe('the table of configuration values', () => {
  it('has every field of config.json', () => {
    const optional = ['refinements', 'placeBands', 'contextLayers', 'detail'].map((field) => `pixelDecoder.${field}`);
    const fields = ['presenceThreshold', 'provenance', 'decoder.regions', 'decoder.regionsTrained', ...optional];
    for (const [part, value] of Object.entries(publishedConfig)) {
      const isPart = typeof value === 'object' && !Array.isArray(value);
      fields.push(...(isPart ? Object.keys(value).map((field) => `${part}.${field}`) : [part]));
    }
    for (const field of fields) {
      // several fields of one part stand in a cell as `part.a`, `b`
      const [part, name] = field.split('.');
      rowOf(1, new RegExp(name === undefined ? `\`${part}\`` : `\`${part}\\.(${name}\`|[^|]*\`, \`${name}\`)`));
    }
  });

  it('has every published setting, with its rule', () => {
    for (const [name, rule] of publishedSettings) {
      expect(rowOf(2, new RegExp(`\`${name.replaceAll('.', '\\.')}\``))[3], name).toMatch(new RegExp(`^${rule.from}`));
    }
  });
});
