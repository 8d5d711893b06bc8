/**
 * `biomedparse recognize`: everything that the model knows in images, whose kind is given or guessed. Per image a label map (8-bit grey PNG, a
 * number per object), a legend of the numbers (JSON) and an overlay with a drawn legend.
 */

import { writePng } from '../formats/raster.ts';
import { labelMask } from '../image/components.ts';
import { overlay } from '../image/overlay.ts';
import type { Box } from '../image/types.ts';
import { checkSite } from '../ontology/resolve/context.ts';
import { candidates, type RecognizedObject, type RecognizeOptions, recognizeEncoded } from '../parse/recognize.ts';
import type { ViewGuess } from '../parse/views.ts';
import { writeFileAtomic } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { round } from './answer-report.ts';
import { eachEncoded, type ImagesCommand } from './images.ts';
import type { CliIo } from './io.ts';
import { type LimitsCommand, limitOptions } from './limits.ts';
import { planEndings } from './names.ts';
import { fileColumn, table } from './table.ts';
import { type Warned, warningLines } from './warnings.ts';

/** Values of the command's options, as commander spells them. */
export interface RecognizeCommand extends ImagesCommand, LimitsCommand {
  readonly modality?: string;
  readonly site?: string;
  readonly json?: boolean;
}

interface ObjectReport {
  readonly label: number | null;
  readonly name: string;
  readonly snomed: string | null;
  readonly presence: number;
  readonly probability: number;
  readonly area_px: number;
  readonly area_fraction: number;
  readonly box: Box | null;
  readonly components: readonly { readonly area_px: number; readonly box: Box }[];
  readonly yielded_to: readonly string[];
}

interface ImageReport {
  readonly input: string;
  readonly width: number;
  readonly height: number;
  readonly modality: string;
  readonly site: string | null;
  /** Kinds of image by probability, where modality was not given. */
  readonly guesses: readonly ViewGuess[] | null;
  readonly objects: readonly ObjectReport[];
  readonly covered: readonly { readonly name: string; readonly presence: number; readonly by: string }[];
  readonly absent: readonly { readonly name: string; readonly presence: number }[];
  readonly labels: string;
  readonly legend: string;
  readonly overlay: string;
}

function reportOf(one: RecognizedObject): ObjectReport {
  return {
    label: one.label,
    name: one.name,
    snomed: one.snomed,
    presence: round(one.presence, 6),
    probability: round(one.probability, 6),
    area_px: one.areaPx,
    area_fraction: round(one.areaFraction, 8),
    box: one.box,
    components: one.components.map(({ areaPx, box }) => ({ area_px: areaPx, box })),
    yielded_to: one.yieldedTo,
  };
}

function printTable(io: CliIo, model: string, results: readonly (ImageReport & Warned)[], folder: string): void {
  const right = { align: 'right' } as const;
  const rows = results.flatMap(({ input, objects }) =>
    objects.map((one) => [
      input,
      one.label === null ? '-' : String(one.label),
      one.name,
      one.presence.toFixed(3),
      String(one.area_px),
      String(one.components.length),
      one.yielded_to.length > 0 ? `in ${one.yielded_to.join(', ')}` : (one.box?.join(',') ?? '-'),
    ]),
  );
  const titles = [
    fileColumn('image'),
    { title: 'label', ...right },
    { title: 'object', max: 48 },
    { title: 'presence', ...right },
    { title: 'area px', ...right },
    { title: 'parts', ...right },
    { title: 'box x0,y0,x1,y1' },
  ];
  const lines =
    rows.length > 0 ? table(titles, rows) : results.length > 0 ? ['Nothing that the model knows was found.'] : [];
  for (const { input, guesses } of results) {
    const [best, second] = guesses ?? [];
    if (best === undefined) continue;
    const told = [best, second].flatMap((one) => one && `${one.site} ${one.modality} (${one.probability.toFixed(2)})`);
    io.out(`${input}: looks like ${told.filter(Boolean).join(', then ')}\n`);
  }
  const warned = warningLines(results);
  const last = `Label maps, legends and overlays are in ${folder}`;
  if (results.length > 0) io.out(`${[...lines, '', ...warned, last].join('\n')}\n`);
  io.out(`Model ${model}. ${NOTICE}\n`);
}

/** Runs the command; gives the exit status. */
export async function runRecognize(inputs: readonly string[], command: RecognizeCommand, io: CliIo): Promise<number> {
  if (command.modality !== undefined)
    candidates(command.modality, command.site); // refuses before any work
  else if (command.site !== undefined) checkSite(command.site);
  const plan = planEndings(command.out, inputs, ['labels.png', 'legend.json', 'overlay.png']);
  const options: RecognizeOptions = {
    signal: io.signal,
    ...(command.modality === undefined ? {} : { modality: command.modality }),
    ...(command.site === undefined ? {} : { site: command.site }),
    ...limitOptions(command),
  };
  const { model, results, errors } = await eachEncoded(
    inputs,
    command,
    io,
    async (encoded, i, folder, { name }) => {
      const found = await recognizeEncoded(encoded, options);
      const { width, height, modality, site, labels } = found;
      const [labelFile, legendFile, overlayFile] = plan[i];
      const inMap = found.objects.filter(({ label }) => label !== null);
      const layers = inMap.map(({ label, name, presence, probability }) => ({
        mask: labelMask(labels, label as number, width, height),
        label: `${label} ${name}`,
        presence,
        probability,
      }));
      await writePng(folder.stage(labelFile), { data: labels, width, height, channels: 1 });
      const legend = inMap.map(({ label, name, snomed }) => ({ label, name, snomed }));
      await writeFileAtomic(
        folder.stage(legendFile),
        `${JSON.stringify({ modality, site, labels: legend }, null, 2)}\n`,
      );
      await writePng(folder.stage(overlayFile), overlay(encoded.image, layers, { model: name }));
      const report: ImageReport = {
        input: inputs[i],
        width,
        height,
        modality,
        site,
        guesses: found.guesses?.map((one) => ({ ...one, probability: round(one.probability, 6) })) ?? null,
        objects: found.objects.map(reportOf),
        covered: found.covered.map((one) => ({ ...one, presence: round(one.presence, 6) })),
        absent: found.absent.map(({ name, presence }) => ({ name, presence: round(presence, 6) })),
        labels: labelFile,
        legend: legendFile,
        overlay: overlayFile,
      };
      return report;
    },
    {
      ...(command.modality === undefined ? {} : { modality: command.modality }),
      ...(command.site === undefined ? {} : { site: command.site }),
    },
  );
  if (command.json) io.out(`${JSON.stringify({ model, results, errors })}\n`);
  else printTable(io, model.name, results, command.out);
  return errors.length === 0 ? 0 : 1;
}
