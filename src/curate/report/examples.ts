/** Example pictures of targets, evenly spread over a data folder. */
import { type Dataset, type DatasetItem, readItemImage, readItemMask } from '../../dataset/index.ts';
import { examplePicture, type Html } from './html.ts';

/** What examples are of; a modality or site that is null is any. */
export interface ExampleOf {
  readonly set: string | null;
  readonly target: string;
  readonly modality: string | null;
  readonly site: string | null;
}

function shows({ set, target, modality, site }: ExampleOf, item: DatasetItem): boolean {
  const spelt = (name: string): string => name.replaceAll('+', ' ');
  return (
    item.set === set &&
    (modality === null || spelt(item.modality) === modality) &&
    (site === null || spelt(item.site) === site) &&
    item.targets.some((one) => one.target === target)
  );
}

/** Pictures of at most `count` images with the target outlined; what cannot be read is left out. */
export async function examplesOf(datasets: readonly Dataset[], of: ExampleOf, count: number): Promise<Html[]> {
  const found = datasets.flatMap((dataset) =>
    dataset.items.flatMap((item) => (shows(of, item) ? [{ dataset, item }] : [])),
  );
  const chosen = Array.from({ length: Math.min(count, found.length) }, (_, i) => {
    return found[Math.floor((i * found.length) / Math.min(count, found.length))];
  });
  const pictures: Html[] = [];
  for (const { dataset, item } of chosen) {
    const own = item.targets.find(({ target }) => target === of.target);
    if (own === undefined) continue;
    try {
      const [image, mask] = [await readItemImage(dataset, item), await readItemMask(dataset, own.maskFile)];
      if (image.width !== mask.width || image.height !== mask.height) continue;
      pictures.push(await examplePicture(image, mask, `${of.target}: ${item.name} (${dataset.split})`));
    } catch {
      // `data check` says what is wrong with it; a page does without
    }
  }
  return pictures;
}
