/** Run lengths in CSV files ("start length start length …"), one file for many images, as Kaggle's competitions have them. */
import { readCsv } from '../../formats/csv.ts';
import { addTo } from '../../util/groups.ts';
import { fillTemplate } from '../recipe/pattern.ts';
import { type Layer, type MaskFile, type MaskReading, type MaskRequest, refuseMask, stackLayers } from './layer.ts';
import { baseName, sharedReading } from './shared-file.ts';

interface Run {
  readonly label: string;
  readonly runs: string;
}

/** Rows by image; the columns are part of what is kept. */
const readRows = sharedReading(async (asked): Promise<ReadonlyMap<string, readonly Run[]>> => {
  const [path, ...columns] = asked.split('\n');
  const rows = new Map<string, Run[]>();
  await readCsv(path, columns, ([key, runs, label = '']) => {
    addTo(rows, baseName(key), { label, runs });
  });
  return rows;
});

function pixels(text: string, request: MaskRequest, file: MaskFile): number[] {
  const [width, height] = request.grid.size;
  const { start = 1, order = 'columns', relative = false } = request.source;
  const numbers = text === '-1' ? [] : text.split(/[\s,]+/).flatMap((word) => (word === '' ? [] : [Number(word)]));
  const found: number[] = [];
  let end = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const from = relative ? end + numbers[i] : numbers[i] - start;
    const length = numbers[i + 1];
    end = from + length;
    if (!(Number.isInteger(from) && Number.isInteger(length) && from >= 0 && length >= 0 && end <= width * height)) {
      return refuseMask(
        file,
        `run ${numbers[i]} ${length} lies outside of the ${width} x ${height} pixels of the image`,
      );
    }
    for (let at = from; at < end; at++) {
      found.push(order === 'rows' ? at : (at % height) * width + Math.floor(at / height));
    }
  }
  return found;
}

/** Layers of run lengths. */
export const readRuns: MaskReading = async (request) => {
  const { source, grid, captures } = request;
  const { key, runs, label } = source.columns ?? { key: '', runs: '' };
  const layers: Layer[] = [];
  for (const file of request.files) {
    const columns = [key, runs, ...(label === undefined ? [] : [label])];
    const rows = await readRows([file.path, ...columns].join('\n'));
    const name = fillTemplate(source.key ?? '{file}', { ...captures, ...file.captures });
    const own = rows.get(baseName(name)) ?? rows.get(name);
    if (own === undefined) {
      if (source.missing === 'empty') continue;
      return refuseMask(file, `no row in it is of ${name}`);
    }
    const masks = own.map((one) => ({ label: one.label, voxels: pixels(one.runs, request, file) }));
    layers.push(...stackLayers(masks, grid.size[0] * grid.size[1], request, file, true));
  }
  return layers;
};
