/** What kind of image is meant: from the caller, else from the file's modality code, else from the prompts ("liver in abdomen CT"). */
import { resolve, type Terms } from '../ontology/index.ts';
import { checkModality, checkSite } from '../ontology/resolve/context.ts';

export interface ContextOptions {
  /** What the image is ("CT", "MRI"), by any of its names. */
  readonly modality?: string;
  /** Where it is of ("abdomen", "chest"), by any of its names. */
  readonly site?: string;
  /** The user's own terms, from `loadTerms`. */
  readonly terms?: Terms;
}

/** Names of the ontology; null where nobody says it. */
export interface ImageContext {
  readonly modality: string | null;
  readonly site: string | null;
}

/** DICOM's modality codes as the ontology names them. */
const CODES: Readonly<Record<string, string>> = {
  CT: 'CT',
  MR: 'MRI',
  US: 'ultrasound',
  IVUS: 'ultrasound',
  CR: 'X-Ray',
  DX: 'X-Ray',
  MG: 'X-Ray',
  RF: 'X-Ray',
  XA: 'X-Ray',
  IO: 'X-Ray',
  PX: 'X-Ray',
  ES: 'endoscope',
  GM: 'pathology',
  SM: 'pathology',
  OP: 'fundus',
  OPT: 'OCT',
};

/** The ontology's modality of a DICOM code; null for codes that may be anything. */
export function modalityOfCode(code: string | null | undefined): string | null {
  return CODES[code ?? ''] ?? null;
}

/** Decides; refuses (`usage`) names of modalities and sites that are unknown. */
export function imageContext(
  code: string | undefined,
  prompts: readonly string[],
  { modality, site, terms }: ContextOptions,
): ImageContext {
  const given = modality === undefined ? null : checkModality(modality);
  const givenSite = site === undefined ? null : checkSite(site);
  const resolutions = prompts.map((text) => resolve(text, terms === undefined ? {} : { terms }));
  const said = resolutions.find((one) => one.modality !== null)?.modality ?? null;
  const place = resolutions.find((one) => one.site !== null)?.site ?? null;
  return { modality: given ?? modalityOfCode(code) ?? said, site: givenSite ?? place };
}
