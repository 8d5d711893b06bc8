/** YAML 1.2 texts as plain data; aliases are bounded, tags of programs mean nothing. Refused (`input`): what is no YAML, and more than 1 MB. */
import { parse } from 'yaml';
import { BiomedParseError, errorLine } from '../util/errors.ts';

const MAX_CHARACTERS = 1_000_000;

/** The value that a text describes; `label` names it in errors. */
export function parseYaml(text: string, label: string): unknown {
  if (text.length > MAX_CHARACTERS) {
    throw new BiomedParseError('input', `${label} has ${text.length} characters, at most ${MAX_CHARACTERS} are read`);
  }
  try {
    return parse(text, { maxAliasCount: 100, logLevel: 'error', uniqueKeys: true });
  } catch (error) {
    throw new BiomedParseError('input', `${label} is not valid YAML: ${errorLine(error)}`, { file: label }, error);
  }
}
