/**
 * One image after another for a command: progress, an image that fails is reported and the others go on, and the model is
 * freed at the end.
 */
import type { Device } from '../parse/device.ts';
import type { EncodedImage, Model } from '../parse/segment.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import type { CliIo } from './io.ts';
import { type OutputFolder, openOutputFolder } from './output.ts';
import { startProgress } from './progress.ts';

/** Values of the options that every command on images has. */
export interface ImagesCommand {
  readonly out: string;
  readonly model?: string;
  readonly device?: Device;
  readonly threads?: number;
}

export interface ImagesResult<T> {
  readonly model: {
    readonly name: string;
    readonly parameters: number;
    readonly image_size: number;
    readonly device: string;
  };
  readonly results: readonly T[];
  readonly errors: readonly { readonly input: string; readonly error: string }[];
}

/** Runs `work` on every input; results of one image are written together or not at all. */
export async function eachImage<T>(
  inputs: readonly string[],
  command: ImagesCommand,
  io: CliIo,
  work: (encoded: EncodedImage, index: number, folder: OutputFolder, model: Model) => Promise<T>,
): Promise<ImagesResult<T>> {
  const folder = await openOutputFolder(command.out);
  let model: Model | undefined;
  try {
    model = await io.loadModel(command.model, {
      onMessage: (line) => io.err(`${line}\n`),
      ...(command.device === undefined ? {} : { device: command.device }),
      ...(command.threads === undefined ? {} : { threads: command.threads }),
    });
    const results: T[] = [];
    const errors: { input: string; error: string }[] = [];
    const progress = inputs.length > 1 ? startProgress(io, 'images', inputs.length) : null;
    try {
      for (const [i, input] of inputs.entries()) {
        let encoded: EncodedImage | undefined;
        try {
          encoded = await model.encode(input, { signal: io.signal });
          results.push(await work(encoded, i, folder, model));
          await folder.commit();
        } catch (error) {
          await folder.discard();
          io.signal.throwIfAborted();
          if (error instanceof BiomedParseError && error.code === 'usage') throw error;
          errors.push({ input, error: errorLine(error) });
          const line = `biomedparse: ${errorLine(error)}`;
          if (progress === null) io.err(`${line}\n`);
          else progress.message(line);
        } finally {
          encoded?.dispose();
        }
        progress?.update(i + 1);
      }
    } finally {
      progress?.stop();
    }
    const { name, parameters, imageSize, device } = model;
    return { model: { name, parameters, image_size: imageSize, device }, results, errors };
  } finally {
    await model?.dispose();
    await folder.close();
  }
}
