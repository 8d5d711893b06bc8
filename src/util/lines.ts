/** Lines of a text file by their bytes, one after another, so that its length does not matter. */
import { createReadStream } from 'node:fs';
import { BiomedParseError } from './errors.ts';

/** Longest line, bytes. */
const MAX_LINE = 2 ** 28;
const LINE_FEED = 10;

export interface Line {
  /** Without its line feed; bytes that are no UTF-8 are replaced. */
  readonly text: string;
  /** Where it lies in the file, bytes, without its line feed. */
  readonly start: number;
  readonly length: number;
}

/**
 * Lines end at line feeds alone, not at the other marks that Unicode has. What follows the last one is a line if it is not empty. Errors of
 * reading are the system's; a line of more than 256 MiB is an `input` error. The file is closed when the caller stops, too.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let [start, length] = [0, 0];
  const line = (): Line => ({ text: Buffer.concat(parts).toString('utf8'), start, length });
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to !== -1; to = chunk.indexOf(LINE_FEED, from)) {
      parts.push(chunk.subarray(from, to));
      length += to - from;
      yield line();
      start += length + 1;
      [parts, length, from] = [[], 0, to + 1];
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > MAX_LINE) {
      throw new BiomedParseError('input', `${path} has a line of more than ${MAX_LINE} bytes`, { path });
    }
  }
  if (length > 0) yield line();
}
