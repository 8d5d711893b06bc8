/** Checks on drawn images: each warns of what it is for, and of nothing else. */
import { describe, expect, it } from 'vitest';
import { phantom } from '../phantoms.ts';
import type { Image } from '../types.ts';
import { checkColour, colouredShare } from './colour.ts';
import { checkHounsfield, checkNotHounsfield, unusedWindow } from './hounsfield.ts';
import { checkInversion } from './inversion.ts';
import { checkLevels } from './levels.ts';
import { checkResolution, unknownGeometry } from './resolution.ts';
import { checkShape } from './shape.ts';
import { boneOffset, checkOrientation, checkPatientOrientation, checkSpine } from './upright.ts';
import type { Warning } from './warning.ts';

const codes = (warnings: readonly Warning[]) => warnings.map(({ code }) => code);
const grey = (width: number, height: number, level: (x: number, y: number) => number): Image => ({
  data: Uint8Array.from({ length: width * height }, (_, i) => level(i % width, Math.floor(i / width))),
  width,
  height,
  channels: 1,
});
const turned = (image: Image): Image => ({ ...image, data: image.data.slice().reverse() });
const negative = (image: Image): Image => ({ ...image, data: Uint8Array.from(image.data, (v) => 255 - v) });
/** An axial abdomen: body on black, a spine below its middle. */
const abdomen = grey(100, 100, (x, y) => {
  if (Math.hypot(x - 50, y - 70) < 6) return 255;
  return Math.hypot((x - 50) / 45, (y - 50) / 35) < 1 ? 120 : 0;
});

describe('size and shape', () => {
  it('warn below 64 pixels a side and from 3 to 1 on, in mm where pixels are not square', () => {
    expect(codes(checkShape(64, 64))).toEqual([]);
    expect(checkShape(63, 100)[0].reason).toContain('63 x 100 pixels');
    expect(codes(checkShape(1, 1))).toEqual(['tiny-image']);
    expect(codes(checkShape(300, 100))).toEqual([]);
    expect(codes(checkShape(301, 100))).toEqual(['extreme-shape']);
    expect(codes(checkShape(500, 100, [0.5, 2.5]))).toEqual([]);
    expect(codes(checkShape(100, 100, [1, 5]))).toEqual(['extreme-shape']);
  });
});

describe('grey levels', () => {
  it('warn of what is almost constant', () => {
    expect(
      codes(
        checkLevels(
          grey(64, 64, () => 90),
          null,
        ),
      ),
    ).toEqual(['almost-constant']);
    expect(
      codes(
        checkLevels(
          grey(64, 64, (x) => 90 + (x % 2)),
          null,
        ),
      ),
    ).toEqual(['almost-constant']);
    expect(
      codes(
        checkLevels(
          grey(64, 64, (x) => x),
          null,
        ),
      ),
    ).toEqual([]);
    // alpha does not count
    const data = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i % 4 === 3 ? i % 256 : 7));
    expect(codes(checkLevels({ data, width: 64, height: 64, channels: 4 }, null))).toEqual(['almost-constant']);
  });

  it('warn of a window that leaves black and white', () => {
    const window = { low: 4000, high: 4001 };
    const halves = grey(64, 64, (x) => (x < 32 ? 0 : 255));
    const [one, ...more] = checkLevels(halves, window);
    expect(more).toEqual([]);
    expect(one).toMatchObject({ code: 'saturating-window' });
    expect(one.reason).toBe('the window 4000..4001 turns 100 % of the image black (50 %) or white');
    expect(codes(checkLevels(halves, null))).toEqual([]);
    expect(codes(checkLevels(abdomen, window))).toEqual([]);
  });
});

describe('values of a CT', () => {
  it('are told from windowed ones and from ones without intercept', () => {
    expect(checkHounsfield([0, 255])[0]).toMatchObject({
      code: 'already-windowed',
      reason: 'values 0..255 in a CT: already windowed, as Hounsfield units go from -1000 (air) to above 1000',
    });
    expect(codes(checkHounsfield([0, 4095]))).toEqual(['not-hounsfield']);
    expect(codes(checkHounsfield([-1024, 3071]))).toEqual([]);
    expect(codes(checkHounsfield([-150, 250]))).toEqual([]);
  });

  it('are seen in what is said to be something else', () => {
    expect(checkNotHounsfield('MRI', -1024)[0].reason).toContain('go down to -1024');
    expect(codes(checkNotHounsfield('MRI', -3))).toEqual([]);
  });

  it('are not needed for a window that has nothing to work on', () => {
    expect(unusedWindow({ low: -150, high: 250 })).toMatchObject({ code: 'window-unused' });
  });
});

