/** The rows of the Parquet manifest: one per image and target, whether it is present, absent or unknown there. */
import type { ParquetColumn } from '../../formats/parquet.ts';
import type { FactsWithMasks } from './facts.ts';

export const COLUMNS: readonly ParquetColumn[] = [
  { name: 'set', type: 'STRING' },
  { name: 'split', type: 'STRING' },
  { name: 'image', type: 'STRING' },
  { name: 'width', type: 'INT32' },
  { name: 'height', type: 'INT32' },
  { name: 'modality', type: 'STRING' },
  { name: 'family', type: 'STRING' },
  { name: 'sequence', type: 'STRING' },
  { name: 'site', type: 'STRING' },
  { name: 'subject', type: 'STRING' },
  { name: 'licence', type: 'STRING' },
  { name: 'target', type: 'STRING' },
  { name: 'state', type: 'STRING' },
  { name: 'concept', type: 'STRING' },
  { name: 'published', type: 'STRING' },
  { name: 'mask', type: 'STRING' },
  { name: 'area', type: 'INT32' },
  { name: 'left', type: 'INT32' },
  { name: 'top', type: 'INT32' },
  { name: 'right', type: 'INT32' },
  { name: 'bottom', type: 'INT32' },
  { name: 'instance_count', type: 'INT32' },
  { name: 'instances_by', type: 'STRING' },
  { name: 'instances', type: 'JSON' },
  { name: 'sentences', type: 'JSON' },
];

const NOTHING = {
  ...{ concept: null, published: null, mask: null, area: null, left: null, top: null, right: null, bottom: null },
  ...{ instance_count: null, instances_by: null, instances: null, sentences: null },
};

/** Rows of images, in their order. */
export async function* rowsOf(
  images: AsyncIterable<FactsWithMasks>,
): AsyncGenerator<Readonly<Record<string, unknown>>> {
  for await (const { facts } of images) {
    const { set, split, image, width, height, modality, family, sequence, site, subject, licence } = facts;
    const common = { set, split, image, width, height, modality, family, sequence, site, subject, licence };
    for (const { target, concept, published, mask, area, box, instances, instances_by, sentences } of facts.present) {
      const [left, top, right, bottom] = box;
      const found = { concept, published, mask, area, left, top, right, bottom, instances_by, instances, sentences };
      yield { ...common, target, state: 'present', ...found, instance_count: instances.length };
    }
    for (const { target } of facts.absent) yield { ...common, target, state: 'absent', ...NOTHING };
    for (const target of facts.unknown) yield { ...common, target, state: 'unknown', ...NOTHING };
  }
}
