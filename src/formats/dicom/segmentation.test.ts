import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  countedUids,
  dump,
  maskOf,
  pydicom,
  source,
  sourceWithoutFrame,
  VALIDATORS,
  validate,
  writeOptions,
} from '../../../test/helpers/dicom-source.ts';
import { describePrograms } from '../../../test/helpers/programs.ts';
import { describeShared, sharedPath } from '../../../test/helpers/shared.ts';
import { emptyMask } from '../../image/volume.ts';
import { createRandom } from '../../util/random.ts';
import { type DataSet, parseDicom } from './dataset.ts';
import { decimalString } from './encode.ts';
import { type DicomSegment, writeSegmentation } from './segmentation.ts';
import { packBits } from './segmentation-pixels.ts';
import { decodeSegmentation } from './segmentation-read.ts';
import { readDicomSeries } from './series.ts';
import { deidentifySource } from './source.ts';
import { TAG } from './tags.ts';
import { createUid, uidOf } from './uid.ts';
import { items, number, numbers, text } from './values.ts';

const liver: DicomSegment = {
  prompt: 'liver in abdomen CT',
  mask: maskOf((x, y, z) => z > 2 && x + y > 7),
  presence: 0.98765432,
};
const kidney: DicomSegment = { prompt: 'left kidney', mask: maskOf((x, _, z) => z === 3 && x < 3), presence: 0.75 };
const femur: DicomSegment = {
  prompt: '左股骨',
  mask: emptyMask(source),
  concept: { name: 'left femur', category: 'organ', snomed: null, side: 'left' },
};
const thing: DicomSegment = {
  prompt: 'some\\thing unheard of',
  mask: maskOf((x, y, z) => x === y && z < 4),
  concept: null,
};
const segments = [liver, kidney, femur, thing];
const written = writeSegmentation(source, segments, writeOptions());
const { dataset } = parseDicom(written, 'a');

const first = (set: DataSet, ...tags: number[]): DataSet => tags.reduce((at, tag) => items(at, tag)[0] as DataSet, set);
const frames = items(dataset, TAG.PerFrameFunctionalGroupsSequence);
const segmentOf = (frame: DataSet): number | undefined =>
  number(first(frame, TAG.SegmentIdentificationSequence), TAG.ReferencedSegmentNumber);

describe('bits', () => {
  it('are packed lowest first, frames without padding, whatever their size', () => {
    const random = createRandom(5);
    for (let round = 0; round < 200; round++) {
      const area = 1 + random.integer(40);
      const count = 1 + random.integer(5);
      const samples = Array.from({ length: count }, () => Uint8Array.from({ length: area }, () => random.integer(2)));
      const out = new Uint8Array(Math.ceil((area * count) / 8));
      for (const [i, frame] of samples.entries()) packBits(frame, out, i * area);
      const text = [...out].map((byte) => byte.toString(2).padStart(8, '0').split('').reverse().join('')).join('');
      expect(text.slice(0, area * count)).toBe(samples.map((frame) => frame.join('')).join(''));
      expect(text.slice(area * count)).toMatch(/^0*$/);
    }
  });
});

describe('decimal strings', () => {
  it('have at most 16 characters and lose next to nothing', () => {
    const random = createRandom(6);
    for (let round = 0; round < 2000; round++) {
      const value = random.normal() * 10 ** (random.integer(30) - 15);
      const text = decimalString(value);
      expect(text.length).toBeLessThanOrEqual(16);
      expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.max(1e-7 * Math.abs(value), 1e-15));
    }
    expect(decimalString(-249.51171875)).toBe('-249.51171875');
    expect(decimalString(1e-20)).toBe('0');
    expect(() => decimalString(Number.NaN)).toThrow('NaN is no decimal string');
  });
});

describe('identifiers', () => {
  it('lie under 2.25, new ones differ, derived ones stay', () => {
    expect(createUid()).toMatch(/^2\.25\.[1-9]\d{0,38}$/);
    expect(createUid()).not.toBe(createUid());
    expect(uidOf('a')).toMatch(/^2\.25\.[1-9]\d{0,38}$/);
    expect([uidOf('a'), uidOf('b')]).toEqual([uidOf('a'), expect.not.stringMatching(uidOf('a'))]);
  });
});

