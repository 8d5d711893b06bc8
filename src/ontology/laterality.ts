/**
 * Sides. "Left" and "right" are the patient's, as radiology has them. A mirror image is a picture of another patient only where the body
 * is alike on both sides; there the words are swapped together with the pixels. It is refused where the side is part of the
 * anatomy's look (heart, liver, stomach, spleen: chest, heart and abdomen in radiography, CT and MRI) or of its name (heart chambers).
 */

export type Side = 'left' | 'right';

const CHAMBER = /^(left|right) (heart )?(atrium|ventricle)\b|^(left|right) ventricular\b/i;

/** A sided target taken apart: `left rib 9` is the left one of `rib 9`; heart chambers have no side in this sense. */
export function sideOf(target: string): { readonly side: Side | undefined; readonly base: string } {
  const match = /^(left|right) (.+)$/.exec(target);
  if (match === null || CHAMBER.test(target)) return { side: undefined, base: target };
  return { side: match[1] as Side, base: match[2] };
}

/** The target's name in the mirror image. */
export function mirrorTarget(target: string): string {
  const { side, base } = sideOf(target);
  if (side === undefined) return target;
  return `${side === 'left' ? 'right' : 'left'} ${base}`;
}

/** Sites whose organs lie on one side, in views that show the whole section or projection. */
const ONE_SIDED_SITES = new Set(['chest', 'lung', 'heart', 'abdomen', 'liver', 'kidney', 'pancreas', 'colon', 'bone']);
const SECTIONS = /^(CT|MRI|X-Ray)/;

/**
 * Whether an image may be mirrored in training, `targets` being all that are annotated in images like it.
 * Crops round a lung nodule show too little to have a side; ultrasound, endoscopy, microscopy, eyes and skin have none.
 */
export function mirrorAllowed(modality: string, site: string, targets: readonly string[]): boolean {
  if (targets.some((target) => CHAMBER.test(target))) return false;
  if (!SECTIONS.test(modality) || !ONE_SIDED_SITES.has(site)) return true;
  return site === 'lung' && targets.length > 0 && targets.every((target) => target === 'lung nodule');
}

/** Whether an image has no upright position: microscopy, skin, and the inside of the gut may be turned by any angle. */
export function turnAllowed(modality: string, site: string): boolean {
  if (modality === 'pathology' || modality === 'dermoscopy') return true;
  return modality === 'endoscope' && (site === 'colon' || site === 'gastrointestinal');
}
