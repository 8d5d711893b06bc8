import { describe, expect, it } from 'vitest';
import { type Attributes, attributes, dicomFile, encapsulate, greyImage, part10 } from '../../../test/helpers/dicom.ts';
import { lookUp, lookupTable } from './colour.ts';
import { displayFrame } from './display.ts';
import { openDicom } from './image.ts';

const values = async (attributes: Attributes, frame = 0): Promise<number[]> => [
  ...(await openDicom(dicomFile(attributes), 'a').frame(frame)).data,
];
const colour = (photometric: string, bytes: number[], changes: Attributes = {}): Attributes =>
  greyImage(2, 1, [], {
    SamplesPerPixel: 3,
    PhotometricInterpretation: photometric,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelData: Uint8Array.from(bytes),
    ...changes,
  });

describe('stored samples', () => {
  it('become real values by slope and intercept, which may be missing or 0', async () => {
    expect(await values(greyImage(2, 1, [1, 2]))).toEqual([1, 2]);
    expect(await values(greyImage(2, 1, [24, 1064], { RescaleSlope: 1, RescaleIntercept: -1024 }))).toEqual([
      -1000, 40,
    ]);
    expect(await values(greyImage(2, 1, [1, 2], { RescaleIntercept: -1 }))).toEqual([0, 1]);
    expect(await values(greyImage(2, 1, [1, 2], { RescaleSlope: 0, RescaleIntercept: 0 }))).toEqual([1, 2]);
    expect(await values(greyImage(2, 1, [1, 2], { RescaleSlope: 0.5 }))).toEqual([0.5, 1]);
  });

  it('are as many a pixel as their colours need', async () => {
    const refused = (attributes: Attributes, message: string) => expect(values(attributes)).rejects.toThrow(message);
    await refused(
      greyImage(2, 1, [1, 2], { PhotometricInterpretation: 'RGB' }),
      'it has 1 samples a pixel, its PhotometricInterpretation RGB needs 3',
    );
    await refused(colour('PALETTE COLOR', [1, 2, 3, 4, 5, 6]), 'it has 3 samples a pixel');
    await refused(colour('MONOCHROME2', [1, 2, 3, 4, 5, 6]), 'PhotometricInterpretation MONOCHROME2 needs 1');
  });

  it('are signed by the stored bits, and lose what lies above them', async () => {
    const twelve = { BitsStored: 12, HighBit: 11 };
    expect(await values(greyImage(2, 1, [0xfff, 0xf001], { ...twelve, PixelRepresentation: 1 }))).toEqual([-1, 1]);
    expect(await values(greyImage(2, 1, [0xffff, 0xf001], twelve))).toEqual([4095, 1]);
    expect(await values(greyImage(2, 1, [0xfff0, 0x001f], { BitsStored: 12, HighBit: 15 }))).toEqual([4095, 1]);
  });

  it('go through a modality LUT', async () => {
    const table = [{ LUTDescriptor: [3, 10, 16], LUTData: new Uint8Array(Uint16Array.of(100, 200, 300).buffer) }];
    expect(await values(greyImage(4, 1, [9, 10, 11, 99], { ModalityLUTSequence: table }))).toEqual([
      100, 100, 200, 300,
    ]);
    const short = [{ LUTDescriptor: [5, 10, 16], LUTData: new Uint8Array(2) }];
    await expect(values(greyImage(1, 1, [9], { ModalityLUTSequence: short }))).rejects.toThrow(
      'modality LUT is damaged',
    );
  });

  it('of several frames are told apart, also in fragments by the offset table', async () => {
    expect(await values(greyImage(2, 1, [1, 2, 3, 4], { NumberOfFrames: 2 }), 1)).toEqual([3, 4]);
    await expect(values(greyImage(2, 1, [1, 2, 3], { NumberOfFrames: 2 }), 1)).rejects.toThrow('truncated');
    const { PixelData: _, ...rest } = greyImage(2, 1, [], {
      NumberOfFrames: 2,
      BitsAllocated: 8,
      BitsStored: 8,
      HighBit: 7,
    });
    const rle = (a: number, b: number): Buffer => {
      const head = Buffer.alloc(64);
      head.writeUInt32LE(1, 0);
      head.writeUInt32LE(64, 4);
      return Buffer.concat([head, Buffer.from([1, a, b, 0x80])]);
    };
    const parts = [rle(1, 2), rle(3, 4).subarray(0, 66), rle(3, 4).subarray(66)];
    const file = (table: number[]): Buffer =>
      part10(Buffer.concat([attributes(rest), encapsulate(parts, table)]), '1.2.840.10008.1.2.5');
    expect([...(await openDicom(file([0, 76]), 'a').frame(1)).data]).toEqual([3, 4]);
    await expect(openDicom(file([]), 'a').frame(1)).rejects.toThrow('3 fragments cannot be told apart into 2 frames');
  });

  it('of single bits are unpacked', async () => {
    const bits = greyImage(3, 1, [], {
      BitsAllocated: 1,
      BitsStored: 1,
      HighBit: 0,
      NumberOfFrames: 2,
      PixelData: Uint8Array.of(0b101110, 0),
    });
    expect([await values(bits, 0), await values(bits, 1)]).toEqual([
      [0, 1, 1],
      [1, 0, 1],
    ]);
  });

  it('in fewer frames than the header says are refused before any is decoded', () => {
    const many = greyImage(1, 1, [1, 2], { NumberOfFrames: 1_000_000 });
    expect(() => openDicom(dicomFile(many), 'a')).toThrow('its pixel data has 4 bytes, 2000000 are needed');
    const { PixelData: _, ...rest } = many;
    const coded = Buffer.concat([attributes(rest), encapsulate([Buffer.alloc(8)])]);
    expect(() => openDicom(part10(coded, '1.2.840.10008.1.2.5'), 'a')).toThrow('1 fragments for 1000000 frames');
    const single = Buffer.concat([attributes({ ...rest, NumberOfFrames: 1 }), encapsulate([Buffer.alloc(8)])]);
    const odd = openDicom(part10(single, '1.2.840.10008.1.2.1'), 'a').frame(0);
    return expect(odd).rejects.toThrow('its pixel data is in fragments, its transfer syntax has none');
  });

  it('in a transfer syntax that is not read are refused by its name', async () => {
    const mpeg = part10(attributes(greyImage(1, 1, [0])), '1.2.840.10008.1.2.4.100');
    await expect(openDicom(mpeg, 'a').frame(0)).rejects.toThrow(
      'transfer syntax 1.2.840.10008.1.2.4.100 is not read; allowed: implicit',
    );
  });

  it('cannot be many where compressed bytes are few', async () => {
    const { PixelData: _, ...rest } = greyImage(7000, 7000, []);
    const file = part10(Buffer.concat([attributes(rest), encapsulate([Buffer.alloc(100)])]), '1.2.840.10008.1.2.4.70');
    await expect(openDicom(file, 'a').frame(0)).rejects.toThrow(
      'a frame of 7000 x 7000 cannot come from 100 compressed bytes',
    );
  });
});