describe('a segmentation', () => {
  it('is the same for the same identifiers and date', () => {
    expect(writeSegmentation(source, segments, writeOptions())).toEqual(written);
  });

  it('has a frame per segment and slice that is not empty, in its place', () => {
    expect(
      frames.map((frame) => [
        segmentOf(frame),
        numbers(first(frame, TAG.FrameContentSequence), TAG.DimensionIndexValues),
      ]),
    ).toEqual([
      [1, [1, 4]],
      [1, [1, 5]],
      [2, [2, 4]],
      [4, [4, 1]],
      [4, [4, 2]],
      [4, [4, 3]],
      [4, [4, 4]],
    ]);
    const positions = frames.map((frame) => numbers(first(frame, TAG.PlanePositionSequence), TAG.ImagePositionPatient));
    expect(positions.map(([, , z]) => z)).toEqual([-24.5, -22.5, -24.5, -30.5, -28.5, -26.5, -24.5]);
    const shared = first(dataset, TAG.SharedFunctionalGroupsSequence);
    expect(numbers(first(shared, TAG.PlaneOrientationSequence), TAG.ImageOrientationPatient)).toEqual([
      0.8, 0.6, 0, -0.6, 0.8, 0,
    ]);
    expect(numbers(first(shared, TAG.PixelMeasuresSequence), TAG.PixelSpacing)).toEqual([0.5, 0.75]);
    const image = first(frames[0] as DataSet, TAG.DerivationImageSequence, TAG.SourceImageSequence);
    expect(text(image, TAG.ReferencedSOPInstanceUID)).toBe('1.2.3.4.4');
    expect(text(image, TAG.SpatialLocationsPreserved)).toBe('YES');
    expect(text(dataset, TAG.SegmentsOverlap)).toBe('YES');
  });

  it('says what was asked, what was found and by what, in codes', () => {
    const [one, two, three, four] = items(dataset, TAG.SegmentSequence) as [DataSet, DataSet, DataSet, DataSet];
    const type = (set: DataSet): (string | undefined)[] => {
      const item = first(set, TAG.SegmentedPropertyTypeCodeSequence);
      return [TAG.CodeValue, TAG.CodingSchemeDesignator, TAG.CodeMeaning].map((tag) => text(item, tag));
    };
    expect(type(one)).toEqual(['10200004', 'SCT', 'liver']);
    expect(type(two)).toEqual(['18639004', 'SCT', 'left kidney']);
    expect(type(three)).toEqual(['71341001', 'SCT', 'femur']);
    const side = first(three, TAG.SegmentedPropertyTypeCodeSequence, TAG.SegmentedPropertyTypeModifierCodeSequence);
    expect(text(side, TAG.CodeValue)).toBe('7771000');
    expect(type(four)).toEqual([expect.stringMatching(/^[0-9A-F]{12}$/), '99BIOMEDPARSE', 'some/thing unheard of']);
    expect(text(first(dataset, TAG.CodingSchemeIdentificationSequence), TAG.CodingSchemeDesignator)).toBe(
      '99BIOMEDPARSE',
    );
    expect(text(one, TAG.SegmentDescription)).toBe('presence 0.987654; prompt: liver in abdomen CT');
    expect(text(three, TAG.SegmentDescription, ['ISO_IR 192'])).toBe('prompt: 左股骨');
    expect(text(one, TAG.SegmentAlgorithmName)).toBe('a model');
    expect(text(one, TAG.TrackingID)).toBe('liver 1');
    expect(text(dataset, TAG.ContentDescription)).toBe('3 of 4 objects found');
    expect(text(dataset, TAG.PatientName, ['ISO_IR 192'])).toBe('王^小東');
    expect(text(dataset, TAG.FrameOfReferenceUID)).toBe('1.2.3.5');
  });

  it('without any voxel has one empty frame', () => {
    const { dataset } = parseDicom(writeSegmentation(source, [femur], writeOptions()), 'a');
    expect(number(dataset, TAG.NumberOfFrames)).toBe(1);
    expect(text(dataset, TAG.ContentDescription)).toBe('0 of 1 objects found');
    expect(dataset.elements.get(TAG.PixelData)?.bytes.every((byte) => byte === 0)).toBe(true);
  });

  it('of probabilities has them in 8 bits', () => {
    const probabilities = Float32Array.from({ length: 13 * 7 * 5 }, (_, i) => (i < 91 ? 0 : (i % 5) / 4));
    const bytes = writeSegmentation(source, [{ ...liver, probabilities }], { ...writeOptions(), type: 'FRACTIONAL' });
    const { dataset } = parseDicom(bytes, 'a');
    expect(number(dataset, TAG.NumberOfFrames)).toBe(4);
    expect([...(dataset.elements.get(TAG.PixelData)?.bytes.subarray(0, 5) ?? [])]).toEqual([64, 128, 191, 255, 0]);
    expect(text(dataset, TAG.SegmentationFractionalType)).toBe('PROBABILITY');
  });

  it('gets a study and a series of its own where the source has none', () => {
    const { StudyInstanceUID: _, SeriesInstanceUID: __, ...attributes } = source.attributes;
    const { dataset } = parseDicom(writeSegmentation({ ...source, attributes }, [liver], writeOptions()), 'a');
    expect(text(dataset, TAG.StudyInstanceUID)).toBe(uidOf('study of 1.2.3.5'));
  });

  it('of a filled or shifted slice says that places are not preserved', () => {
    const images = source.images.map((image, k) =>
      k === 3 ? [...(source.images[2] ?? []), ...(source.images[4] ?? [])] : image,
    );
    const { dataset } = parseDicom(writeSegmentation({ ...source, images }, [liver], writeOptions()), 'a');
    const [filled, plain] = items(dataset, TAG.PerFrameFunctionalGroupsSequence).map((frame) =>
      items(first(frame, TAG.DerivationImageSequence), TAG.SourceImageSequence).map((image) =>
        text(image, TAG.SpatialLocationsPreserved),
      ),
    );
    expect([filled, plain]).toEqual([['NO', 'NO'], ['YES']]);
  });

  const refused = (change: Partial<typeof source>, list: readonly DicomSegment[], reason: string, more = {}): void =>
    expect(() => writeSegmentation({ ...source, ...change }, list, { ...writeOptions(), ...more })).toThrow(
      expect.objectContaining({ code: 'input', message: expect.stringContaining(reason) }),
    );

  it('is refused where objects and source do not fit', () => {
    refused(sourceWithoutFrame(), [liver], 'the source series has no Frame of Reference UID');
    refused({}, [], 'no object to write');
    refused(
      {},
      Array.from({ length: 65_536 }, () => liver),
      '65536 objects to write; at most 65535 are allowed',
    );
    refused({}, [{ ...liver, prompt: ' ' }], 'empty prompt');
    refused(
      { size: [13, 7, 4], images: source.images.slice(1) },
      [liver],
      'has 13 x 7 x 5 voxels, the source 13 x 7 x 4',
    );
    refused({ origin: [0, 0, 0] }, [liver], 'does not lie where the source lies');
    refused(
      {},
      [{ ...liver, mask: { ...liver.mask, data: new Uint8Array(3) } }],
      'has 3 samples for 13 x 7 x 5 voxels',
    );
    refused({ images: [] }, [liver], 'names images for 0 slices, its grid has 5');
    refused({ images: source.images.map(() => []) }, [liver], 'names no image for slice 0');
    const nameless = source.images.map((list) => list.map((image) => ({ ...image, sopInstanceUid: '' })));
    refused({ images: nameless }, [liver], 'has no SOP Class UID or no SOP Instance UID in slice 0');
    refused({}, [liver], 'has no probabilities; FRACTIONAL needs 455', { type: 'FRACTIONAL' });
    refused({}, [{ ...liver, probabilities: new Float32Array(4) }], 'has 4 probabilities', { type: 'FRACTIONAL' });
  });
});

