/**
 * Which of a set's own targets may be called absent where an image has no mask of them. That is honest only where the
 * source annotated every occurrence. A set says so under `annotation` of its `dataset.json`; sets that do not are listed here where
 * they are not complete, with the reason. A set without either is taken as complete, which all others of the training collection
 * are by their descriptions.
 */
import { mayShow } from '../ontology/index.ts';
import type { Dataset, DatasetItem, DatasetSet } from './layout.ts';

/** Targets whose missing mask means absence; all others of the set say nothing. */
const complete: Readonly<Record<string, readonly string[]>> = {
  // Findings were drawn where the reader saw fit, tubes and lines partly; a missing lung mask is an omission.
  'covid-cxr': [],
  // Output of another segmenter: small parts of large structures are missing, vessels and vertebrae in most slices.
  'totalsegmentator-example': ['liver', 'spleen', 'urinary bladder', 'left hip bone', 'right hip bone', 'sacrum'],
  // Overlapping labels were flattened to one.
  'edd-endoscopy': [],
  // Few nuclei classes of a larger scheme.
  'pannuke-sample': [],
  // Fluid was named by its place only where that was plain.
  'oct-fluid': [],
  // Tumour tiles have no masks of the healthy glands in them.
  'rings-prostate': ['prostate tumor'],
  // Vertebrae cut by the border of the view have no mask.
  'spider-lumbar-spine': [],
  // Partly automatic labels with gaps.
  'fullhead-t1': [],
  // Some images carry the grey matter alone, without the cord that holds it.
  'sct-spinal-cord': [],
};

/** The set's targets for an image of this kind that are missing from its masks (`present`) and hence absent from the image. */
export function absentSiblings(
  { name, targets, exhaustive }: DatasetSet,
  { modality, site, unknown = [] }: Pick<DatasetItem, 'modality' | 'site' | 'unknown'>,
  present: readonly string[],
): string[] {
  const kind = `${modality}_${site}`;
  const allowed = exhaustive === undefined ? complete[name] : (exhaustive[kind] ?? []);
  const missing = (targets[kind] ?? []).filter((target) => !present.includes(target) && !unknown.includes(target));
  return allowed === undefined ? missing : missing.filter((target) => allowed.includes(target));
}

/** Targets of the whole dataset that no image of this modality and site can show, sorted. */
export function foreignTargets(dataset: Dataset, modality: string, site: string): string[] {
  const all = new Set(dataset.sets.flatMap((set) => Object.values(set.targets).flat()));
  return [...all].filter((target) => !mayShow(target, modality, site)).sort();
}

/** Targets that other images of the same modality show but none of this site can: the harder of the foreign ones. */
export function foreignTargetsOfModality(dataset: Dataset, modality: string, site: string): string[] {
  const family = modality.split('-')[0];
  const same = dataset.sets.flatMap((set) =>
    Object.entries(set.targets).flatMap(([kind, targets]) => (kind.split(/[-_]/)[0] === family ? targets : [])),
  );
  return [...new Set(same)].filter((target) => !mayShow(target, modality, site)).sort();
}
