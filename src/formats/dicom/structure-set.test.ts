import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Attributes, dicomFile } from '../../../test/helpers/dicom.ts';
import {
  dump,
  LIVER,
  maskOf,
  pydicom,
  readLiver,
  source,
  sourceWithoutFrame,
  VALIDATORS,
  validate,
  writeOptions,
} from '../../../test/helpers/dicom-source.ts';
import { survive } from '../../../test/helpers/mutations.ts';
import { describePrograms } from '../../../test/helpers/programs.ts';
import { describeShared } from '../../../test/helpers/shared.ts';
import { emptyMask, indexToLps, type Vector } from '../../image/volume.ts';
import { createRandom } from '../../util/random.ts';
import { parseDicom } from './dataset.ts';
import type { FoundObject } from './modules.ts';
import { deidentifySource } from './source.ts';
import { writeStructureSet } from './structure-set.ts';
import { decodeStructureSet, readStructureSet } from './structure-set-read.ts';
import { TAG } from './tags.ts';
import { characterSet, items, number, numbers, text } from './values.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-rtstruct-'));
afterAll(() => rmSync(folder, { recursive: true }));

const random = createRandom(12);
const noise = maskOf(() => random.next() < 0.6);
const ring = maskOf((x, y, z) => z === 2 && Math.max(Math.abs(x - 5), Math.abs(y - 3)) < 3 && (x !== 5 || y !== 3));
const objects: FoundObject[] = [
  { prompt: 'liver', mask: noise, presence: 0.9 },
  { prompt: '左肾', mask: ring },
  { prompt: 'some unheard of thing', mask: emptyMask(source), concept: null },
];
const written = Buffer.from(writeStructureSet(source, objects, writeOptions()));

const CLASS = '1.2.840.10008.5.1.4.1.1.481.3';
/** A structure set of region 1 with contours of one type each. */
const made = (contours: readonly Attributes[], changes: Attributes = {}): Buffer =>
  dicomFile({
    SOPClassUID: CLASS,
    StructureSetROISequence: [{ ROINumber: 1, ROIName: 'a' }],
    ROIContourSequence: [{ ReferencedROINumber: 1, ContourSequence: contours }],
    ...changes,
  });
/** A contour through places in index coordinates of the source. */
const contour = (points: readonly Vector[], type = 'CLOSED_PLANAR'): Attributes => ({
  ContourGeometricType: type,
  ContourData: points.flatMap((point) => [...indexToLps(source, point)]),
});
const square = (from: number, to: number, z: number): Vector[] => [
  [from, from, z],
  [to, from, z],
  [to, to, z],
  [from, to, z],
];

describe('a structure set', () => {
  it('is the same for the same identifiers and date', () => {
    expect(writeStructureSet(source, objects, writeOptions())).toEqual(written);
  });

  it('is filled back to the same masks', async () => {
    const path = join(folder, 'a.dcm');
    writeFileSync(path, written);
    const { rois, mask } = await readStructureSet(path);
    expect(rois.map(({ number, name, colour }) => [number, name, colour])).toEqual([
      [1, 'liver', [0, 225, 255]],
      [2, 'left kidney', [255, 205, 0]],
      [3, 'some unheard of thing', [255, 70, 200]],
    ]);
    expect(rois[1]).toMatchObject({
      description: 'prompt: 左肾',
      contours: 1,
      leftOut: 0,
      frameOfReferenceUid: '1.2.3.5',
    });
    for (const [i, object] of objects.entries()) expect(mask(i + 1, source).data).toEqual(object.mask.data);
    expect(() => mask(4, source)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('there are: 1, 2, 3') }),
    );
  });

  it('refers to the images of its slices and says what was asked', () => {
    const { dataset } = parseDicom(written, 'a');
    const [, kidney, none] = items(dataset, TAG.ROIContourSequence);
    const [outline] = items(kidney as NonNullable<typeof kidney>, TAG.ContourSequence);
    const [image] = items(outline as NonNullable<typeof outline>, TAG.ContourImageSequence);
    expect(text(image as NonNullable<typeof image>, TAG.ReferencedSOPInstanceUID)).toBe('1.2.3.4.3');
    expect(items(none as NonNullable<typeof none>, TAG.ContourSequence)).toEqual([]);
    const count = number(outline as NonNullable<typeof outline>, TAG.NumberOfContourPoints);
    expect(numbers(outline as NonNullable<typeof outline>, TAG.ContourData)).toHaveLength(3 * (count as number));
    expect(text(dataset, TAG.PatientName, characterSet(dataset))).toBe('王^小東');
    const types = items(dataset, TAG.RTROIObservationsSequence).map((item) => text(item, TAG.RTROIInterpretedType));
    expect(types).toEqual(['ORGAN', 'ORGAN', undefined]);
  });

  it('is refused where objects and source do not fit', () => {
    expect(() => writeStructureSet(sourceWithoutFrame(), objects, writeOptions())).toThrow('no Frame of Reference UID');
    expect(() => writeStructureSet(source, [], writeOptions())).toThrow('no object to write');
    const small = { ...source, size: [13, 7, 4] as const };
    expect(() => writeStructureSet(source, [{ prompt: 'a', mask: emptyMask(small) }], writeOptions())).toThrow(
      'has 13 x 7 x 4 voxels',
    );
  });
});

