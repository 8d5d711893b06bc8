import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import { rescale } from './rescale.ts';
import { cutSlice, nativePlane, PLANES, planeAxis, putSlice, sliceCount, sliceLayout } from './slice.ts';
import {
  emptyMask,
  type Grid,
  indexToLps,
  isOrthogonal,
  lpsToIndex,
  nearestAxes,
  orientationLabel,
  sameGrid,
  splitSteps,
  type Vector,
  type Volume,
  voxelCount,
} from './volume.ts';
import { applyWindow, dicomWindow, invert, percentiles, percentileWindow, SITE_WINDOWS } from './window.ts';

const LPS: Grid = {
  size: [3, 4, 5],
  spacing: [0.5, 0.75, 2],
  origin: [-10, 20, 30],
  direction: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
};

/** The LPS grid with its axes turned round and exchanged: rows count to the feet, columns to the front, slices to the right. */
const TURNED: Grid = {
  ...LPS,
  direction: [
    [0, -1, 0],
    [0, 0, -1],
    [-1, 0, 0],
  ],
};

/** A volume whose samples are the voxels' own numbers. */
function counted(grid: Grid): Volume {
  const data = Uint16Array.from({ length: voxelCount(grid) }, (_, i) => i);
  return { ...grid, data, channels: 1, identifiers: {} };
}

