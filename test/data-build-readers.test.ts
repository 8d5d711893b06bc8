/** Every reader of masks, by value, on small sources in the layout that it is for. Nothing is resampled here: a pixel is a pixel. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../src/formats/npy.ts';
import { buildTree, digitsPng, HEAD, png } from './helpers/sources.ts';

const GREY = digitsPng(['0123', '4567', '8901', '2345'], 20);
const part = (masks: string): string => `${HEAD}parts:\n  - images: images/{id}.png\n    masks:\n${masks}`;
const mask = (lines: readonly string[]): string => part(`      - ${lines.join('\n        ')}\n`);

describe('masks whose pixels are numbers', () => {
  it('labels: values, lists, ranges and null', async () => {
    const yaml = mask([
      'file: labels/{id}.png',
      'reader: labels',
      'labels: {1: brain tumor, 2: [edema, brain lesion], 3..5: white matter, 9: null}',
    ]);
    const labels = await digitsPng(['0011', '2233', '4599', '0000']);
    const built = await buildTree(yaml, { 'images/a.png': await GREY, 'labels/a.png': labels }, 4);
    expect(await built.mask('brain tumor')).toEqual(['0011', '0000', '0000', '0000']);
    expect(await built.mask('edema')).toEqual(['0000', '1100', '0000', '0000']);
    expect(await built.mask('brain lesion')).toEqual(['0000', '1100', '0000', '0000']);
    expect(await built.mask('white matter')).toEqual(['0000', '0011', '1100', '0000']);
    expect(built.images[0].masks.find(({ target }) => target === 'white matter')?.labels).toEqual(['3', '4', '5']);
    expect(built.images[0].masks).toHaveLength(4);
  });

  it('labels: 0 with a target is a label, without one it is background', async () => {
    const labels = await digitsPng(['0011', '0001', '1111', '1111']);
    const files = { 'images/a.png': await GREY, 'labels/a.png': labels };
    const built = await buildTree(
      mask(['file: labels/{id}.png', 'reader: labels', 'labels: {0: edema, 1: null}']),
      files,
      4,
    );
    expect(await built.mask('edema')).toEqual(['1100', '1110', '0000', '0000']);
    expect(built.images[0].masks).toMatchObject([{ target: 'edema', labels: ['0'], sourceArea: 5 }]);
    const target = await buildTree(mask(['file: labels/{id}.png', 'reader: labels', 'target: edema']), files, 4);
    expect(await target.mask('edema')).toEqual(['0011', '0001', '1111', '1111']);
  });

  it('binary: a threshold, several files per image, labels from names', async () => {
    const yaml = mask([
      "file: 'masks/{id}_{kind}.png'",
      'reader: binary',
      "label: '{kind}'",
      'threshold: 40',
      'labels: {core: tumor core, whole: brain tumor, notes: null}',
    ]);
    const files = {
      'images/a.png': await GREY,
      'masks/a_core.png': await digitsPng(['0200', '0900', '0000', '0000'], 20),
      'masks/a_whole.png': await digitsPng(['0320', '0330', '0000', '0000'], 20),
      'masks/a_notes.png': await digitsPng(['9999', '9999', '9999', '9999'], 20),
    };
    const built = await buildTree(yaml, files, 4);
    expect(await built.mask('tumor core')).toEqual(['0000', '0100', '0000', '0000']);
    expect(await built.mask('brain tumor')).toEqual(['0100', '0110', '0000', '0000']);
    expect(built.images[0].masks[0].source).toEqual(['masks/a_core.png']);
  });

  it('colours within a tolerance, in RGB and with alpha', async () => {
    const yaml = mask([
      'file: masks/{id}.png',
      'reader: colour',
      'tolerance: 10',
      `labels: {'#ff0000': brain tumor, '#00ff00': edema, '#ffffff': null}`,
    ]);
    const [k, r, g, w] = [
      [0, 0, 0],
      [250, 5, 0],
      [0, 255, 0],
      [255, 255, 255],
    ];
    const rgb = [k, r, r, g, k, r, r, g, w, w, w, w, k, k, k, k];
    const rgba = rgb.map((pixel, i) => [...pixel, i === 1 ? 0 : 255]);
    const files = {
      'images/a.png': await GREY,
      'masks/a.png': await png(rgb.flat(), 4, 4, 3),
      'images/b.png': await digitsPng(['1111', '2222', '3333', '4444']),
      'masks/b.png': await png(rgba.flat(), 4, 4, 4),
    };
    const built = await buildTree(yaml, files, 4);
    expect(await built.mask('brain tumor', '-a_')).toEqual(['0110', '0110', '0000', '0000']);
    expect(await built.mask('edema', '-a_')).toEqual(['0001', '0001', '0000', '0000']);
    expect(await built.mask('brain tumor', '-b_')).toEqual(['0010', '0110', '0000', '0000']);
  });

  it('masks in GIF', async () => {
    const yaml = mask(['file: m/{id}.gif', 'reader: binary', 'target: brain tumor']);
    const gif = await sharp(Buffer.from([0, 255, 0, 0]), { raw: { width: 2, height: 2, channels: 1 } })
      .gif()
      .toBuffer();
    const built = await buildTree(yaml, { 'images/a.png': await digitsPng(['11', '22']), 'm/a.gif': gif }, 2);
    expect(await built.mask('brain tumor')).toEqual(['01', '00']);
  });

  it('bits: a pixel of several labels', async () => {
    const yaml = mask(['file: m/{id}.png', 'reader: bits', 'labels: {0: brain tumor, 1: edema, 2: null}']);
    const files = { 'images/a.png': await GREY, 'm/a.png': await digitsPng(['0123', '4567', '0000', '0000']) };
    const built = await buildTree(yaml, files, 4);
    expect(await built.mask('brain tumor')).toEqual(['0101', '0101', '0000', '0000']);
    expect(await built.mask('edema')).toEqual(['0011', '0011', '0000', '0000']);
    files['m/a.png'] = await digitsPng(['8000', '0000', '0000', '0000']);
    const failed = await buildTree(yaml, files, 4);
    expect(failed.summary.failures).toEqual([
      'images/a.png: m/a.png: value 8 has bits that parts[0].masks[0].labels does not name (7)',
    ]);
  });

  it('instances: one target, a box per object', async () => {
    const yaml = mask(['file: m/{id}.png', 'reader: instances', 'target: cell nuclei']);
    const files = { 'images/a.png': await GREY, 'm/a.png': await digitsPng(['1103', '1103', '0003', '2200']) };
    const built = await buildTree(yaml, files, 4);
    expect(await built.mask('cell nuclei')).toEqual(['1101', '1101', '0001', '1100']);
    expect(built.images[0].masks[0].instances).toEqual([
      [0, 0, 2, 2],
      [3, 0, 4, 3],
      [0, 3, 2, 4],
    ]);
    expect(built.images[0].masks[0].box).toEqual([0, 0, 4, 4]);
  });

  it('a mask of another size, stretched: numbers above 255 stay what they are', async () => {
    const wide = encodeNpy(Float32Array.of(257, 0, 0, 1), [2, 2]);
    const yaml = mask([
      'file: labels/{id}.npy',
      'reader: labels',
      'size: stretch',
      'labels: {1: edema, 257: brain tumor}',
    ]);
    const built = await buildTree(yaml, { 'images/a.png': await GREY, 'labels/a.npy': wide }, 4);
    expect(await built.mask('brain tumor')).toEqual(['1100', '1100', '0000', '0000']);
    expect(await built.mask('edema')).toEqual(['0000', '0000', '0011', '0011']);
  });

  it('arrays: a stack of colour images with an instance map per class', async () => {
    const yaml = `${HEAD}parts:
  - images: {file: '{fold}/images.npy', axes: nyxc}
    masks:
      - {file: '{fold}/masks.npy', reader: instances, axes: nyxl, labels: {0: neoplastic cells, 1: null, 2: epithelial cells}}
`;
    const image = Uint8Array.from({ length: 2 * 2 * 2 * 3 }, (_, i) => i * 10);
    const masks = Float32Array.from({ length: 2 * 2 * 2 * 3 });
    masks[0] = 7; // item 0, pixel 0, class 0
    masks[5] = 8; // item 0, pixel 1, class 2
    masks[12 + 9] = 9; // item 1, pixel 3, class 0
    const files = {
      'fold1/images.npy': encodeNpy(image, [2, 2, 2, 3]),
      'fold1/masks.npy': encodeNpy(masks, [2, 2, 2, 3]),
    };
    const built = await buildTree(yaml, files, 2);
    expect(built.images.map(({ image: name }) => name)).toEqual([
      'train/demo-fold1-t0_MRI_brain.png',
      'train/demo-fold1-t1_MRI_brain.png',
    ]);
    expect(await built.mask('neoplastic cells', '-t0')).toEqual(['10', '00']);
    expect(await built.mask('epithelial cells', '-t0')).toEqual(['01', '00']);
    expect(await built.mask('neoplastic cells', '-t1')).toEqual(['00', '01']);
    expect(built.images[1].absent).toEqual(['epithelial cells']);
    expect(await built.grey('-t1')).toEqual([...image.slice(12)]);
  });
});

describe('outlines', () => {
  const box = (x: number, y: number, w: number, h: number): number[] => [x, y, x + w, y, x + w, y + h, x, y + h];

  it('COCO: polygons with several parts, packed and plain run lengths, categories', async () => {
    const yaml = mask(['file: all.json', 'reader: coco', 'labels: {tumour: brain tumor, oedema: edema, text: null}']);
    const coco = {
      images: [
        { id: 5, file_name: 'some/folder/a.png', width: 4, height: 4 },
        { id: 6, file_name: 'other.png' },
      ],
      categories: [
        { id: 1, name: 'tumour' },
        { id: 2, name: 'oedema' },
        { id: 3, name: 'text' },
      ],
      annotations: [
        { image_id: 5, category_id: 1, segmentation: [box(0, 0, 2, 2), box(1, 1, 2, 1)] },
        // down the columns: 5 outside, 2 inside, 9 outside
        { image_id: 5, category_id: 2, segmentation: { size: [4, 4], counts: [5, 2, 9] } },
        // 5, 2, 1, 1, 7 as pycocotools packs them: from the fourth on differences from the second before
        { image_id: 5, category_id: 2, segmentation: { size: [4, 4], counts: '521O6' } },
        { image_id: 5, category_id: 3, segmentation: [box(0, 0, 4, 4)] },
        { image_id: 6, category_id: 1, segmentation: [box(0, 0, 4, 4)] },
      ],
    };
    const built = await buildTree(yaml, { 'images/a.png': await GREY, 'all.json': JSON.stringify(coco) }, 4);
    expect(await built.mask('brain tumor')).toEqual(['1100', '1110', '0000', '0000']);
    expect(await built.mask('edema')).toEqual(['0010', '0100', '0100', '0000']);
    expect(built.images[0].masks.find(({ target }) => target === 'edema')?.instances).toHaveLength(2);
  });

  it('COCO: an image that is not in the file', async () => {
    const empty = JSON.stringify({ images: [], categories: [], annotations: [] });
    const files = { 'images/a.png': await GREY, 'all.json': empty };
    const lines = ['file: all.json', 'reader: coco', 'labels: {tumour: brain tumor}'];
    expect((await buildTree(mask(lines), files, 4)).summary.failures).toEqual([
      'images/a.png: all.json: no image in it is named a',
    ]);
    const built = await buildTree(mask([...lines, 'missing: empty']), files, 4);
    expect(built.images[0].absent).toEqual(['brain tumor']);
  });

  it('labelme: polygons, rectangles and circles; a line encloses nothing', async () => {
    const yaml = mask(['file: json/{id}.json', 'reader: labelme', 'labels: {t: brain tumor, e: edema}']);
    const shapes = [
      {
        label: 't',
        shape_type: 'polygon',
        points: [
          [0, 0],
          [2, 0],
          [2, 1],
          [0, 1],
        ],
      },
      {
        label: 'e',
        shape_type: 'rectangle',
        points: [
          [2, 2],
          [4, 4],
        ],
      },
      {
        label: 't',
        shape_type: 'circle',
        points: [
          [1.5, 2.5],
          [1.5, 2.1],
        ],
      },
      {
        label: 't',
        shape_type: 'line',
        points: [
          [0, 0],
          [4, 4],
        ],
      },
    ];
    const json = JSON.stringify({ shapes, imageWidth: 4, imageHeight: 4 });
    const built = await buildTree(yaml, { 'images/a.png': await GREY, 'json/a.json': json }, 4);
    expect(await built.mask('brain tumor')).toEqual(['1100', '0000', '0100', '0000']);
    expect(await built.mask('edema')).toEqual(['0000', '0000', '0011', '0011']);
  });

  it('YOLO: polygons and boxes in shares of the image', async () => {
    const yaml = mask(['file: labels/{id}.txt', 'reader: yolo', 'labels: {0: brain tumor, 1: edema}']);
    const text = '0 0 0 0.5 0 0.5 0.25 0 0.25\n1 0.75 0.75 0.5 0.5\n';
    const built = await buildTree(yaml, { 'images/a.png': await GREY, 'labels/a.txt': text }, 4);
    expect(await built.mask('brain tumor')).toEqual(['1100', '0000', '0000', '0000']);
    expect(await built.mask('edema')).toEqual(['0000', '0000', '0011', '0011']);
  });

  it('run lengths in CSV: down columns from 1, along rows from 0, relative', async () => {
    const files = {
      'images/a.png': await GREY,
      'runs.csv': 'ImageId,Class,EncodedPixels\na.png,t,2 2 5 1\na.png,e,-1\n',
    };
    const lines = [
      'file: runs.csv',
      'reader: rle-csv',
      'columns: {key: ImageId, runs: EncodedPixels, label: Class}',
      'labels: {t: brain tumor, e: edema}',
    ];
    const built = await buildTree(mask(lines), files, 4);
    expect(await built.mask('brain tumor')).toEqual(['0100', '1000', '1000', '0000']);
    expect(built.images[0].absent).toEqual(['edema']);
    const rows = await buildTree(mask([...lines, 'order: rows', 'start: 0']), files, 4);
    expect(await rows.mask('brain tumor')).toEqual(['0011', '0100', '0000', '0000']);
    const relative = await buildTree(mask([...lines, 'order: rows', 'relative: true']), files, 4);
    // from 2: two; five on from 4: one at 9
    expect(await relative.mask('brain tumor')).toEqual(['0011', '0000', '0100', '0000']);
  });

  it('Aperio XML: named annotations, holes, objects', async () => {
    const yaml = mask(['file: xml/{id}.xml', 'reader: aperio-xml', 'labels: {Epithelial: epithelial cells, 2: null}']);
    const region = (points: number[][], negative = 0): string =>
      `<Region NegativeROA="${negative}"><Vertices>${points.map(([x, y]) => `<Vertex X="${x}" Y="${y}"/>`).join('')}</Vertices></Region>`;
    const square = (x: number, y: number, side: number): number[][] => [
      [x, y],
      [x + side, y],
      [x + side, y + side],
      [x, y + side],
    ];
    const xml = `<?xml version="1.0"?><Annotations MicronsPerPixel="0.25"><Annotation Id="1" Name="Epithelial"><Regions>${region(square(0, 0, 3))}${region(square(3, 3, 1))}${region(square(1, 1, 1), 1)}</Regions></Annotation><Annotation Id="2" Name=""><Regions>${region(square(0, 0, 4))}</Regions></Annotation></Annotations>`;
    const built = await buildTree(yaml, { 'images/a.png': await GREY, 'xml/a.xml': xml }, 4);
    expect(await built.mask('epithelial cells')).toEqual(['1110', '1010', '1110', '0001']);
    expect(built.images[0].masks[0].instances).toEqual([
      [0, 0, 3, 3],
      [3, 3, 4, 4],
    ]);
  });

  it('XML with a document type is refused', async () => {
    const yaml = mask(['file: xml/{id}.xml', 'reader: aperio-xml', 'target: edema']);
    const xml = '<!DOCTYPE x [<!ENTITY a "b">]><Annotations>&a;</Annotations>';
    const built = await buildTree(yaml, { 'images/a.png': await GREY, 'xml/a.xml': xml }, 4);
    expect(built.summary.failures[0]).toContain('xml/a.xml is not a usable XML file: it declares a document type');
  });
});
