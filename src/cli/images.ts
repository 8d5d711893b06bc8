/** Inputs one after another for a command: the model is opened, results of an input are written together, all is freed. */
import type { EncodedImage, Model, SegmentOptions } from '../parse/segment.ts';
import { type BatchResult, eachImage } from './batch.ts';
import { type CliIo, type ModelCommand, type ModelReport, openModel, reportModel } from './io.ts';
import { type OutputFolder, openOutputFolder } from './output.ts';
import type { Warned } from './warnings.ts';

/** Values of the options that every command on images has. */
export interface ImagesCommand extends ModelCommand {
  readonly out: string;
}

export interface ImagesResult<T> extends BatchResult<T> {
  readonly model: ModelReport;
}

/** Runs `work`, which commits what it wrote, on every input; `quiet` leaves the progress to it. */
export async function eachInput<T>(
  inputs: readonly string[],
  command: ImagesCommand,
  io: CliIo,
  work: (model: Model, input: string, index: number, folder: OutputFolder) => Promise<T>,
  quiet = false,
): Promise<ImagesResult<T>> {
  const folder = await openOutputFolder(command.out);
  let model: Model | undefined;
  try {
    model = await openModel(command, io);
    const opened = model;
    const oneInput = async (input: string, index: number): Promise<T> => {
      try {
        return await work(opened, input, index, folder);
      } catch (error) {
        await folder.discard();
        throw error;
      }
    };
    const batch = await eachImage(io, inputs, oneInput, quiet);
    return { model: reportModel(model), ...batch };
  } finally {
    await model?.dispose();
    await folder.close();
  }
}

/** Runs `work` on every encoded image; results of one image are written together or not at all, and carry the image's warnings. */
export async function eachEncoded<T>(
  inputs: readonly string[],
  command: ImagesCommand,
  io: CliIo,
  work: (encoded: EncodedImage, index: number, folder: OutputFolder, model: Model) => Promise<T>,
  options: SegmentOptions = {},
): Promise<ImagesResult<T & Warned>> {
  return eachInput(inputs, command, io, async (model, input, index, folder) => {
    const encoded = await model.encode(input, { signal: io.signal, ...options });
    try {
      const result = await work(encoded, index, folder, model);
      await folder.commit();
      return { ...result, warnings: encoded.warnings };
    } finally {
      encoded.dispose();
    }
  });
}
