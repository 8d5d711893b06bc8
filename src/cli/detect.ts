/**
 * `biomedparse detect`: boxes and instances of what was asked for, as one COCO file for all images and an overlay per image.
 */

import { join } from 'node:path';
import { type CocoDocument, cocoBox, runLengths } from '../formats/coco.ts';
import { writePng } from '../formats/raster.ts';
import { COLOUR_COUNT, type OverlayLayer, overlay } from '../image/overlay.ts';
import { type Detection, type DetectOptions, detectEncoded } from '../parse/detect.ts';
import { checkPrompts } from '../parse/prompts.ts';
import type { Separation } from '../parse/separation.ts';
import { writeFileAtomic } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { round } from './answer-report.ts';
import { eachEncoded, type ImagesCommand } from './images.ts';
import type { CliIo } from './io.ts';
import { type LimitsCommand, limitOptions } from './limits.ts';
import { planEndings } from './names.ts';
import { shownAs } from './shown-as.ts';
import { fileColumn, table } from './table.ts';
import { readTerms } from './terms.ts';
import { type Warned, warningLines } from './warnings.ts';

/** Values of the command's options, as commander spells them. */
export interface DetectCommand extends ImagesCommand, LimitsCommand {
  readonly prompt: readonly string[];
  readonly leastPx?: number;
  readonly instances?: 'auto' | Separation;
  readonly terms?: string;
  readonly json?: boolean;
}

interface ImageResult {
  readonly input: string;
  readonly width: number;
  readonly height: number;
  readonly overlay: string;
  readonly detections: readonly Detection[];
}

/** All images' instances; a category is a prompt. */
function cocoOf(prompts: readonly string[], results: readonly ImageResult[], model: string): CocoDocument {
  const categories = prompts.map((name, i) => ({
    id: i + 1,
    name,
    supercategory: results[0]?.detections[i].answer.concept?.category ?? 'other',
  }));
  const found = results.flatMap(({ detections }, image) =>
    detections.flatMap(({ instances }, prompt) => instances.map((instance) => ({ image, prompt, instance }))),
  );
  return {
    info: { description: `Found by ${model}. ${NOTICE}` },
    images: results.map(({ input, width, height }, i) => ({ id: i + 1, file_name: input, width, height })),
    categories,
    annotations: found.map(({ image, prompt, instance }, i) => ({
      id: i + 1,
      image_id: image + 1,
      category_id: prompt + 1,
      bbox: cocoBox(instance.box),
      area: instance.areaPx,
      iscrowd: 0,
      score: round(instance.score, 6),
      segmentation: runLengths(instance.mask),
    })),
  };
}

/** A layer per instance; more of them than a picture has colours share its layers, so that neighbours seldom look alike. */
function overlayLayers({ answer, instances }: Detection): OverlayLayer[] {
  if (instances.length <= COLOUR_COUNT) {
    return instances.map(({ mask, score }, n) => ({ mask, label: `${answer.text} ${n + 1}`, probability: score }));
  }
  const { width, height } = answer.mask;
  return Array.from({ length: COLOUR_COUNT }, (_, layer) => {
    const data = new Uint8Array(width * height);
    for (let n = layer; n < instances.length; n += COLOUR_COUNT) {
      const { mask } = instances[n];
      for (let i = 0; i < data.length; i++) data[i] |= mask.data[i];
    }
    const label = `${answer.text} ${layer + 1}, ${layer + 1 + COLOUR_COUNT}, ... of ${instances.length}`;
    return { mask: { data, width, height }, label };
  });
}

function printTable(io: CliIo, results: readonly (ImageResult & Warned)[], model: string, file: string): void {
  const rows = results.flatMap(({ input, detections }) =>
    detections.flatMap(({ answer, instances }) =>
      instances.map(({ score, areaPx, box }) => [input, answer.text, score.toFixed(3), String(areaPx), box.join(',')]),
    ),
  );
  const right = { align: 'right' } as const;
  const titles = [
    fileColumn('image'),
    { title: 'prompt', max: 48 },
    { title: 'score', ...right },
    { title: 'area px', ...right },
    { title: 'box x0,y0,x1,y1' },
  ];
  const lines = rows.length > 0 ? table(titles, rows) : ['Nothing was found.'];
  io.out(`${[...lines, '', ...warningLines(results), `Instances are in ${file}`].join('\n')}\n`);
  io.out(`Model ${model}. ${NOTICE}\n`);
}

/** Runs the command; gives the exit status. */
export async function runDetect(inputs: readonly string[], command: DetectCommand, io: CliIo): Promise<number> {
  const prompts = checkPrompts(command.prompt);
  const terms = await readTerms(command);
  const plan = planEndings(command.out, inputs, ['detections.png']);
  const options: DetectOptions = {
    signal: io.signal,
    ...(terms === undefined ? {} : { terms }),
    ...limitOptions(command),
    ...(command.leastPx === undefined ? {} : { leastPx: command.leastPx }),
    ...(command.instances === undefined ? {} : { instances: command.instances }),
  };
  const file = join(command.out, 'detections.json');
  const { model, results, errors } = await eachEncoded(
    inputs,
    command,
    io,
    async (encoded, i, folder, { name }) => {
      const detections: Detection[] = [];
      for await (const one of detectEncoded(encoded, prompts, options)) detections.push(one);
      const picture = overlay(encoded.image, detections.flatMap(overlayLayers), { model: name });
      await writePng(folder.stage(plan[i][0]), picture);
      const { width, height } = encoded;
      return { input: inputs[i], width, height, overlay: plan[i][0], detections };
    },
    shownAs(prompts, {}, terms),
  );
  const coco = cocoOf(prompts, results, model.name);
  if (results.length > 0) await writeFileAtomic(file, `${JSON.stringify(coco)}\n`);
  if (command.json) {
    const images = results.map(({ input, overlay: picture, detections, warnings }) => ({
      input,
      warnings,
      overlay: picture,
      prompts: detections.map(({ answer, separation, instances }) => ({
        text: answer.text,
        concept: answer.concept,
        note: answer.note,
        present: answer.present,
        presence: round(answer.presence, 6),
        reason: answer.reason,
        separation,
        instances: instances.map(({ score, box, areaPx }) => ({ score: round(score, 6), box, area_px: areaPx })),
      })),
    }));
    io.out(`${JSON.stringify({ model, results: images, coco: results.length > 0 ? file : null, errors })}\n`);
  } else printTable(io, results, model.name, file);
  return errors.length === 0 ? 0 : 1;
}
