/** The ontology as data: whole, without contradictions, and the published one and the training data's targets in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeShared, sharedPath } from '../../../test/helpers/shared.ts';
import {
  conceptOfTarget,
  concepts,
  isTrained,
  metaObjects,
  modalities,
  modalityFamily,
  sites,
  siteWords,
} from '../index.ts';

const byName = new Map(concepts.map((concept) => [concept.name, concept]));

describe('the concepts', () => {
  it('have one name each, and names that no other has', () => {
    expect(byName.size).toBe(concepts.length);
    const owners = new Map<string, string>();
    for (const { name, synonyms } of concepts) {
      for (const other of [name, ...synonyms]) {
        expect(owners.get(other) ?? name, other).toBe(name);
        owners.set(other, name);
      }
    }
  });

  it('have parents that exist, without cycles, and a side where they are a side of one', () => {
    for (const concept of concepts) {
      const way = new Set<string>();
      for (let at = concept; at.parent !== null; ) {
        expect(way.has(at.name), concept.name).toBe(false);
        way.add(at.name);
        const parent = byName.get(at.parent);
        expect(parent, `${at.name} -> ${at.parent}`).toBeDefined();
        at = parent as typeof at;
      }
      expect(/^left /.test(concept.name) === (concept.side === 'left'), concept.name).toBe(true);
      expect(metaObjects[concept.metaObject]).toBe(concept.category);
    }
    expect(byName.get('right middle lung lobe')).toMatchObject({ side: 'right', parent: 'middle lung lobe' });
    expect(byName.has('left middle lung lobe')).toBe(false);
  });

  it('lie in known kinds of image', () => {
    for (const { name, views, trainedViews } of concepts) {
      for (const { modality, site } of views) {
        expect(modalities, name).toContain(modality);
        expect(site === '*' || sites.includes(site), `${name}: ${site}`).toBe(true);
      }
      for (const view of trainedViews) expect(views, name).toContainEqual(view);
    }
  });

  it('carry well-formed SNOMED CT identifiers, none twice', () => {
    const codes = concepts.flatMap(({ snomed }) => (snomed === null ? [] : [snomed]));
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.length).toBeGreaterThan(60);
    for (const code of codes) expect(verhoeff(code), code).toBe(true);
  });
});

/** Whether the last digit is the Verhoeff check digit that SNOMED CT identifiers end in. */
function verhoeff(code: string): boolean {
  const product = (a: number, b: number): number => {
    if (a < 5) return b < 5 ? (a + b) % 5 : ((a + b) % 5) + 5;
    return b < 5 ? ((a - b + 5) % 5) + 5 : (a - b + 10) % 5;
  };
  const turn = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
  let check = 0;
  for (const [i, digit] of [...code].reverse().entries()) {
    let value = Number(digit);
    for (let n = 0; n < i % 8; n++) value = turn[value];
    check = product(check, value);
  }
  return check === 0;
}

describeShared('reference/ontology.json', 'the published ontology', () => {
  const published = JSON.parse(readFileSync(sharedPath('reference/ontology.json'), 'utf8')) as {
    categories: string[];
    meta_objects: { category: string; meta_object: string }[];
    objects: { object: string; meta_object: string; category: string; sites: string[]; modalities: string[] }[];
    modalities: string[];
    sites: string[];
  };
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

  it('has its categories and meta-objects', () => {
    const kinds = Object.entries(metaObjects);
    for (const category of published.categories) expect(kinds.map(([, one]) => one)).toContain(category);
    for (const { category, meta_object } of published.meta_objects)
      expect(kinds).toContainEqual([meta_object, category]);
    expect(kinds.length - published.meta_objects.length).toBe(1); // device
  });

  it('has its objects, each once, with category, modalities and sites', () => {
    const siteOf = (name: string): string | undefined => sites.find((site) => siteWords(site).includes(name));
    expect(published.objects).toHaveLength(82);
    for (const { object, meta_object, category, ...where } of published.objects) {
      const found = concepts.filter((concept) => concept.published === object);
      expect(
        found.map(({ metaObject, category }) => [metaObject, category]),
        object,
      ).toEqual([[meta_object, category]]);
      const { views } = found[0];
      for (const modality of where.modalities) {
        expect(
          views.some((view) => same(view.modality, modality)),
          `${object} in ${modality}`,
        ).toBe(true);
      }
      for (const site of where.sites) {
        expect(
          views.some((view) => view.site === '*' || view.site === siteOf(site)),
          `${object} in ${site}`,
        ).toBe(true);
      }
    }
    expect(concepts.filter((concept) => concept.published !== null)).toHaveLength(82);
  });

  it('has its modalities and sites', () => {
    for (const modality of published.modalities)
      expect(
        modalities.some((one) => same(one, modality)),
        modality,
      ).toBe(true);
    for (const site of published.sites)
      expect(
        sites.some((one) => siteWords(one).includes(site)),
        site,
      ).toBe(true);
  });
});

describeShared('data', 'what the default model was trained on', () => {
  it('is what the concepts say', () => {
    const root = sharedPath('data');
    const seen = new Set<string>();
    for (const entry of readdirSync(root, { withFileTypes: true }).filter((one) => one.isDirectory())) {
      for (const file of readdirSync(join(root, entry.name, 'train_mask'))) {
        const [modality, site, target] = file
          .replace(/\.png$/, '')
          .split('_')
          .slice(-3);
        const concept = conceptOfTarget(target.replaceAll('+', ' '));
        expect(concept, target).toBeDefined();
        seen.add(`${concept?.name} in ${modalityFamily(modality)} ${site}`);
      }
    }
    const said = concepts
      .filter(isTrained)
      .flatMap(({ name, trainedViews }) => trainedViews.map(({ modality, site }) => `${name} in ${modality} ${site}`));
    expect([...seen].sort()).toEqual([...said].sort());
  });
});
