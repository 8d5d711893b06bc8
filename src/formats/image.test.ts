import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dicomFile, greyImage } from '../../test/helpers/dicom.ts';
import { describeShared, sharedPath } from '../../test/helpers/shared.ts';
import { SITE_WINDOWS } from '../image/window.ts';
import { readImage, windowed } from './image.ts';
import { writePng } from './raster.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-image-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

describe('readImage', () => {
  it('reads ordinary images and DICOM images alike', async () => {
    const pixels = { data: Uint8Array.of(0, 100, 255), width: 3, height: 1, channels: 1 as const };
    await writePng(path('a.png'), pixels);
    expect(await readImage(path('a.png'))).toEqual(pixels);
    const ct = greyImage(3, 1, [874, 1074, 1274], { Modality: 'CT', RescaleSlope: 1, RescaleIntercept: -1024 });
    writeFileSync(path('a.dcm'), dicomFile(ct));
    expect([...(await readImage(path('a.dcm'))).data]).toEqual([0, 128, 255]);
    expect([...(await readImage(path('a.dcm'), SITE_WINDOWS.lung)).data]).toEqual([108, 134, 159]);
  });

  it('refuses several frames, objects without pixels and other files, naming what is allowed', async () => {
    writeFileSync(path('frames'), dicomFile(greyImage(1, 1, [1, 2], { NumberOfFrames: 2 })));
    await expect(readImage(path('frames'))).rejects.toThrow('holds 2 frames; choose one from 0 to 1');
    writeFileSync(path('sr'), dicomFile({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11' }));
    await expect(readImage(path('sr'))).rejects.toThrow('it is a structured report and holds no pixels');
    writeFileSync(path('text'), 'hello');
    await expect(readImage(path('text'))).rejects.toThrow('it is text; allowed: PNG, JPEG, WebP, TIFF, DICOM');
    await expect(readImage(path('gone'))).rejects.toThrow('no such file');
  });
});

describe('windowed', () => {
  it('changes grey of more than 8 bits only', () => {
    const window = { low: 0, high: 100 };
    const grey = { data: Uint16Array.of(0, 50, 400), width: 3, height: 1, channels: 1 as const };
    expect([...windowed(grey, window).data]).toEqual([0, 128, 255]);
    expect(windowed(grey, undefined)).toBe(grey);
    const eight = { ...grey, data: Uint8Array.of(1, 2, 3) };
    expect(windowed(eight, window)).toBe(eight);
  });
});

describeShared('samples/CT_lung_nodule.dcm', 'a real DICOM image', () => {
  it('is shown in its own first window, or in the one asked for', async () => {
    const file = sharedPath('samples/CT_lung_nodule.dcm');
    const mean = ({ data }: { data: ArrayLike<number> }): number =>
      Array.from(data).reduce((sum, value) => sum + value, 0) / data.length;
    const own = await readImage(file);
    expect([own.width, own.height, own.channels]).toEqual([512, 512, 1]);
    expect(mean(own)).toBeGreaterThan(mean(await readImage(file, SITE_WINDOWS.abdomen)));
  });
});