describe('colours', () => {
  const photo = phantom('dermoscopy', 128, 1).image;
  it('are not expected in a CT', () => {
    expect(colouredShare(photo)).toBeGreaterThan(0.5);
    expect(checkColour(photo, 'CT')[0]).toMatchObject({ code: 'unexpected-colour' });
    expect(codes(checkColour(photo, 'ultrasound'))).toEqual([]);
    expect(codes(checkColour(photo, 'dermoscopy'))).toEqual([]);
  });

  it('are expected in pathology', () => {
    expect(checkColour(abdomen, 'pathology')[0]).toMatchObject({ code: 'unexpected-grey' });
    expect(codes(checkColour(abdomen, 'CT'))).toEqual([]);
  });

  it('of a mark in a corner or of JPEG noise do not count', () => {
    const data = Uint8Array.from({ length: 100 * 100 * 3 }, (_, i) =>
      i < 3 * 90 && i % 3 === 0 ? 255 : 20 + (i % 3) * 8,
    );
    expect(codes(checkColour({ data, width: 100, height: 100, channels: 3 }, 'CT'))).toEqual([]);
  });
});

describe('grey levels turned round', () => {
  it('are seen by white corners of a section, and not decided for radiographs', () => {
    expect(codes(checkInversion(abdomen, 'CT'))).toEqual([]);
    expect(codes(checkInversion(negative(abdomen), 'CT'))).toEqual(['looks-inverted']);
    expect(codes(checkInversion(negative(abdomen), 'X-Ray'))).toEqual([]);
    expect(
      codes(
        checkInversion(
          grey(1, 1, () => 255),
          'MRI',
        ),
      ),
    ).toEqual([]);
  });
});

describe('the way up', () => {
  it('is told by the orientation of a section', () => {
    expect(codes(checkOrientation([1, 0, 0], [0, 1, 0]))).toEqual([]);
    expect(codes(checkOrientation([1, 0, 0], [0, -1, 0]))).toEqual(['upside-down']);
    expect(codes(checkOrientation([-1, 0, 0], [0, -1, 0]))).toEqual(['upside-down', 'mirrored']);
    expect(codes(checkOrientation([0, 1, 0], [1, 0, 0]))).toEqual(['sideways']);
    expect(checkOrientation([1, 0, 0], [0, 0, 1])[0].reason).toContain('this coronal image is stored upside down');
    expect(codes(checkOrientation([0, 1, 0], [0, 0, -1]))).toEqual([]);
    // a little oblique is upright
    expect(codes(checkOrientation([0.98, 0.2, 0], [-0.2, 0.98, 0]))).toEqual([]);
  });

  it('is told by the letters of a radiograph', () => {
    expect(codes(checkPatientOrientation(['L', 'F']))).toEqual([]);
    expect(codes(checkPatientOrientation(['A', 'FR']))).toEqual([]);
    expect(codes(checkPatientOrientation(['L', 'H']))).toEqual(['upside-down']);
    expect(codes(checkPatientOrientation(['R', 'F']))).toEqual(['mirrored']);
    expect(codes(checkPatientOrientation(['F', 'R']))).toEqual(['sideways']);
    expect(codes(checkPatientOrientation([]))).toEqual([]);
  });

  it('is told by the spine of an abdominal CT', () => {
    expect(boneOffset(abdomen)).toBeGreaterThan(0.15);
    expect(codes(checkSpine(abdomen))).toEqual([]);
    expect(checkSpine(turned(abdomen))[0]).toMatchObject({ code: 'upside-down' });
    expect(boneOffset(grey(64, 64, () => 100))).toBeNull();
    expect(codes(checkSpine(grey(64, 64, () => 100)))).toEqual([]);
  });
});

describe('sizes', () => {
  it('of pixels of a slide are held against what the model saw', () => {
    expect(checkResolution(12, [0.25, 0.5])[0]).toMatchObject({
      code: 'resolution',
      reason: '12 microns per pixel: this model saw 0.25-0.5',
      proposal: 'choose a level of the slide with more detail, with --mpp 0.5',
    });
    expect(codes(checkResolution(0.25, [0.25, 0.5]))).toEqual([]);
    expect(codes(checkResolution(0.7, [0.25, 0.5]))).toEqual([]);
    expect(checkResolution(0.1, [0.25, 0.5])[0].proposal).toContain('less detail, with --mpp 0.25');
    expect(codes(checkResolution(12, [8, 16]))).toEqual([]);
  });

  it('and places that a file leaves open are named', () => {
    expect(codes(unknownGeometry([]))).toEqual([]);
    expect(codes(unknownGeometry(['spacing', 'orientation']))).toEqual(['spacing-unknown', 'orientation-unknown']);
  });
});
