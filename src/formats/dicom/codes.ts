/**
 * What a found object is called in DICOM: coded terms, labels and colours.
 *
 * A concept with a SNOMED CT identifier is coded by it, a side without one of its own by the whole and a modifier; all else
 * gets a code of a private scheme, made of its name, so that the same name has the same code in every file. Terms are held
 * to the lengths of their value representations. Source: DICOM PS3.3 (8 coded entries, C.8.20.4), PS3.16 (CID 7150, 244).
 */
import { createHash } from 'node:crypto';
import { type Concept, concepts, resolve } from '../../ontology/index.ts';
import type { Attributes } from './encode.ts';

/** What an object is understood as; the `concept` of an answer is one. */
export type ObjectConcept = Pick<Concept, 'name' | 'snomed' | 'side'> & { readonly category: string };

/** The scheme of codes that no standard has, and how a file says what it is. */
const PRIVATE_SCHEME = '99BIOMEDPARSE';
export const privateSchemeItem: Attributes = {
  CodingSchemeDesignator: PRIVATE_SCHEME,
  CodingSchemeName: 'Names of objects in biomedparse; a code is the start of the SHA-256 of the name',
  CodingSchemeResponsibleOrganization: 'biomedparse',
};

/** Whether a code is one of the private scheme. */
export const isPrivate = (code: Attributes): boolean => code.CodingSchemeDesignator === PRIVATE_SCHEME;

/** Text of one value, at most `most` characters: no control characters, and no backslash, which parts values. */
export function oneValue(value: string, most: number): string {
  const plain = [
    ...value
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .replaceAll('\\', '/')
      .trim(),
  ];
  return plain.length <= most ? plain.join('') : `${plain.slice(0, most - 1).join('')}…`;
}

export const code = (value: string, scheme: string, meaning: string): Attributes => ({
  CodeValue: value,
  CodingSchemeDesignator: scheme,
  CodeMeaning: oneValue(meaning, 64),
});

/** Categories of segmented properties (CID 7150) by those of the ontology. */
const CATEGORIES: Readonly<Record<string, Attributes>> = {
  organ: code('123037004', 'SCT', 'Anatomical Structure'),
  abnormality: code('49755003', 'SCT', 'Morphologically Abnormal Structure'),
  histology: code('85756007', 'SCT', 'Tissue'),
  other: code('260787004', 'SCT', 'Physical object'),
};
const UNKNOWN_CATEGORY = code('309825002', 'SCT', 'Spatial and Relational Concept');

const SIDES = { left: code('7771000', 'SCT', 'Left'), right: code('24028007', 'SCT', 'Right') };

/** Codes of one object. */
export interface ObjectCodes {
  readonly category: Attributes;
  readonly type: Attributes;
  /** The side, where the type does not say it. */
  readonly modifier: Attributes | null;
}

const snomedOf = new Map(concepts.map(({ name, snomed }) => [name, snomed]));

/** Codes of an object by its concept; of one without a concept by the words it was asked with. */
function objectCodes(prompt: string, concept: ObjectConcept | null): ObjectCodes {
  const name = concept?.name ?? prompt.trim().toLowerCase();
  const category = concept === null ? UNKNOWN_CATEGORY : (CATEGORIES[concept.category] ?? UNKNOWN_CATEGORY);
  if (concept?.snomed) return { category, type: code(concept.snomed, 'SCT', name), modifier: null };
  if (concept?.side) {
    const whole = name.replace(`${concept.side} `, '');
    const snomed = snomedOf.get(whole);
    if (snomed) return { category, type: code(snomed, 'SCT', whole), modifier: SIDES[concept.side] };
  }
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12).toUpperCase();
  return { category, type: code(hash, PRIVATE_SCHEME, name), modifier: null };
}

/** Label and codes of an object that was asked for; without `concept` it is what `resolve` makes of the prompt. */
export function codesOf(object: {
  readonly prompt: string;
  readonly concept?: ObjectConcept | null;
}): ObjectCodes & { readonly label: string } {
  const { prompt, concept = resolve(prompt).concept } = object;
  return { label: oneValue(concept?.name ?? prompt, 64), ...objectCodes(prompt, concept) };
}

/** The code of what an object is, its side within. */
export function typeCode({ type, modifier }: ObjectCodes): Attributes {
  return modifier === null ? type : { ...type, SegmentedPropertyTypeModifierCodeSequence: [modifier] };
}

/** Presence, to six decimals, and prompt in a line. */
export function describeObject(object: { readonly prompt: string; readonly presence?: number | null }): string {
  const { prompt, presence } = object;
  const found = presence === undefined || presence === null ? '' : `presence ${Number(presence.toFixed(6))}; `;
  return `${found}prompt: ${oneValue(prompt, 900)}`;
}

/** An sRGB colour as DICOM's PCS values of CIELab under D50 (PS3.3 C.10.7.1.1). */
export function labColour(rgb: readonly [number, number, number]): number[] {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  const xyz = [
    (0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / 0.96422,
    0.2225045 * r + 0.7168786 * g + 0.0606169 * b,
    (0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / 0.82521,
  ];
  const [x, y, z] = xyz.map((v) => (v > 216 / 24389 ? Math.cbrt(v) : (v * 24389) / 27 / 116 + 16 / 116));
  const [l, a, bb] = [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  return [(l * 65535) / 100, ((a + 128) * 65535) / 255, ((bb + 128) * 65535) / 255].map((v) =>
    Math.min(65535, Math.max(0, Math.round(v))),
  );
}
