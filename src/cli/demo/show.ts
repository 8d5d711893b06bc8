/** One demonstration: every example is segmented, shown as rows of a table and as one overlay with all that was found. */
import { basename } from 'node:path';
import { dice } from '../../evaluate/metrics.ts';
import { writePng } from '../../formats/raster.ts';
import { overlay } from '../../image/overlay.ts';
import type { Mask } from '../../image/types.ts';
import type { Device } from '../../parse/device.ts';
import type { Segmentation } from '../../parse/segment.ts';
import { NOTICE } from '../../util/notice.ts';
import { type CliIo, openModel } from '../io.ts';
import { overlayLayer } from '../layer.ts';
import { planFiles } from '../names.ts';
import { openOutputFolder } from '../output.ts';
import { fileColumn, table } from '../table.ts';

/** What to ask of one image, and the truth where it is known. */
export interface Question {
  readonly text: string;
  /** The known mask, empty if the object is not in the image; left out if the truth is unknown. */
  readonly truth?: Mask;
}

/** An image file and the questions to it. */
export interface Example {
  readonly file: string;
  readonly questions: readonly Question[];
}

export interface DemoOptions {
  readonly out: string;
  readonly model?: string;
  readonly device?: Device;
  readonly threads?: number;
}

const isEmpty = (mask: Mask): boolean => !mask.data.includes(1);

/** The Dice cell: a figure for what is in the image, words for what is not, nothing where the truth is unknown. */
function truthCell(found: Segmentation, truth: Mask | undefined): string {
  if (truth === undefined) return '';
  if (isEmpty(truth)) return found.present ? 'not in the image!' : 'rightly refused';
  return dice(found.mask, truth).toFixed(3);
}

/** Segments the examples and prints the table. */
export async function showExamples(examples: readonly Example[], options: DemoOptions, io: CliIo): Promise<void> {
  const folder = await openOutputFolder(options.out);
  const files = examples.map((example) => example.file);
  // The plan gives each image one overlay of its own name, whatever the examples are called.
  const plan = planFiles(options.out, files, ['all']);
  const known = examples.some((example) => example.questions.some((question) => question.truth !== undefined));
  try {
    const model = await openModel(options, io);
    try {
      const rows: string[][] = [];
      for (const [i, { file, questions }] of examples.entries()) {
        const encoded = await model.encode(file, { signal: io.signal });
        const found: Segmentation[] = [];
        try {
          const prompts = questions.map((question) => question.text);
          for await (const one of encoded.segment(prompts, { signal: io.signal })) found.push(one);
        } finally {
          encoded.dispose();
        }
        await writePng(
          folder.stage(plan[i].prompts[0].overlay),
          overlay(encoded.image, found.map(overlayLayer), { model: model.name }),
        );
        await folder.commit();
        for (const [j, one] of found.entries()) {
          rows.push([
            basename(file),
            one.text,
            one.present ? 'yes' : 'no',
            one.presence.toFixed(3),
            one.present ? one.probability.toFixed(3) : '-',
            `${(100 * one.areaFraction).toFixed(2)}%`,
            ...(known ? [truthCell(one, questions[j].truth)] : []),
          ]);
        }
      }
      const lines = table(
        [
          fileColumn('image', 60),
          { title: 'prompt', max: 48 },
          { title: 'present' },
          { title: 'presence', align: 'right' },
          { title: 'probability', align: 'right' },
          { title: 'area', align: 'right' },
          ...(known ? [{ title: 'Dice against the known mask' }] : []),
        ],
        rows,
      );
      const size = `${(model.parameters / 1e6).toFixed(1)} M parameters, ${model.imageSize} x ${model.imageSize} pixels`;
      io.out(
        `${lines.join('\n')}\n\nOverlays are in ${options.out}\nModel ${model.name} (${size}) on ${model.device}. ${NOTICE}\n`,
      );
    } finally {
      await model.dispose();
    }
  } finally {
    await folder.close();
  }
}