describe('a de-identified source', () => {
  it('tells nothing of the patient and has other identifiers, the same for the same', () => {
    const bytes = Buffer.from(writeSegmentation(deidentifySource(source, countedUids()), [liver], writeOptions()));
    for (const secret of ['王', 'P-1', '1970', '054Y', 'Röntgen', '20240102', '101112', '1.2.3', '20240506', 'A7']) {
      expect([secret, bytes.includes(Buffer.from(secret))]).toEqual([secret, false]);
    }
    const { dataset } = parseDicom(bytes, 'a');
    expect(text(dataset, TAG.PatientIdentityRemoved)).toBe('YES');
    expect(text(first(dataset, TAG.DeidentificationMethodCodeSequence), TAG.CodeValue)).toBe('113100');
    const mapped = deidentifySource(source, (uid) => `9.${uid}`);
    expect(mapped.attributes).toEqual({
      StudyInstanceUID: '9.1.2.3',
      SeriesInstanceUID: '9.1.2.3.4',
      FrameOfReferenceUID: '9.1.2.3.5',
    });
    expect(mapped.images[4]?.[0]?.sopInstanceUid).toBe('9.1.2.3.4.5');
    expect(() => deidentifySource(sourceWithoutFrame())).toThrow('has no Frame of Reference UID');
  });
});

