/** Tables of comma-separated values as rows by column; the one door to csv-parse. Refused (`input`): damaged tables, missing columns. */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readError } from '../util/files.ts';

/** Longest row: run lengths of a whole image are long. */
const MAX_ROW = 16_000_000;

/** Calls `row` with the wanted columns of each row, in order; the first row names the columns. */
export async function readCsv(
  path: string,
  wanted: readonly string[],
  row: (values: readonly string[], line: number) => void,
): Promise<void> {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `${path} is not a usable CSV file: ${reason}`, { file: path });
  };
  const file = createReadStream(path);
  const parser = parse({
    bom: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW,
    trim: true,
    delimiter: [',', ';', '\t'],
  });
  file.on('error', (error) => parser.destroy(error));
  file.pipe(parser);
  let places: number[] | undefined;
  try {
    for await (const values of parser as AsyncIterable<string[]>) {
      if (places !== undefined)
        row(
          places.map((at) => values[at]),
          parser.info.lines,
        );
      else {
        const missing = wanted.find((name) => !values.includes(name));
        if (missing !== undefined)
          refuse(`it has no column "${missing}"; there are: ${values.slice(0, 50).join(', ')}`);
        places = wanted.map((name) => values.indexOf(name));
      }
    }
  } catch (error) {
    if (error instanceof BiomedParseError) throw error;
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw readError(path, error);
    refuse(errorLine(error));
  } finally {
    file.destroy();
  }
  if (places === undefined) refuse('it is empty');
}