describe('a structure set by others', () => {
  it('has holes by contours in contours, and contours between slices', () => {
    const bytes = made([
      contour(square(-0.5, 4.5, 1.3)),
      contour(square(0.5, 1.5, 1), 'CLOSEDPLANAR_XOR'),
      contour(square(0, 1, 1).slice(0, 1), 'POINT'),
    ]);
    const { rois, mask } = decodeStructureSet(bytes, 'a');
    expect(rois[0]).toMatchObject({ contours: 2, leftOut: 1, colour: null });
    const expected = maskOf((x, y, z) => z === 1 && x < 5 && y < 5 && (x !== 1 || y !== 1));
    expect(mask(1, source).data).toEqual(expected.data);
  });

  it.each<[string, Buffer, string]>([
    ['of another class', made([], { SOPClassUID: '1.2' }), 'it is no RT structure set (SOP class 1.2)'],
    [
      'with a region without number',
      made([], { StructureSetROISequence: [{ ROIName: 'a' }] }),
      'one of its regions has no ROINumber',
    ],
    [
      'with a number twice',
      made([], { StructureSetROISequence: [{ ROINumber: 1 }, { ROINumber: 1 }] }),
      'the same ROINumber',
    ],
    [
      'with too few points',
      made([contour(square(0, 1, 1).slice(2))]),
      'a contour of region 1 has 6 coordinates; at least 3 points',
    ],
    [
      'across slices',
      made([
        contour([
          [0, 0, 0],
          [3, 0, 0],
          [3, 0, 3],
        ]),
      ]),
      'lies across the slices',
    ],
    ['outside of the slices', made([contour(square(0, 2, 7))]), 'lies outside of the slices'],
  ])('is refused %s', (_, bytes, reason) => {
    const read = (): unknown => decodeStructureSet(bytes, 'a').mask(1, source);
    expect(read).toThrow(expect.objectContaining({ code: 'input', message: expect.stringContaining(reason) }));
  });

  it('is read or refused however it is damaged: 1000', async () => {
    const read = async (bytes: Buffer): Promise<void> => {
      const found = decodeStructureSet(bytes, 'a.dcm');
      for (const roi of found.rois) found.mask(roi.number, source);
    };
    const small = Buffer.from(writeStructureSet(source, objects.slice(1), writeOptions()));
    await survive({ name: 'RTSTRUCT', sources: [small, made([contour(square(0, 2, 1))])], text: true, read }, 1000);
  });
});

describePrograms(VALIDATORS, 'a structure set, to other programs', () => {
  it.each([
    ['as it is', () => written],
    ['de-identified', () => writeStructureSet(deidentifySource(source), objects, writeOptions())],
  ])('has no error for dciodvfy: %s', (_, make) => {
    const { errors, lines } = validate(make());
    expect(errors).toEqual([]);
    expect(lines).toContain('RTStructureSet');
  });

  it('has the same names and points in dcmdump and in pydicom', () => {
    expect(dump(written)).toContain('(3006,0028) ST [prompt: 左肾]');
    const points = pydicom(
      written,
      '[[float(v) for v in c.ContourData] for c in d.ROIContourSequence[1].ContourSequence]',
    ) as number[][];
    const corner = indexToLps(source, [2.5, 0.5, 2]);
    expect(points).toHaveLength(1);
    for (const axis of [0, 1, 2]) expect(points[0]?.[axis]).toBeCloseTo(corner[axis] as number, 4);
  });
});

describeShared(LIVER, 'a real liver as contours', () => {
  it('is filled back to the same mask', async () => {
    const { source: from, mask } = await readLiver();
    const bytes = writeStructureSet(from, [{ prompt: 'liver', mask }], writeOptions());
    expect(Buffer.compare(decodeStructureSet(bytes, 'a').mask(1, from).data, mask.data)).toBe(0);
  });
});