describe('colour', () => {
  it('comes out as RGB, interleaved, from planes and from both kinds of YBR', async () => {
    expect(await values(colour('RGB', [1, 2, 3, 4, 5, 6]))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await values(colour('RGB', [1, 4, 2, 5, 3, 6], { PlanarConfiguration: 1 }))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await values(colour('YBR_FULL', [76, 85, 255, 255, 128, 128]))).toEqual([254, 0, 0, 255, 255, 255]);
    expect(await values(colour('YBR_FULL_422', [100, 200, 128, 128]))).toEqual([100, 100, 100, 200, 200, 200]);
  });

  it('goes through palettes of 8 and 16 bits', async () => {
    const palette = (bits: number, pack: (entries: number[]) => Uint8Array): Attributes =>
      greyImage(2, 1, [1, 0], {
        PhotometricInterpretation: 'PALETTE COLOR',
        RedPaletteDescriptor: [2, 0, bits],
        GreenPaletteDescriptor: [2, 0, bits],
        BluePaletteDescriptor: [2, 0, bits],
        RedPaletteData: pack([10, 250]),
        GreenPaletteData: pack([20, 251]),
        BluePaletteData: pack([30, 252]),
      });
    const expected = [250, 251, 252, 10, 20, 30];
    expect(await values(palette(8, (entries) => Uint8Array.from(entries)))).toEqual(expected);
    expect(
      await values(palette(16, (entries) => new Uint8Array(Uint16Array.from(entries, (v) => v * 257).buffer))),
    ).toEqual(expected);
    const { RedPaletteData: _, ...lacking } = palette(8, (entries) => Uint8Array.from(entries));
    await expect(values(lacking)).rejects.toThrow('palette is missing or too short');
    await expect(values({ ...lacking, SegmentedRedPaletteData: new Uint8Array(4) })).rejects.toThrow(
      'segmented palettes',
    );
  });

  it('of another kind is refused', async () => {
    await expect(values(colour('HSV', [1, 2, 3, 4, 5, 6]))).rejects.toThrow(
      'its colours are "HSV"; allowed: MONOCHROME1',
    );
  });
});

describe('look-up tables', () => {
  it('hold 65536 entries where they say 0, and unpack bytes', () => {
    expect(lookupTable([0, 0, 16], new Array(65536).fill(1))?.values.length).toBe(65536);
    const packed = lookupTable([4, 5, 8], [0x0201, 0x0403]);
    expect([4, 5, 7, 99].map((value) => lookUp(packed as NonNullable<typeof packed>, value))).toEqual([1, 1, 3, 4]);
    expect(lookupTable([4, 5, 16], [1, 2])).toBeNull();
    expect(lookupTable([4], [1, 2])).toBeNull();
  });
});