describe('a label map', () => {
  const apart: DicomSegment = { prompt: 'spleen', mask: maskOf((x, y, z) => z === 1 && x + y < 5) };
  const map = (objects: readonly DicomSegment[]): Uint8Array =>
    writeSegmentation(source, objects, { ...writeOptions(), type: 'LABELMAP' });

  it('holds the number of a segment per voxel, a frame per slice, and reads back', async () => {
    const bytes = map([kidney, femur, apart]);
    const { dataset } = parseDicom(bytes, 'a');
    expect(text(dataset, TAG.SOPClassUID)).toBe('1.2.840.10008.5.1.4.1.1.66.7');
    expect([TAG.BitsAllocated, TAG.HighBit, TAG.NumberOfFrames].map((tag) => number(dataset, tag))).toEqual([8, 7, 2]);
    const found = items(dataset, TAG.PerFrameFunctionalGroupsSequence);
    expect(found.map((frame) => numbers(first(frame, TAG.FrameContentSequence), TAG.DimensionIndexValues))).toEqual([
      [1],
      [2],
    ]);
    expect(found.flatMap((frame) => items(frame, TAG.SegmentIdentificationSequence))).toEqual([]);
    const read = decodeSegmentation(bytes, 'a', source);
    expect([read.type, read.segments.map(({ label }) => label)]).toEqual([
      'LABELMAP',
      ['left kidney', 'left femur', 'spleen'],
    ]);
    for (const [i, { mask }] of [kidney, femur, apart].entries()) {
      expect(Buffer.compare((await read.mask(i + 1)).data, mask.data)).toBe(0);
    }
    expect(decodeSegmentation(map([femur]), 'a', source).segments).toHaveLength(1);
  });

  it('takes 16 bits for more than 255 segments', async () => {
    const many = Array.from({ length: 300 }, (_, i): DicomSegment => {
      return { prompt: `object ${i}`, mask: maskOf((x, y, z) => (z * 7 + y) * 13 + x === i), concept: null };
    });
    const bytes = map(many);
    expect(number(parseDicom(bytes, 'a').dataset, TAG.BitsAllocated)).toBe(16);
    const read = decodeSegmentation(bytes, 'a', source);
    for (const i of [0, 254, 255, 256, 299]) {
      expect(Buffer.compare((await read.mask(i + 1)).data, many[i].mask.data)).toBe(0);
    }
  });

  it('of objects that overlap is refused with their names', () => {
    expect(() => map([apart, kidney, femur])).not.toThrow();
    expect(() => map([femur, liver, thing])).toThrow(
      '"liver in abdomen CT" and "some/thing unheard of" overlap: a label map holds one object per voxel; BINARY holds both',
    );
  });
});

