/** Measurements in space against sums over all voxels, on grids turned anyhow. */
import { describe, expect, it } from 'vitest';
import { randomVolume } from '../../test/helpers/volumes.ts';
import { createRandom } from '../util/random.ts';
import { PLANES, planeAxis } from './slice.ts';
import { emptyMask, indexToLps, type Vector, type Volume } from './volume.ts';
import { measureVolume, pixelArea, sliceAreas, voxelVolume } from './volume-measure.ts';

const random = createRandom(11);

describe('measureVolume', () => {
  it('agrees with plain sums and corners of all voxels', () => {
    for (let n = 0; n < 40; n++) {
      const volume = randomVolume(random, n % 2 === 0);
      const mask = emptyMask(volume);
      const inside: Vector[] = [];
      const values: number[] = [];
      const [columns, rows, slices] = volume.size;
      for (let z = 0, at = 0; z < slices; z++) {
        for (let y = 0; y < rows; y++) {
          for (let x = 0; x < columns; x++, at++) {
            if (random.uniform(0, 1) > 0.3 && at > 0) continue;
            mask.data[at] = 1;
            inside.push([x, y, z]);
            values.push(volume.data[at * volume.channels]);
          }
        }
      }
      const found = measureVolume(mask, volume);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      expect(found.voxels).toBe(values.length);
      expect(found.millilitres).toBeCloseTo((values.length * voxelVolume(volume)) / 1000, 9);
      expect(found.mean).toBeCloseTo(mean, 6);
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
      expect(found.deviation).toBeCloseTo(Math.sqrt(variance), 6);
      const corners = inside.flatMap((index) =>
        [0, 1, 2, 3, 4, 5, 6, 7].map((bits) =>
          indexToLps(volume, index.map((v, i) => v - 0.5 + ((bits >> i) & 1)) as unknown as Vector),
        ),
      );
      for (const p of [0, 1, 2]) {
        expect(found.boxVoxels?.from[p]).toBe(Math.min(...inside.map((index) => index[p])));
        expect(found.boxVoxels?.to[p]).toBe(Math.max(...inside.map((index) => index[p])) + 1);
        expect(found.boxMm?.from[p]).toBeCloseTo(Math.min(...corners.map((corner) => corner[p])), 6);
        expect(found.boxMm?.to[p]).toBeCloseTo(Math.max(...corners.map((corner) => corner[p])), 6);
      }
      for (const plane of PLANES) {
        const counted = new Array(volume.size[planeAxis(volume, plane)]).fill(0);
        for (const index of inside) counted[index[planeAxis(volume, plane)]]++;
        expect([...sliceAreas(mask, plane)]).toEqual(counted);
      }
    }
  });

  it('says of an empty mask that it has no mean and no box', () => {
    const volume = randomVolume(random);
    const empty = { voxels: 0, millilitres: 0, mean: null, deviation: null, boxVoxels: null, boxMm: null };
    expect(measureVolume(emptyMask(volume), volume)).toEqual(empty);
  });

  it('knows the size of a voxel and of a pixel in mm', () => {
    const volume: Volume = {
      size: [2, 2, 2],
      spacing: [0.5, 2, 3],
      origin: [0, 0, 0],
      direction: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      data: new Int16Array(8),
      channels: 1,
      identifiers: {},
    };
    expect(voxelVolume(volume)).toBeCloseTo(3, 12);
    expect(PLANES.map((plane) => pixelArea(volume, plane))).toEqual([1, 1.5, 6]);
  });
});
