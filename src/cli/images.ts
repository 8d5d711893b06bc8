/** Encoded images one after another for a command: the model is opened, results of an image are written together, all is freed. */
import type { Device } from '../parse/device.ts';
import type { EncodedImage, Model } from '../parse/segment.ts';
import { eachImage } from './batch.ts';
import { type CliIo, openModel } from './io.ts';
import { type OutputFolder, openOutputFolder } from './output.ts';

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
export async function eachEncoded<T>(
  inputs: readonly string[],
  command: ImagesCommand,
  io: CliIo,
  work: (encoded: EncodedImage, index: number, folder: OutputFolder, model: Model) => Promise<T>,
): Promise<ImagesResult<T>> {
  const folder = await openOutputFolder(command.out);
  let model: Model | undefined;
  try {
    model = await openModel(command, io);
    const opened = model;
    const { results, errors } = await eachImage(io, inputs, async (input, i) => {
      let encoded: EncodedImage | undefined;
      try {
        encoded = await opened.encode(input, { signal: io.signal });
        const result = await work(encoded, i, folder, opened);
        await folder.commit();
        return result;
      } catch (error) {
        await folder.discard();
        throw error;
      } finally {
        encoded?.dispose();
      }
    });
    const { name, parameters, imageSize, device } = model;
    return { model: { name, parameters, image_size: imageSize, device }, results, errors };
  } finally {
    await model?.dispose();
    await folder.close();
  }
}