describe('display', () => {
  const shown = async (changes: Attributes, samples = [0, 100, 200], window?: { low: number; high: number }) => {
    const image = openDicom(dicomFile(greyImage(samples.length, 1, samples, changes)), 'a');
    return [...displayFrame(await image.frame(0), image.identifiers.modality, window).data];
  };

  it("takes the window asked for, else the file's, else its VOI LUT, else the modality's", async () => {
    const preset = { WindowCenter: [100.5, 0], WindowWidth: [201, 1], WindowExplanation: 'A\\B' };
    expect(await shown({ ...preset, Modality: 'CT' })).toEqual([0, 128, 255]);
    expect(await shown(preset, [0, 100, 200], { low: 100, high: 300 })).toEqual([0, 0, 128]);
    const table = [{ LUTDescriptor: [3, 99, 8], LUTData: Uint8Array.of(0, 51, 255, 0) }];
    expect(await shown({ VOILUTSequence: table })).toEqual([0, 51, 255]);
    expect(await shown({ Modality: 'CT', RescaleIntercept: -150, RescaleSlope: 1 }, [0, 200, 400])).toEqual([
      0, 128, 255,
    ]);
    expect(await shown({ Modality: 'MR' }, [0, 10, 10_000])).toEqual([0, 0, 255]);
    expect(await shown({ WindowCenter: 100, WindowWidth: 80, VOILUTFunction: 'SIGMOID' })).toEqual([2, 128, 253]);
    const image = openDicom(dicomFile(greyImage(1, 1, [0], preset)), 'a');
    expect((await image.frame(0)).windows.map(({ name }) => name)).toEqual(['A', 'B']);
  });

  it('turns MONOCHROME1 round and leaves padding black', async () => {
    const window = { WindowCenter: 100.5, WindowWidth: 201 };
    expect(await shown({ ...window, PhotometricInterpretation: 'MONOCHROME1' })).toEqual([255, 127, 0]);
    expect(await shown({ ...window, PhotometricInterpretation: 'MONOCHROME1', PixelPaddingValue: 0 })).toEqual([
      0, 127, 0,
    ]);
    expect(await shown({ ...window, PixelPaddingValue: 90, PixelPaddingRangeLimit: 110 })).toEqual([0, 0, 255]);
    // Percentiles do not see padding.
    expect(await shown({ PixelPaddingValue: 60_000 }, [1, 2, 60_000])).toEqual([0, 255, 0]);
  });

  it('leaves RGB as it is', async () => {
    const image = openDicom(dicomFile(colour('RGB', [1, 2, 3, 4, 5, 6])), 'a');
    expect(displayFrame(await image.frame(0), 'US')).toMatchObject({ channels: 3, width: 2, height: 1 });
  });
});

describe('places', () => {
  it('are read from the object, or from the functional groups of a frame and of all frames', () => {
    const flat = openDicom(
      dicomFile(
        greyImage(1, 1, [0], {
          ImagePositionPatient: [1, 2, 3],
          ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
          PixelSpacing: [0.5, 0.25],
          SliceThickness: 4,
        }),
      ),
      'a',
    );
    expect(flat.place(0)).toEqual({
      position: [1, 2, 3],
      orientation: [
        [1, 0, 0],
        [0, 1, 0],
      ],
      spacing: [0.25, 0.5],
      depth: 4,
    });
    const groups = openDicom(
      dicomFile(
        greyImage(1, 1, [5, 6], {
          NumberOfFrames: 2,
          SharedFunctionalGroupsSequence: [
            {
              PixelMeasuresSequence: [{ PixelSpacing: [2, 2], SpacingBetweenSlices: 3 }],
              PlaneOrientationSequence: [{ ImageOrientationPatient: [0, 1, 0, 0, 0, -1] }],
              PixelValueTransformationSequence: [{ RescaleSlope: 2, RescaleIntercept: 1 }],
            },
          ],
          PerFrameFunctionalGroupsSequence: [
            { PlanePositionSequence: [{ ImagePositionPatient: [0, 0, 0] }] },
            {
              PlanePositionSequence: [{ ImagePositionPatient: [3, 0, 0] }],
              FrameVOILUTSequence: [{ WindowCenter: 5, WindowWidth: 9 }],
            },
          ],
        }),
      ),
      'a',
    );
    expect(groups.place(1)).toMatchObject({ position: [3, 0, 0], spacing: [2, 2], depth: 3 });
    return groups.frame(1).then((frame) => {
      expect([...frame.data]).toEqual([13]);
      expect(frame.windows).toHaveLength(1);
    });
  });

  it('are left out where the file has none or they make no sense', () => {
    const odd = { ImagePositionPatient: [1, 2], ImageOrientationPatient: [1, 1, 1, 0, 1, 0], PixelSpacing: [0, 1] };
    expect(openDicom(dicomFile(greyImage(1, 1, [0], odd)), 'a').place(0)).toEqual({
      position: null,
      orientation: null,
      spacing: null,
      depth: null,
    });
    const detector = openDicom(dicomFile(greyImage(1, 1, [0], { ImagerPixelSpacing: [0.1, 0.2] })), 'a');
    expect(detector.place(0).spacing).toEqual([0.2, 0.1]);
  });
});
