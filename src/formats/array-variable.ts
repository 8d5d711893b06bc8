/** An array in a file, as all readers of arrays give it, what a list of arrays says of it, and the choice of one among several. */
import type { Samples } from '../image/volume.ts';
import { BiomedParseError } from '../util/errors.ts';

/** An array that is read in pieces. */
export interface ArrayFile {
  /** As NumPy or MATLAB print it. */
  readonly shape: readonly number[];
  /** The first axis runs fastest (MATLAB, Fortran), not the last. */
  readonly columnMajor: boolean;
  /** Elements `start` to `start + count` in the order in which they lie in the file. */
  read(start: number, count: number): Promise<Samples>;
  close(): void;
}

/** An array of a file by its header, without its elements. */
export interface ArrayEntry extends Pick<ArrayFile, 'shape' | 'columnMajor'> {
  /** Empty where the file has one array without a name (`.npy`). */
  readonly name: string;
}

/** The variable asked for; without a choice the only one. */
export function chooseVariable(path: string, names: readonly string[], variable: string | undefined): string {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `${path}: ${reason}`, { file: path, variable });
  };
  const listed = names.length > 20 ? `${names.slice(0, 20).join(', ')} …` : names.join(', ') || 'none';
  if (variable === undefined) {
    return names.length === 1 ? names[0] : refuse(`variable is needed; its arrays are: ${listed}`);
  }
  return names.includes(variable) ? variable : refuse(`it has no array "${variable}"; there are: ${listed}`);
}
