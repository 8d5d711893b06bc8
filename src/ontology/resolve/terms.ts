/**
 * The user's own terms, from a JSON file:
 *
 *     { "terms": [
 *       { "name": "left kidney", "synonyms": ["LK"] },
 *       { "name": "thymus", "synonyms": ["thymic gland"], "metaObject": "other organ", "modalities": ["CT"], "sites": ["chest"] },
 *       { "name": "megakaryocytes", "metaObject": "histology structure", "crowded": true }
 *     ] }
 *
 * A name that the ontology knows gets more synonyms; any other is a new concept. Refuses (`input`, naming file and field)
 * unknown fields, wrong values, more than 10,000 terms or 1 MiB, and a synonym that already means something else.
 */
import { BiomedParseError, errorLine } from '../../util/errors.ts';
import { readFileChecked } from '../../util/files.ts';
import { type Concept, concepts, conceptsOf, parseViews } from '../concepts/index.ts';
import { type MetaObject, metaObjects } from '../concepts/types.ts';
import { checkModality, checkSite } from './context.ts';

/** The ontology with the user's terms. */
export interface Terms {
  readonly concepts: readonly Concept[];
  /** Names that the user added, by the concept's preferred term. */
  readonly added: ReadonlyMap<string, ReadonlySet<string>>;
}

const MAX_BYTES = 2 ** 20;
const MAX_TERMS = 10_000;
const MAX_SYNONYMS = 100;
const MAX_LENGTH = 200;

interface TermEntry {
  readonly name: string;
  readonly synonyms?: readonly string[];
  readonly parent?: string;
  readonly metaObject?: MetaObject;
  readonly modalities?: readonly string[];
  readonly sites?: readonly string[];
  readonly crowded?: boolean;
  readonly snomed?: string;
}

type Refuse = (field: string, allowed: string, value: unknown) => never;

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= MAX_LENGTH;
const textAllowed = `a text of 1 to ${MAX_LENGTH} characters`;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkList(value: unknown, field: string, refuse: Refuse): void {
  if (!Array.isArray(value) || value.length > MAX_SYNONYMS) {
    refuse(field, `a list of at most ${MAX_SYNONYMS} texts`, value);
  }
  for (const [i, one] of (value as unknown[]).entries()) if (!isText(one)) refuse(`${field}[${i}]`, textAllowed, one);
}

/** A named value that another function checks; its error is told as the file's. */
function checkEach(list: readonly string[], field: string, check: (name: string) => string, refuse: Refuse): string[] {
  return list.map((name, i) => {
    try {
      return check(name);
    } catch (error) {
      return refuse(`${field}[${i}]`, errorLine(error).replace(/^.*allowed: /, 'one of '), name);
    }
  });
}

const fields: Readonly<Record<keyof TermEntry, (value: unknown, field: string, refuse: Refuse) => void>> = {
  name: (value, field, refuse) => isText(value) || refuse(field, textAllowed, value),
  synonyms: checkList,
  parent: (value, field, refuse) => isText(value) || refuse(field, textAllowed, value),
  metaObject: (value, field, refuse) =>
    (typeof value === 'string' && Object.hasOwn(metaObjects, value)) ||
    refuse(field, `one of ${Object.keys(metaObjects).join(', ')}`, value),
  modalities: checkList,
  sites: checkList,
  crowded: (value, field, refuse) => typeof value === 'boolean' || refuse(field, 'true or false', value),
  snomed: (value, field, refuse) =>
    (typeof value === 'string' && /^\d{6,18}$/.test(value)) || refuse(field, 'a text of 6 to 18 digits', value),
};

function checkEntry(value: unknown, at: string, refuse: Refuse): TermEntry {
  if (!isRecord(value)) return refuse(at, `an object with ${Object.keys(fields).join(', ')}`, value);
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(fields, key))
      refuse(`${at}.${key}`, `left out; allowed fields are ${Object.keys(fields).join(', ')}`, value[key]);
  }
  for (const [key, check] of Object.entries(fields)) {
    if (key === 'name' || value[key] !== undefined) check(value[key], `${at}.${key}`, refuse);
  }
  return value as unknown as TermEntry;
}

