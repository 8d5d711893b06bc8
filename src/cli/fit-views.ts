/** `biomedparse fit-views <data-root>`: fits what tells kinds of image apart and writes it into a model folder as views.json. */
import { join } from 'node:path';
import { openDataset } from '../dataset/index.ts';
import { chosenItems } from '../evaluate/evaluate.ts';
import { fitViews, viewAccuracy, viewSamples } from '../evaluate/fit-views.ts';
import { writeFileAtomic } from '../util/files.ts';
import { type CliIo, type ModelCommand, openModel } from './io.ts';
import { startProgress } from './progress.ts';

export interface FitViewsCommand extends ModelCommand {
  readonly model: string;
  readonly sets?: readonly string[];
  readonly limit?: number;
  readonly json?: boolean;
}

/** Runs the command; gives the exit status. */
export async function runFitViews(root: string, command: FitViewsCommand, io: CliIo): Promise<number> {
  const { limit } = command;
  const chosen = command.sets === undefined ? {} : { sets: command.sets };
  const [train, test] = [
    await openDataset(root, { split: 'train', ...chosen }),
    await openDataset(root, { split: 'test', ...chosen }),
  ];
  const trainImages = chosenItems(train, limit).length;
  const model = await openModel(command, io);
  try {
    const progress = startProgress(io, 'images', trainImages + chosenItems(test, limit).length);
    const options = { signal: io.signal, ...(limit === undefined ? {} : { limit }) };
    try {
      const fitted = await viewSamples(model, train, { ...options, onProgress: (done) => progress.update(done) });
      const held = await viewSamples(model, test, {
        ...options,
        onProgress: (done) => progress.update(trainImages + done),
      });
      progress.stop();
      const classifier = fitViews(fitted);
      const file = join(command.model, 'views.json');
      await writeFileAtomic(file, `${JSON.stringify(classifier)}\n`);
      const accuracy = { train: viewAccuracy(classifier, fitted), test: viewAccuracy(classifier, held) };
      const counts = { train: fitted.length, test: held.length };
      if (command.json) io.out(`${JSON.stringify({ views: classifier.views, images: counts, accuracy, file })}\n`);
      else {
        const line = (split: 'train' | 'test'): string =>
          `${split}: modality ${accuracy[split].modality.toFixed(3)}, modality and site ${accuracy[split].view.toFixed(3)} right of ${counts[split]} images`;
        io.out(`${classifier.views.length} kinds of image\n${line('train')}\n${line('test')}\nWritten to ${file}\n`);
      }
    } finally {
      progress.stop();
    }
    return 0;
  } finally {
    await model.dispose();
  }
}
