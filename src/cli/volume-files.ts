/** The files of one prompt in a volume: masks in the formats asked for, each read back, a picture of key slices, and a report. */
import type { VolumeResult } from '../formats/results.ts';
import type { ScannedVolume, VolumeSegmentation } from '../parse/volume.ts';
import { writeFileAtomic } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { type ChosenFormat, writeFormats } from './formats.ts';
import type { OutputFolder } from './output.ts';
import { checkRoundTrip, hashFile, type RoundTrip } from './receipt.ts';
import { writeMosaic } from './volume-mosaic.ts';
import { promptReport, type VolumePromptReport } from './volume-report.ts';

/** Endings of the files that every prompt has, before those of the formats. */
export const PROMPT_ENDINGS = ['report.json', 'mosaic.png'];
const [REPORT, MOSAIC] = PROMPT_ENDINGS.keys();

/** What all masks of a volume are written with. */
export type Named = Omit<VolumeResult, 'findings'>;

/** Writes one prompt's files and reads its masks back; gives its report and what the receipt says of each mask. */
export async function writePrompt(
  found: VolumeSegmentation,
  scanned: ScannedVolume,
  formats: readonly ChosenFormat<VolumeResult>[],
  named: Named,
  paths: readonly string[],
  folder: OutputFolder,
): Promise<{ report: VolumePromptReport; results: object[] }> {
  const findings = [{ ...found, name: found.text }];
  const written = await writeFormats(formats, 'prompt', { ...named, findings }, paths, folder.stage);
  const results: object[] = [];
  for (const { format, path } of written) {
    const staged = folder.stage(path);
    const roundTrip = await checkRoundTrip(format, staged, found.mask);
    results.push({ prompt: found.text, format, ...(await hashFile(staged)), ...readBack(roundTrip) });
  }
  await writeMosaic(folder.stage(paths[MOSAIC]), named.volume, scanned, found, named.model);
  const masks = Object.fromEntries(written.map(({ format, path }) => [format, path]));
  const { summary, report } = promptReport(found, masks, paths[REPORT], paths[MOSAIC]);
  const text = `${JSON.stringify({ notice: NOTICE, model: named.model, ...report }, null, 2)}\n`;
  await writeFileAtomic(folder.stage(paths[REPORT]), text);
  return { report: summary, results };
}

/** How a file reads back, as the receipt has it. */
export const readBack = (roundTrip: RoundTrip | null): object => (roundTrip === null ? {} : { round_trip: roundTrip });
