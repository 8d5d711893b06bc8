/**
 * Damaged files: from well-made ones by a seeded generator (truncated, bytes changed, fields set to extremes, pieces
 * moved, lengths that lie). Each is read right or refused with a typed error, quickly and without much memory.
 */
import { deflateRawSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Attributes, attributes, dicomFile, encapsulate, greyImage, part10 } from '../../test/helpers/dicom.ts';
import { survive } from '../../test/helpers/mutations.ts';
import { randomVolume } from '../../test/helpers/volumes.ts';
import { createRandom } from '../util/random.ts';
import { parseDicom } from './dicom/dataset.ts';
import { openDicom } from './dicom/image.ts';
import { decodeMha, encodeMha } from './mha.ts';
import { decodeNifti, encodeNifti } from './nifti.ts';
import { decodeNrrd, encodeNrrd } from './nrrd.ts';
import { readRaster } from './raster.ts';

const random = createRandom(2);
const volumes = Array.from({ length: 4 }, () => randomVolume(random));
const concat = async (parts: Promise<Uint8Array[]>): Promise<Buffer> => Buffer.concat(await parts);

const samples = Array.from({ length: 24 * 16 }, (_, i) => (i * 37) % 4096);
const place: Attributes = {
  SpecificCharacterSet: 'ISO 2022 IR 87',
  PixelSpacing: [1, 1],
  ImagePositionPatient: [0, 0, 0],
  ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
  WindowCenter: 40,
  WindowWidth: 400,
  PerFrameFunctionalGroupsSequence: [{ PlanePositionSequence: [{ ImagePositionPatient: [1, 2, 3] }] }],
};
const image = greyImage(24, 16, samples, place);
const UID = '1.2.840.10008.1.2';

/** An 8-bit RLE frame of `count` zeros. */
function rle(count: number): Buffer {
  const head = Buffer.alloc(64);
  head.writeUInt32LE(1, 0);
  head.writeUInt32LE(64, 4);
  return Buffer.concat([head, ...Array.from({ length: count / 64 }, () => Buffer.from([193, 5]))]);
}

/** A lossless JPEG of 24 x 16 samples of 8 bits: one code, for a difference of 0. */
const jpeg = Buffer.concat([
  Buffer.from('ffd8ffc3000b080010001801011100', 'hex'),
  Buffer.from('ffc40014000100000000000000000000000000000000', 'hex'),
  Buffer.from('ffda0008010100010000', 'hex'),
  Buffer.alloc(48),
  Buffer.from('ffd9', 'hex'),
]);

function compressed(uid: string, data: Buffer): Buffer {
  const { PixelData: _, ...rest } = greyImage(24, 16, [], { ...place, BitsAllocated: 8, BitsStored: 8, HighBit: 7 });
  return part10(Buffer.concat([attributes(rest), encapsulate([data])]), uid);
}

async function readDicom(bytes: Buffer): Promise<void> {
  const opened = openDicom(bytes, 'a.dcm');
  for (let frame = 0; frame < Math.min(2, opened.format.frames); frame++) {
    opened.place(frame);
    await opened.frame(frame);
  }
}

describe('damaged files', () => {
  it('of DICOM: 1000', async () => {
    const sources = [
      dicomFile(image),
      part10(attributes(image, { implicit: true, open: true }), UID),
      part10(attributes(image, { bigEndian: true }), `${UID}.2`),
      part10(deflateRawSync(attributes(image)), `${UID}.1.99`),
      attributes(image),
      compressed(`${UID}.5`, rle(384)),
      compressed(`${UID}.4.70`, jpeg),
    ];
    await survive({ name: 'DICOM', sources, text: false, read: readDicom }, 1000);
  });

  it('of NIfTI: 1000', async () => {
    const plain = volumes.map((volume) => Buffer.concat(encodeNifti(volume)));
    const sources = [...plain, ...plain.map((bytes) => gzipSync(bytes))];
    const read = (bytes: Buffer): Promise<unknown> => decodeNifti(bytes, 'a.nii', { frame: 0 });
    await survive({ name: 'NIfTI', sources, text: false, read }, 1000);
  });

  it('of NRRD: 1000', async () => {
    const sources = await Promise.all(volumes.map((volume, i) => concat(encodeNrrd(volume, i % 2 === 0))));
    await survive(
      { name: 'NRRD', sources, text: true, read: (bytes) => decodeNrrd(bytes, 'a.nrrd', { frame: 0 }) },
      1000,
    );
  });

  it('of MetaImage: 1000', async () => {
    const sources = await Promise.all(volumes.map((volume, i) => concat(encodeMha(volume, i % 2 === 0))));
    await survive(
      { name: 'MetaImage', sources, text: true, read: (bytes) => decodeMha(bytes, 'a.mha', { frame: 0 }) },
      1000,
    );
  });

  it('of TIFF: 1000', async () => {
    const raw = { width: 24, height: 16, channels: 1 } as const;
    const grey16 = sharp(Uint16Array.from(samples), { raw }).toColourspace('grey16');
    const colour = sharp(
      Uint8Array.from({ length: 24 * 16 * 3 }, (_, i) => i % 251),
      { raw: { ...raw, channels: 3 } },
    );
    const sources = await Promise.all([
      grey16.clone().tiff({ compression: 'none' }).toBuffer(),
      grey16.clone().tiff({ compression: 'deflate', predictor: 'horizontal' }).toBuffer(),
      colour.clone().tiff({ compression: 'lzw' }).toBuffer(),
      colour.clone().tiff({ compression: 'none', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
    ]);
    await survive({ name: 'TIFF', sources, text: false, read: (bytes) => readRaster(bytes, 'a.tif') }, 1000);
  });

  it('with sequences without end are refused at once', () => {
    // Each item opens the next sequence: a chain as deep as the file is long.
    const link = Buffer.from('28001030535100 00ffffffff'.replace(' ', ''), 'hex');
    const item = Buffer.from('feff00e0ffffffff', 'hex');
    const chain = Buffer.concat(Array.from({ length: 200_000 }, () => Buffer.concat([link, item])));
    expect(() => parseDicom(part10(chain, `${UID}.1`), 'a')).toThrow('nested deeper than 16');
    // A million empty items: one level, and linear time.
    const wide = Buffer.concat([link, Buffer.alloc(8_000_000, Buffer.from('feff00e000000000', 'hex'))]);
    expect(() => parseDicom(part10(wide, `${UID}.1`), 'a')).toThrow('truncated');
  });
});
