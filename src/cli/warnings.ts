/** Warnings of inputs as lines for people; in JSON they stand as they are. */
import type { Warning } from '../image/checks/warning.ts';

/** A result with what is worth knowing before it is believed. */
export interface Warned {
  readonly warnings: readonly Warning[];
}

/** Lines under a table: "Warning: a.png: reason; proposal (code)". */
export function warningLines(results: readonly (Warned & { readonly input: string })[]): string[] {
  return results.flatMap(({ input, warnings }) =>
    warnings.map(({ code, reason, proposal }) => `Warning: ${input}: ${reason}. Proposal: ${proposal} (${code})`),
  );
}
