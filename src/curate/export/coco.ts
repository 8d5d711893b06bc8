/**
 * COCO object detection (cocodataset.org) of a data folder, made as it is written: an annotation per instance where instances are
 * connected parts, else one per mask with the source's boxes in a field of their own. Images carry what is absent and unknown besides.
 */
import { cocoBox, labelRunLengths, runLengths } from '../../formats/coco.ts';
import { components } from '../../image/components.ts';
import { conceptOfTarget } from '../../ontology/index.ts';
import type { FactsWithMasks } from './facts.ts';

/** The annotations of one image, without their ids. */
function* annotationsOf({ facts, masks }: FactsWithMasks, imageId: number, categories: ReadonlyMap<string, number>) {
  for (const [i, { target, instances, instances_by, sentences, mask: file, area, box }] of facts.present.entries()) {
    const common = { image_id: imageId, category_id: categories.get(target), iscrowd: 0 };
    const about = { mask_file: file, sentences };
    if (instances_by === 'source') {
      const segmentation = runLengths(masks[i]);
      yield { ...common, bbox: cocoBox(box), area, segmentation, ...about, instances: instances.map(cocoBox) };
      continue;
    }
    const { width, height } = masks[i];
    const { labels, parts } = components(masks[i]);
    for (const { label, areaPx, box: part } of parts) {
      const segmentation = labelRunLengths(labels, label, part, width, height);
      yield { ...common, bbox: cocoBox(part), area: areaPx, segmentation, ...about };
    }
  }
}

const list = (values: readonly object[]): string => values.map((value) => `\n${JSON.stringify(value)}`).join(',');

/** The document, piece by piece; `targets` become its categories, in their order. Memory holds the images' facts, not their masks. */
export async function* cocoText(
  images: AsyncIterable<FactsWithMasks>,
  targets: readonly string[],
): AsyncGenerator<string> {
  const ids = new Map(targets.map((target, i) => [target, i + 1]));
  const categories = targets.map((name, i) => {
    return { id: i + 1, name, supercategory: conceptOfTarget(name)?.metaObject ?? 'unknown' };
  });
  const seen: object[] = [];
  let annotationId = 0;
  yield '{"info":{"description":"images, objects and their masks; an annotation is an instance"},\n"annotations":[';
  for await (const one of images) {
    const { image: file_name, present, width, height, ...rest } = one.facts;
    const id = seen.length + 1;
    for (const annotation of annotationsOf(one, id, ids)) {
      yield `${annotationId === 0 ? '' : ','}\n${JSON.stringify({ id: ++annotationId, ...annotation })}`;
    }
    seen.push({ id, file_name, width, height, ...rest, present: present.map(({ target }) => target) });
  }
  yield `],\n"images":[${list(seen)}],\n"categories":[${list(categories)}]}\n`;
}
