/** What `segment` says of slides: per prompt and slide in JSON, and the table. */
import type { Separation } from '../parse/separation.ts';
import type { ScannedSlide, SlideSegmentation } from '../parse/slide.ts';
import { type AnswerReport, answerReport, noteLines, round } from './answer-report.ts';
import type { ObjectCounts } from './slide-objects.ts';
import { fileColumn, table } from './table.ts';
import type { Warned } from './warnings.ts';

/** One prompt's answer in the JSON output. */
export interface SlidePromptReport extends AnswerReport {
  /** Connected parts, or what a watershed cut them into. */
  readonly separation: Separation;
  /** Objects of at least --least-um2, and how many smaller ones the mask has. */
  readonly count: number;
  readonly smaller: number;
  /** Of the whole mask. */
  readonly area_mm2: number;
  readonly share_of_tissue: number;
  readonly tiles_inside: number;
  readonly mask: string;
  readonly overlay: string;
  readonly report: string;
}

export interface SlideReport extends Warned {
  readonly input: string;
  readonly kind: string;
  readonly width: number;
  readonly height: number;
  readonly pixel_size: { readonly x: number; readonly y: number; readonly source: string };
  readonly mpp: number;
  readonly mask_size: readonly [number, number];
  readonly tiles: { readonly side: number; readonly overlap: number; readonly asked: number; readonly of: number };
  readonly tissue: { readonly saturation_threshold: number | null; readonly area_mm2: number };
  readonly notes: readonly string[];
  readonly seconds: { readonly tiles: number; readonly results: number };
  readonly prompts: readonly SlidePromptReport[];
  readonly annotations: string;
  readonly receipt: string;
}

/** What was measured of a prompt. */
export function promptMeasures(found: SlideSegmentation, counts: ObjectCounts, { tissueMm2 }: ScannedSlide) {
  return {
    ...answerReport(found),
    count: counts.objects,
    smaller: counts.smaller,
    area_mm2: round(found.areaMm2, 6),
    objects_area_mm2: round(counts.areaMm2, 6),
    share_of_tissue: tissueMm2 === 0 ? 0 : round(found.areaMm2 / tissueMm2, 6),
    tiles_inside: found.tilesInside,
  };
}

/** What a scanned slide is. */
export function slideMeasures({ pixelSize, mpp, grid, tiles, tissue, tissueMm2, asked }: ScannedSlide) {
  return {
    pixel_size: pixelSize,
    mpp,
    mask_size: [grid.width, grid.height] as const,
    tiles: {
      side: Math.max(tiles.width, tiles.height),
      overlap: tiles.overlap,
      asked,
      of: tiles.columns.length * tiles.rows.length,
    },
    tissue: {
      saturation_threshold: tissue.threshold === null ? null : round(tissue.threshold, 4),
      area_mm2: round(tissueMm2, 6),
    },
  };
}

/** The results as lines for people. */
export function slideTable(results: readonly SlideReport[], folder: string): string[] {
  const rows = results.flatMap(({ input, prompts }) =>
    prompts.map((one) => [
      input,
      one.text,
      one.present ? 'yes' : 'no',
      one.presence.toFixed(3),
      String(one.count),
      one.area_mm2.toFixed(4),
      `${(100 * one.share_of_tissue).toFixed(1)}%`,
    ]),
  );
  if (rows.length === 0) return [];
  const right = { align: 'right' } as const;
  const titles = [
    fileColumn('slide'),
    { title: 'prompt', max: 48 },
    { title: 'found' },
    { title: 'presence', ...right },
    { title: 'objects', ...right },
    { title: 'mm2', ...right },
    { title: 'of tissue', ...right },
  ];
  return [
    ...table(titles, rows),
    '',
    ...noteLines(results),
    `Masks, annotations, reports, pictures and receipts are in ${folder}`,
  ];
}