describe('a grid', () => {
  it('turns indices into millimetres and back, also with oblique and sheared axes', () => {
    expect(indexToLps(LPS, [2, 1, 3])).toEqual([-9, 20.75, 36]);
    const random = createRandom(1);
    for (let trial = 0; trial < 200; trial++) {
      const vector = (): Vector => [random.normal(), random.normal(), random.normal()];
      const split = splitSteps([vector(), vector(), vector()]);
      if (split === null) continue;
      const grid: Grid = { size: [9, 9, 9], origin: vector(), ...split };
      const index: Vector = [random.uniform(-5, 5), random.uniform(-5, 5), random.uniform(-5, 5)];
      const back = lpsToIndex(grid, indexToLps(grid, index));
      for (let axis = 0; axis < 3; axis++) expect(back[axis]).toBeCloseTo(index[axis], 6);
    }
  });

  it('names its orientation, each patient axis once', () => {
    expect(orientationLabel(LPS)).toBe('LPS');
    expect(orientationLabel(TURNED)).toBe('AIR');
    const oblique = splitSteps([
      [1, 0.9, 0],
      [1, -0.95, 0],
      [0, 0, -1],
    ]);
    expect(new Set(nearestAxes({ ...LPS, ...oblique }).map(({ patient }) => patient)).size).toBe(3);
  });

  it('knows axes that span no space, and right angles', () => {
    expect(
      splitSteps([
        [1, 0, 0],
        [2, 0, 0],
        [0, 0, 1],
      ]),
    ).toBeNull();
    expect(
      splitSteps([
        [0, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ]),
    ).toBeNull();
    expect(isOrthogonal(LPS)).toBe(true);
    expect(
      isOrthogonal({
        ...LPS,
        direction: [
          [1, 0, 0],
          [0, 1, 0],
          [0, Math.SQRT1_2, Math.SQRT1_2],
        ],
      }),
    ).toBe(false);
    expect(() =>
      lpsToIndex(
        {
          ...LPS,
          direction: [
            [1, 0, 0],
            [1, 0, 0],
            [0, 0, 1],
          ],
        },
        [0, 0, 0],
      ),
    ).toThrow('no space');
  });

  it('is the same as another within a tolerance', () => {
    expect(sameGrid(LPS, { ...LPS, origin: [-10.0005, 20, 30] })).toBe(true);
    expect(sameGrid(LPS, { ...LPS, origin: [-10.01, 20, 30] })).toBe(false);
    expect(sameGrid(LPS, { ...LPS, spacing: [0.5, 0.75, 2.01] })).toBe(false);
    expect(sameGrid(LPS, { ...LPS, size: [3, 4, 6] })).toBe(false);
    expect(sameGrid(LPS, emptyMask(LPS))).toBe(true);
  });
});

describe('a slice', () => {
  it('of an LPS volume is as it lies in the file, coronal and sagittal with the head up', () => {
    expect(nativePlane(LPS)).toBe('axial');
    const axial = cutSlice(counted(LPS), 'axial', 2);
    expect([...axial.data.slice(0, 4)]).toEqual([24, 25, 26, 27]);
    const coronal = cutSlice(counted(LPS), 'coronal', 1);
    expect([coronal.width, coronal.height, coronal.spacing]).toEqual([3, 5, [0.5, 2]]);
    expect([...coronal.data.slice(0, 3)]).toEqual([51, 52, 53]); // the topmost slice, row 1
    expect(coronal.origin).toEqual(indexToLps(LPS, [0, 1, 4]));
    expect(cutSlice(counted(LPS), 'sagittal', 0).width).toBe(4);
  });

  it.each(PLANES)('is seen from the same side whatever the order of the file: %s', (plane) => {
    for (const grid of [LPS, TURNED]) {
      const layout = sliceLayout(grid, plane, 0);
      const across = { axial: 0, coronal: 0, sagittal: 1 }[plane];
      const [down, sign] = { axial: [1, 1], coronal: [2, -1], sagittal: [2, -1] }[plane];
      expect(layout.direction[0][across]).toBe(1);
      expect(layout.direction[1][down]).toBe(sign);
    }
  });

  it.each(PLANES)('shows each voxel where its layout says, and goes back to where it came from: %s', (plane) => {
    for (const grid of [LPS, TURNED]) {
      const volume = counted(grid);
      const back = new Uint16Array(volume.data.length);
      for (let index = 0; index < sliceCount(grid, plane); index++) {
        const slice = cutSlice(volume, plane, index);
        const [x, y] = [slice.width - 1, slice.height - 2];
        const voxel = slice.data[y * slice.width + x];
        const [columns, rows] = grid.size;
        const at: Vector = [voxel % columns, Math.floor(voxel / columns) % rows, Math.floor(voxel / (columns * rows))];
        expect(at[planeAxis(grid, plane)]).toBe(index);
        const place = slice.origin.map(
          (o, i) => o + x * slice.spacing[0] * slice.direction[0][i] + y * slice.spacing[1] * slice.direction[1][i],
        );
        indexToLps(grid, at).forEach((mm, i) => {
          expect(place[i]).toBeCloseTo(mm, 9);
        });
        putSlice(back, slice, slice.data);
      }
      expect(back).toEqual(volume.data);
    }
  });

  it('keeps channels and the type of the samples', () => {
    const data = Float32Array.from({ length: 180 }, (_, i) => i / 2);
    const slice = cutSlice({ ...LPS, data, channels: 3, identifiers: {} }, 'coronal', 0);
    expect(slice.data).toBeInstanceOf(Float32Array);
    expect([...slice.data.slice(0, 4)]).toEqual([72, 72.5, 73, 73.5]);
  });

  it('refuses an index outside and pixels that do not fill it', () => {
    expect(() => cutSlice(counted(LPS), 'coronal', 4)).toThrow('no coronal slice 4; allowed: 0 to 3');
    expect(() => sliceLayout(LPS, 'axial', 0.5)).toThrow('allowed: 0 to 4');
    expect(() => putSlice(new Uint8Array(60), sliceLayout(LPS, 'axial', 0), [1])).toThrow('3 x 4');
  });
});

describe('windows', () => {
  it('map the ends to 0 and 255, clip what lies outside, and take what is no number for 0', () => {
    const scaled = applyWindow(Float32Array.of(-200, -150, 50, 250, 3000, NaN), SITE_WINDOWS.abdomen);
    expect([...scaled]).toEqual([0, 0, 128, 255, 255, 0]);
    expect([...applyWindow([1, 2, 3], { low: 2, high: 2 })]).toEqual([0, 255, 255]);
  });

  it('give many whole numbers what they give each of them', () => {
    const every = Int16Array.from({ length: 2 ** 16 }, (_, i) => i - 2 ** 15);
    const windows = [
      { low: -150, high: 250 },
      dicomWindow(40, 401, 'LINEAR'),
      { low: -0.25, high: 0.25 },
      { low: 2, high: 2 },
      { low: 10, high: -10 },
      { low: -40000, high: 10 },
      dicomWindow(100, 80, 'SIGMOID'),
    ];
    for (const window of windows) {
      expect(applyWindow(every, window)).toEqual(applyWindow(Float64Array.from(every), window));
      const unsigned = Uint16Array.from(every);
      expect(applyWindow(unsigned, window)).toEqual(applyWindow(Float64Array.from(unsigned), window));
    }
  });

  it('follow the DICOM formulas', () => {
    // PS3.3 C.11.2.1.2.1: c 2048, w 4096 leaves 12 bits as they are: 0 to 0, 4095 to full.
    expect(dicomWindow(2048, 4096, 'LINEAR')).toEqual({ low: 0, high: 4095 });
    expect(dicomWindow(2048, 4096, 'LINEAR_EXACT')).toEqual({ low: 0, high: 4096 });
    const sigmoid = applyWindow([-1e6, 100, 120, 1e6, NaN], dicomWindow(100, 80, 'SIGMOID'));
    expect([...sigmoid]).toEqual([0, 128, Math.round(255 / (1 + Math.exp(-1))), 255, 0]);
  });

  it('come from percentiles as numpy computes them', () => {
    expect(percentiles([5, 1, 3, 2, 4, NaN], [0, 10, 50, 100])).toEqual([1, 1.4, 3, 5]);
    expect(percentiles([0, -1], [50], 0)).toBeNull();
    expect(percentileWindow([0, 0, 7])).toEqual({ low: 7, high: 7 });
    expect(percentileWindow([])).toEqual({ low: 0, high: 1 });
  });

  it('can be turned round', () => {
    expect([...invert(Uint8Array.of(0, 100, 255))]).toEqual([255, 155, 0]);
  });
});

describe('rescale', () => {
  it('keeps whole numbers whole in 16 bits where they fit, else wider, else as floats', () => {
    const stored = Uint16Array.of(0, 1024, 4095);
    expect(rescale(stored, 1, 0)).toBe(stored);
    expect(rescale(stored, 1, -1024)).toEqual(Int16Array.of(-1024, 0, 3071));
    expect(rescale(stored, 10, 0)).toEqual(Uint16Array.of(0, 10240, 40950));
    expect(rescale(stored, 100, -5)).toEqual(Int32Array.of(-5, 102395, 409495));
    expect(rescale(stored, 2 ** 20, 0)).toEqual(Uint32Array.from(stored, (v) => v * 2 ** 20));
    expect(rescale(stored, 2 ** 40, 0)).toEqual(Float32Array.from(stored, (v) => v * 2 ** 40));
    expect(rescale(stored, 0.5, 0)).toEqual(Float32Array.of(0, 512, 2047.5));
    expect(rescale(Int32Array.of(2 ** 30 + 1), 0.5, 0)).toEqual(Float64Array.of(2 ** 29 + 0.5));
  });
});