describePrograms(VALIDATORS, 'a segmentation, to other programs', () => {
  const probabilities = Float32Array.from({ length: 13 * 7 * 5 }, (_, i) => (i % 256) / 255);
  const fractional = (): Uint8Array =>
    writeSegmentation(source, [{ ...liver, probabilities }], { ...writeOptions(), type: 'FRACTIONAL' });

  it.each([
    ['binary', () => written],
    ['fractional', fractional],
    ['de-identified', () => writeSegmentation(deidentifySource(source), segments, writeOptions())],
    ['empty', () => writeSegmentation(source, [femur], writeOptions())],
  ])('has no error for dciodvfy: %s', (_, make) => {
    const { errors, lines } = validate(make());
    expect(errors).toEqual([]);
    expect(lines).toContain('Segmentation');
  });

  // dciodvfy of 2022, Debian's, does not know the class of label maps
  it('has the numbers of a label map in pydicom, and dcmdump reads it', () => {
    const apart: DicomSegment = { prompt: 'spleen', mask: maskOf((x, y, z) => z === 3 && x + y > 12) };
    const bytes = writeSegmentation(source, [kidney, apart], { ...writeOptions(), type: 'LABELMAP' });
    const slice = [...kidney.mask.data.subarray(3 * 91, 4 * 91)];
    const expected = slice.map((value, i) => value + 2 * apart.mask.data[3 * 91 + i]);
    expect(new Set(expected)).toEqual(new Set([0, 1, 2]));
    expect(pydicom(bytes, '[int(v) for v in d.pixel_array.ravel()]')).toEqual(expected);
    const told = '[str(d.SegmentationType), d.PixelPaddingValue, d["PixelPaddingValue"].VR, d.SegmentsOverlap]';
    expect(pydicom(bytes, told)).toEqual(['LABELMAP', 0, 'US', 'NO']);
    expect(dump(bytes)).toContain('(0028,0120) US 0');
  });

  it('has the same text in dcmdump and in pydicom', () => {
    expect(dump(written)).toContain('(0010,0010) PN [王^小東]');
    expect(pydicom(written, '[str(d.PatientName), str(d.SegmentSequence[2].SegmentDescription)]')).toEqual([
      '王^小東',
      'prompt: 左股骨',
    ]);
  });

  it('has the masks in pydicom', () => {
    const pixels = pydicom(written, '[int(v) for v in d.pixel_array.ravel()]') as number[];
    const expected = [
      [liver, 3],
      [liver, 4],
      [kidney, 3],
      [thing, 0],
      [thing, 1],
      [thing, 2],
      [thing, 3],
    ] as const;
    expect(pixels).toEqual(expected.flatMap(([{ mask }, z]) => [...mask.data.subarray(z * 91, (z + 1) * 91)]));
    const shades = pydicom(fractional(), '[int(v) for v in d.pixel_array.ravel()]') as number[];
    expect(shades).toEqual([...probabilities].map((p) => Math.round(p * 255)));
  });
});

describeShared('samples/dicom-ct-series', 'a real CT series, segmented', () => {
  describePrograms(VALIDATORS, 'and checked', () => {
    it('keeps to the standard although its study has no identifiers', async () => {
      for (const folder of ['samples/dicom-ct-series', join('samples', 'dicom-seg-liver', 'series')]) {
        const { source, volume } = await readDicomSeries(
          readdirSync(sharedPath(folder))
            .slice(0, 3)
            .map((name) => join(sharedPath(folder), name)),
        );
        const mask = emptyMask(volume);
        for (let i = 0; i < mask.data.length; i++) mask.data[i] = (volume.data[i] as number) > 200 ? 1 : 0;
        const bytes = writeSegmentation(source, [{ prompt: 'bone', mask }], writeOptions());
        expect(validate(bytes).errors).toEqual([]);
        const count = mask.data.reduce((sum, value) => sum + value, 0);
        expect(pydicom(bytes, 'int(d.pixel_array.sum())')).toBe(count);
      }
    });
  });
});
