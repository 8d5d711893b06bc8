/**
 * The objects of one prompt in a slide, as bands of its mask come: each is measured, outlined in pixels of the slide itself, and
 * written as soon as it has ended. Objects are connected parts of the mask (corners included), so that one across seams is one; what
 * lies crowded is cut where it is narrow.
 */

import { geoJsonShape } from '../formats/geojson.ts';
import { outlines } from '../image/outlines.ts';
import { type RowComponent, rowComponents } from '../image/row-components.ts';
import type { Separation } from '../parse/separation.ts';
import type { ScannedSlide } from '../parse/slide.ts';
import type { SlideBand } from '../parse/slide-blend.ts';
import { type SlidePiece, slidePieces } from '../parse/slide-pieces.ts';
import type { TextFile } from '../util/text-file.ts';
import { round } from './answer-report.ts';

export interface ObjectCounts {
  /** Objects that were written, and smaller ones that were not. */
  readonly objects: number;
  readonly smaller: number;
  /** Area of the written ones. */
  readonly areaMm2: number;
}

export interface ObjectWriter {
  take(band: SlideBand): Promise<void>;
  /** Writes what is left. */
  end(): Promise<ObjectCounts>;
}

/** Writes objects of at least `leastUm2` to a list in `table` and as features in `features`, which other prompts share. */
export function objectWriter(
  { grid, mpp }: ScannedSlide,
  name: string,
  separation: Separation,
  leastUm2: number,
  table: TextFile,
  features: TextFile,
  /** Features that were written before. */
  before: number,
): ObjectWriter {
  const { width, step } = grid;
  const rows = rowComponents();
  const pixelUm2 = mpp * mpp;
  let [objects, smaller, areaUm2] = [0, 0, 0];

  async function writePiece({ areaPx, box, centroid, mask, step: coarse }: SlidePiece, probability: number) {
    const area = areaPx * pixelUm2;
    if (area < leastUm2) {
      smaller++;
      return;
    }
    objects++;
    areaUm2 += area;
    const [left, top, right, bottom] = box;
    const inSlide = (x: number, y: number) => [round(x * step[0], 2), round(y * step[1], 2)] as const;
    const object = {
      id: objects,
      area_um2: round(area, 3),
      centroid: inSlide(...centroid),
      box: [...inSlide(left, top), ...inSlide(right, bottom)],
      probability,
    };
    await table.write(`${objects === 1 ? '\n' : ',\n'}${JSON.stringify(object)}`);
    const polygons = outlines(mask).map((polygon) =>
      polygon.map((ring) => ring.map(([x, y]) => inSlide(left + x * coarse, top + y * coarse))),
    );
    const feature = {
      type: 'Feature',
      geometry: geoJsonShape(polygons),
      properties: {
        objectType: 'detection',
        name: `${name} ${objects}`,
        classification: { name },
        measurements: { 'Area µm^2': object.area_um2, Probability: probability },
      },
    };
    await features.write(`${before + objects === 1 ? '\n' : ',\n'}${JSON.stringify(feature)}`);
  }

  async function write(part: RowComponent): Promise<void> {
    const probability = round(part.weight / part.areaPx, 4);
    for (const piece of slidePieces(part, separation)) await writePiece(piece, probability);
  }

  return {
    async take({ height, mask, probabilities }) {
      for (let y = 0; y < height; y++) {
        const [from, to] = [y * width, (y + 1) * width];
        for (const part of rows.add(mask.subarray(from, to), probabilities.subarray(from, to))) await write(part);
      }
    },
    async end() {
      for (const part of rows.end()) await write(part);
      return { objects, smaller, areaMm2: areaUm2 / 1e6 };
    },
  };
}
