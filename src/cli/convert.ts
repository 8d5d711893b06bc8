/** `biomedparse convert`: a published checkpoint to a model folder; a summary or JSON on standard output. */
import { parseYaml } from '../formats/yaml.ts';
import { checkSettingName, settingsOfTree } from '../model/published-settings.ts';
import { type Converted, type ConvertOptions, convertCheckpoint } from '../parse/convert.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';
import type { CliIo } from './io.ts';
import { startProgress } from './progress.ts';

/** Values of the options that `convert` and `pull` share. */
export interface ConversionCommand {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly imageSize?: number;
  readonly dtype?: 'f32' | 'f16';
  readonly json?: boolean;
}

export interface ConvertCommand extends ConversionCommand {
  readonly out: string;
  readonly merges: string;
}

/** The settings of `--config`, overruled by those of `--set`. */
export async function readSettings(command: ConversionCommand): Promise<Map<string, unknown>> {
  const file = command.config;
  const tree = file === undefined ? undefined : parseYaml((await readFileChecked(file)).toString('utf8'), file);
  const settings = settingsOfTree(tree);
  if (file !== undefined && settings.size === 0) {
    throw new BiomedParseError(
      'input',
      `--config ${file} says nothing of the network; allowed: the published YAML, with MODEL, INPUT or both`,
      { file },
    );
  }
  for (const given of command.set ?? []) {
    const at = given.indexOf('=');
    if (at < 1) {
      throw new BiomedParseError(
        'usage',
        `--set ${JSON.stringify(given)}: allowed: NAME=VALUE, such as MODEL.DECODER.NHEADS=8`,
      );
    }
    const name = given.slice(0, at).trim();
    checkSettingName(name);
    settings.set(name, parseYaml(given.slice(at + 1), `--set ${name}`));
  }
  return settings;
}

/** What the shared options mean for a conversion. */
export async function conversionOptions(command: ConversionCommand): Promise<Omit<ConvertOptions, 'tokenizer'>> {
  const { imageSize } = command;
  if (imageSize !== undefined && imageSize % 32 !== 0) {
    throw new BiomedParseError('usage', `--image-size ${imageSize}: allowed: a multiple of 32 from 32 to 4096`);
  }
  return {
    settings: await readSettings(command),
    ...(imageSize === undefined ? {} : { imageSize }),
    ...(command.dtype === undefined ? {} : { dtype: command.dtype }),
  };
}

/** Converts with progress on standard error and the summary on standard output. */
export async function convertWithProgress(
  checkpoint: string,
  out: string,
  options: ConvertOptions,
  command: ConversionCommand,
  io: CliIo,
): Promise<void> {
  let progress: ReturnType<typeof startProgress> | undefined;
  let converted: Converted;
  try {
    converted = await convertCheckpoint(checkpoint, out, {
      ...options,
      signal: io.signal,
      onProgress: (done, total) => {
        progress ??= startProgress(io, 'tensors', total);
        progress.update(done);
      },
    });
  } finally {
    progress?.stop();
  }
  const { provenance, kept, skipped, config } = converted;
  if (command.json) {
    io.out(`${JSON.stringify({ model: out, name: config.name, tensors: kept, skipped, provenance })}\n`);
    return;
  }
  io.out(
    [
      `${out}: ${config.name}, ${kept} tensors, image size ${config.imageSize}`,
      `left out, as nothing reads them: ${skipped.length === 0 ? 'none' : skipped.join(', ')}`,
      `source ${provenance.source} (${provenance.format}), SHA-256 ${provenance.sha256}`,
      '',
    ].join('\n'),
  );
}

/** Runs the command; gives the exit status. */
export async function runConvert(checkpoint: string, command: ConvertCommand, io: CliIo): Promise<number> {
  const options = { ...(await conversionOptions(command)), tokenizer: command.merges };
  await convertWithProgress(checkpoint, command.out, options, command, io);
  return 0;
}
