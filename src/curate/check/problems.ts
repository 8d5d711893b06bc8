/** What a check finds, and the list that it is kept in. */
import { errorLine } from '../../util/errors.ts';

/** Errors spoil training or figures; warnings are for a person to look at. */
const severities = {
  name: 'error',
  unreadable: 'error',
  'missing image': 'error',
  'missing masks': 'warning',
  size: 'error',
  'empty mask': 'error',
  'label values': 'error',
  'flipped mask': 'warning',
  'shifted mask': 'warning',
  window: 'warning',
  'subject in two splits': 'error',
  'duplicate across splits': 'error',
  duplicate: 'warning',
  'unknown target': 'warning',
  'area outlier': 'warning',
} as const;

export type ProblemKind = keyof typeof severities;

export interface Problem {
  readonly kind: ProblemKind;
  readonly severity: 'error' | 'warning';
  readonly set: string;
  readonly file: string;
  readonly message: string;
}

/** Where a problem is. */
export type Place = Pick<Problem, 'set' | 'file'>;

/** Adds a problem to a list. */
export function report(problems: Problem[], kind: ProblemKind, { set, file }: Place, message: string): void {
  problems.push({ kind, severity: severities[kind], set, file, message });
}

/** The work's result; `undefined` with its error reported where it fails. */
export async function tryTo<T>(
  problems: Problem[],
  kind: ProblemKind,
  place: Place,
  work: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    report(problems, kind, place, errorLine(error));
    return undefined;
  }
}