function newConcepts(entry: TermEntry, at: string, refuse: Refuse): Concept[] {
  const modalities = checkEach(entry.modalities ?? [], `${at}.modalities`, checkModality, refuse);
  const sites = checkEach(entry.sites ?? [], `${at}.sites`, checkSite, refuse);
  const views = modalities.flatMap((modality) =>
    (sites.length === 0 ? ['*'] : sites).map((site) => ({ modality, site })),
  );
  const { name, synonyms = [], parent, metaObject = 'other organ', crowded = false, snomed } = entry;
  const [whole] = conceptsOf(
    {
      name,
      kind: metaObject,
      names: synonyms,
      ...(parent === undefined ? {} : { parent }),
      ...(crowded ? { crowded } : {}),
      ...(snomed === undefined ? {} : { snomed }),
    },
    null,
  );
  return [{ ...whole, views: views.length === 0 ? parseViews([]) : views }];
}

/** Whether the way up from a concept never ends. */
function isUnderItself(name: string, all: ReadonlyMap<string, Concept>): boolean {
  const above = new Set<string>();
  for (let at: string | null = name; at !== null; at = all.get(at)?.parent ?? null) {
    if (above.has(at)) return true;
    above.add(at);
  }
  return false;
}

/** The ontology with the terms of a parsed file; `file` is named in errors. */
export function parseTerms(value: unknown, file: string): Terms {
  const refuse: Refuse = (field, allowed, found) => {
    const text = found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 60);
    throw new BiomedParseError('input', `${file}: field "${field}" must be ${allowed}, got ${text}`, { file, field });
  };
  if (!isRecord(value) || !Array.isArray(value.terms) || value.terms.length > MAX_TERMS) {
    return refuse('terms', `a list of at most ${MAX_TERMS} terms`, isRecord(value) ? value.terms : value);
  }
  const entries = value.terms.map((entry, i) => checkEntry(entry, `terms[${i}]`, refuse));
  const known = new Map(concepts.map((concept) => [concept.name, concept]));
  const all = new Map(known);
  const cased = new Map(concepts.map(({ name }) => [name.toLowerCase(), name]));
  /** A name as the ontology, or an earlier term, spells it. */
  const spelled = (name: string): string => cased.get(name.toLowerCase()) ?? name;
  const added = new Map<string, Set<string>>();
  for (const [i, entry] of entries.entries()) {
    const name = spelled(entry.name);
    cased.set(name.toLowerCase(), name);
    const before = all.get(name);
    if (before === undefined) {
      for (const concept of newConcepts(entry, `terms[${i}]`, refuse)) all.set(concept.name, concept);
    } else {
      const { name: _, synonyms = [], ...more } = entry;
      const extra = Object.keys(more)[0];
      if (extra !== undefined) {
        refuse(
          `terms[${i}].${extra}`,
          `left out: "${name}" is known and can only get synonyms`,
          more[extra as keyof typeof more],
        );
      }
      all.set(name, { ...before, synonyms: [...new Set([...before.synonyms, ...synonyms])] });
    }
    added.set(name, new Set([...(added.get(name) ?? []), ...(entry.synonyms ?? [])]));
  }
  const owners = new Map<string, string>();
  for (const { name, synonyms } of known.values()) {
    for (const word of [name, ...synonyms]) owners.set(word.toLowerCase(), name);
  }
  for (const [i, { name: given, synonyms = [], parent }] of entries.entries()) {
    const name = spelled(given);
    if (!known.has(name)) {
      const owner = owners.get(name.toLowerCase()) ?? name;
      if (owner !== name) refuse(`terms[${i}].name`, `a name that is free; it already means "${owner}"`, given);
      owners.set(name.toLowerCase(), name);
    }
    if (parent !== undefined && !all.has(parent)) refuse(`terms[${i}].parent`, 'the name of a known term', parent);
    if (isUnderItself(name, all)) refuse(`terms[${i}].parent`, 'a term that is not under this one', parent);
    for (const [j, word] of synonyms.entries()) {
      const owner = owners.get(word.toLowerCase());
      if (owner !== undefined && owner !== name) {
        refuse(`terms[${i}].synonyms[${j}]`, `a name that is free; it already means "${owner}"`, word);
      }
      owners.set(word.toLowerCase(), name);
    }
  }
  return { concepts: [...all.values()], added };
}

/** Reads a file of the user's own terms. */
export async function loadTerms(path: string): Promise<Terms> {
  const bytes = await readFileChecked(path);
  if (bytes.length > MAX_BYTES) {
    throw new BiomedParseError('input', `${path} has ${bytes.length} bytes; at most ${MAX_BYTES} are allowed`, {
      path,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new BiomedParseError('input', `${path} is not valid JSON (${errorLine(error)})`, { path }, error);
  }
  return parseTerms(value, path);
}
