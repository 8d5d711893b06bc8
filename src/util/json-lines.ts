/** Files of one JSON value a line, read line by line, so that their length does not matter. */
import { BiomedParseError, errorLine } from './errors.ts';
import { readError } from './files.ts';
import { readLines } from './lines.ts';

/** The values of a file with where they stand ("path, line 7"); empty lines are left out. Errors are `input`. */
export async function* jsonLines(path: string): AsyncGenerator<[value: unknown, where: string]> {
  let at = 0;
  try {
    for await (const { text } of readLines(path)) {
      at++;
      if (text.trim() !== '') yield [parse(text, `${path}, line ${at}`), `${path}, line ${at}`];
    }
  } catch (error) {
    throw error instanceof BiomedParseError ? error : readError(path, error);
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BiomedParseError('input', `${where}: not valid JSON (${errorLine(error)})`, {}, error);
  }
}
