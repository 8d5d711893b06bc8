/** The user's own names for objects, as `--terms` names their file. */
import { loadTerms, type Terms } from '../ontology/index.ts';
import { fileDigest } from '../parse/convert.ts';

interface TermsCommand {
  readonly terms?: string;
}

/** The terms of the file that the call names, if it names one; refuses what `loadTerms` refuses. */
export async function readTerms({ terms }: TermsCommand): Promise<Terms | undefined> {
  return terms === undefined ? undefined : loadTerms(terms);
}

/** SHA-256 of that file, for receipts; null without one. */
export async function hashTerms({ terms }: TermsCommand): Promise<string | null> {
  return terms === undefined ? null : (await fileDigest(terms)).sha256;
}
