/**
 * `biomedparse calibrate <data-root>`: temperature and presence thresholds of a model, measured on held-out subjects of the
 * train splits and written into the model's config.json.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holdOut, openDataset } from '../dataset/index.ts';
import { calibrate, type PresenceScore, presenceLoss, presenceScores } from '../evaluate/calibrate.ts';
import { chosenItems } from '../evaluate/evaluate.ts';
import { BiomedParseError } from '../util/errors.ts';
import { writeFileAtomic } from '../util/files.ts';
import { type CliIo, type ModelCommand, openModel } from './io.ts';
import { startProgress } from './progress.ts';
import { table } from './table.ts';

export interface CalibrateCommand extends ModelCommand {
  readonly model: string;
  readonly holdOut: number;
  readonly falseAlarms: number;
  readonly sets?: readonly string[];
  readonly limit?: number;
  readonly json?: boolean;
}

/** Runs the command; gives the exit status. */
export async function runCalibrate(root: string, command: CalibrateCommand, io: CliIo): Promise<number> {
  const { sets, limit } = command;
  if (command.falseAlarms <= 0 || command.falseAlarms >= 1) {
    const message = `--false-alarms is ${command.falseAlarms}; allowed: above 0, below 1`;
    throw new BiomedParseError('usage', message, { falseAlarms: command.falseAlarms });
  }
  const train = await openDataset(root, { split: 'train', ...(sets === undefined ? {} : { sets }) });
  const dataset = await holdOut(train, command.holdOut, 'held out');
  const model = await openModel(command, io);
  let scores: PresenceScore[];
  try {
    const progress = startProgress(io, 'images', chosenItems(dataset, limit).length);
    try {
      scores = await presenceScores(model, dataset, {
        signal: io.signal,
        onProgress: (done) => progress.update(done),
        ...(limit === undefined ? {} : { limit }),
      });
    } finally {
      progress.stop();
    }
  } finally {
    await model.dispose();
  }
  const found = calibrate(scores, command.falseAlarms);
  const counts = {
    present: scores.filter(({ present }) => present).length,
    absent: scores.filter(({ present }) => !present).length,
  };
  const about = { hold_out: command.holdOut, images: chosenItems(dataset, limit).length, ...counts };
  const file = join(command.model, 'config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFileAtomic(file, `${JSON.stringify({ ...config, presence: { ...found, about } }, null, 2)}\n`);
  const loss = [presenceLoss(scores, 1), presenceLoss(scores, found.temperature)];
  if (command.json) {
    io.out(`${JSON.stringify({ ...found, about, loss: { before: loss[0], after: loss[1] } })}\n`);
    return 0;
  }
  const right = { align: 'right' } as const;
  const rows = Object.entries(found.thresholds).map(([name, limits]) => [name, ...limits.map((one) => one.toFixed(3))]);
  const titles = found.falseAlarmRates.map((rate) => ({ title: `${Number((100 * rate).toFixed(2))} %`, ...right }));
  io.out(
    [
      `Presence thresholds by rate of false alarms, from ${counts.absent} absent and ${counts.present} present prompts in ${about.images} images`,
      ...table([{ title: 'modality' }, ...titles], rows),
      '',
      `Temperature ${found.temperature.toFixed(3)}: mean negative log-likelihood ${loss[0].toFixed(3)} before, ${loss[1].toFixed(3)} after`,
      `Written to ${file}; in use: ${found.falseAlarmRate}`,
      '',
    ].join('\n'),
  );
  return 0;
}
