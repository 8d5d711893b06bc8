/** What `segment` says of one prompt in a volume: a summary for standard output, and the report file with every slice. */
import type { SpaceBox } from '../image/volume-measure.ts';
import type { VolumeSegmentation } from '../parse/volume.ts';
import { type AnswerReport, answerReport, noteLines, round } from './answer-report.ts';
import { fileColumn, table } from './table.ts';
import type { Warned } from './warnings.ts';

/** One prompt's answer in the JSON output. */
export interface VolumePromptReport extends AnswerReport {
  readonly voxels: number;
  readonly volume_ml: number;
  /** Of the source's values inside: Hounsfield units in a CT. */
  readonly mean: number | null;
  readonly sd: number | null;
  /** [columns, rows, slices]; `to` is exclusive. */
  readonly box_voxels: SpaceBox | null;
  /** LPS. */
  readonly box_mm: SpaceBox | null;
  readonly slices_inside: number;
  /** Connected parts before all but the largest were dropped; only with --largest-component. */
  readonly parts?: number;
  readonly masks: Readonly<Record<string, string>>;
  readonly mosaic: string;
  readonly report: string;
}

const orNull = (value: number | null, digits: number): number | null => (value === null ? null : round(value, digits));

function roundBox(box: SpaceBox | null): SpaceBox | null {
  if (box === null) return null;
  const near = ([x, y, z]: SpaceBox['from']) => [round(x, 3), round(y, 3), round(z, 3)] as const;
  return { from: near(box.from), to: near(box.to) };
}

/** An answer as the JSON output and as the report file have it; paths are those of its files. */
export function promptReport(
  found: VolumeSegmentation,
  masks: Readonly<Record<string, string>>,
  report: string,
  mosaic: string,
) {
  const measured = {
    ...answerReport(found),
    voxels: found.voxels,
    volume_ml: round(found.millilitres, 4),
    mean: orNull(found.mean, 4),
    sd: orNull(found.deviation, 4),
    box_voxels: found.boxVoxels,
    box_mm: roundBox(found.boxMm),
    slices_inside: found.slices.filter(({ areaPx }) => areaPx > 0).length,
    ...(found.parts === undefined ? {} : { parts: found.parts }),
  };
  const summary: VolumePromptReport = { ...measured, masks, mosaic, report };
  const slices = found.slices.map(({ index, rawPresence, presence, areaPx, areaMm2 }) => ({
    index,
    presence: round(presence, 6),
    raw_presence: round(rawPresence, 6),
    area_px: areaPx,
    area_mm2: round(areaMm2, 3),
  }));
  return { summary, report: { ...measured, slices } };
}

/** The results as lines for people. */
export function volumeTable(
  results: readonly (Warned & {
    readonly input: string;
    readonly notes: readonly string[];
    readonly prompts: readonly VolumePromptReport[];
  })[],
  folder: string,
): string[] {
  const rows = results.flatMap(({ input, prompts }) =>
    prompts.map((one) => [
      input,
      one.text,
      one.present ? 'yes' : 'no',
      one.presence.toFixed(3),
      one.volume_ml.toFixed(2),
      one.mean?.toFixed(1) ?? '-',
      one.sd?.toFixed(1) ?? '-',
      String(one.slices_inside),
    ]),
  );
  if (rows.length === 0) return [];
  const right = { align: 'right' } as const;
  const titles = [
    fileColumn('volume'),
    { title: 'prompt', max: 48 },
    { title: 'found' },
    { title: 'presence', ...right },
    { title: 'mL', ...right },
    { title: 'mean', ...right },
    { title: 'sd', ...right },
    { title: 'slices', ...right },
  ];
  return [...table(titles, rows), '', ...noteLines(results), `Masks, reports, pictures and receipts are in ${folder}`];
}
