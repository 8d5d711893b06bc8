/**
 * `biomedparse fit-rejection <data-root>`: fits the rejection test to a data folder, writes the distributions that
 * `segment --distributions` reads, and prints the false alarms on the held-out part.
 */
import { openDataset } from '../dataset/index.ts';
import { chosenItems } from '../evaluate/evaluate.ts';
import { distributionsFile, type FittedPair, fitRejection, REJECTION_LEVELS } from '../evaluate/fit-rejection.ts';
import { CHANNELS } from '../parse/distributions.ts';
import { makeFolderFor, writeFileAtomic } from '../util/files.ts';
import { type CliIo, type ModelCommand, openModel } from './io.ts';
import { startProgress } from './progress.ts';
import { table } from './table.ts';

export interface FitRejectionCommand extends ModelCommand {
  readonly out: string;
  readonly sets?: readonly string[];
  readonly limit?: number;
  readonly json?: boolean;
}

const percent = (rate: number | undefined): string => (rate === undefined ? '-' : `${(100 * rate).toFixed(1)}%`);

function reportPair(pair: FittedPair): Record<string, unknown> {
  const { imageType, target, fitted, heldOut, falseAlarms, channels, reason } = pair;
  const parameters = channels && Object.fromEntries(CHANNELS.map((channel, i) => [channel, channels[i]]));
  const rates = falseAlarms && Object.fromEntries(REJECTION_LEVELS.map((level, i) => [level, falseAlarms[i]]));
  const counts = { masks: fitted, held_out: heldOut };
  return { image_type: imageType, target, ...counts, distributions: parameters, false_alarms: rates, reason };
}

/** Runs the command; gives the exit status. */
export async function runFitRejection(root: string, command: FitRejectionCommand, io: CliIo): Promise<number> {
  const chosen = command.sets === undefined ? {} : { sets: command.sets };
  const train = await openDataset(root, { split: 'train', ...chosen });
  const test = await openDataset(root, { split: 'test', ...chosen });
  await makeFolderFor(command.out);
  const images = chosenItems(train, command.limit).length + chosenItems(test, command.limit).length;
  const model = await openModel(command, io);
  try {
    const progress = startProgress(io, 'images', images);
    let pairs: FittedPair[];
    try {
      pairs = await fitRejection(model, train, test, {
        signal: io.signal,
        onProgress: (done) => progress.update(done),
        ...(command.limit === undefined ? {} : { limit: command.limit }),
      });
    } finally {
      progress.stop();
    }
    const about = {
      model: model.name,
      data: root,
      statistics: "of the model's own masks of annotated targets, asked as '{target} in {site} {modality}'",
      fitted: 'train split',
      held_out: 'test split',
    };
    await writeFileAtomic(command.out, distributionsFile(pairs, about));
    if (command.json) {
      io.out(`${JSON.stringify({ distributions: command.out, about, pairs: pairs.map(reportPair) })}\n`);
      return 0;
    }
    const rows = pairs.map(({ imageType, target, fitted, heldOut, falseAlarms, reason }) => [
      imageType,
      target,
      String(fitted),
      String(heldOut),
      ...REJECTION_LEVELS.map((_, i) => percent(falseAlarms?.[i])),
      reason ?? '',
    ]);
    const lines = table(
      [
        { title: 'image type', max: 32 },
        { title: 'target', max: 40 },
        { title: 'masks', align: 'right' },
        { title: 'held out', align: 'right' },
        ...REJECTION_LEVELS.map((level) => ({ title: `rejected at ${level}`, align: 'right' as const })),
        { title: 'not fitted' },
      ],
      rows,
    );
    io.out(`${lines.join('\n')}\n\nDistributions are in ${command.out}\n`);
    return 0;
  } finally {
    await model.dispose();
  }
}
