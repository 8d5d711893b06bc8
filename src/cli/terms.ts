/** The user's own names for objects, as `--terms` names their file. */
import { loadTerms, type Terms } from '../ontology/index.ts';
import { fileDigest } from '../parse/convert.ts';

export interface ReadTerms {
  readonly terms: Terms | undefined;
  /** SHA-256 of the file, for receipts; null without one. */
  readonly termsHash: string | null;
}

/** Reads the file, if the call names one. Refuses what `loadTerms` refuses. */
export async function readTerms({ terms: path }: { readonly terms?: string }): Promise<ReadTerms> {
  if (path === undefined) return { terms: undefined, termsHash: null };
  return { terms: await loadTerms(path), termsHash: (await fileDigest(path)).sha256 };
}
