/**
 * Opening a model directory: `config.json` (the network and its operating point), `model.safetensors` (float32 or
 * float16 weights) and `tokenizer.json`. Refuses with a one-line `model` error: a missing or unreadable part, a wrong
 * field of the configuration, a damaged weight file; tensors that do not fit the configuration are named by the runtime.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createTokenizer, type VocabularyTokenizer } from '../model/tokenizer.ts';
import { openNetwork } from '../runtime/open.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';
import { checkModelSettings, type ModelSettings } from './config.ts';
import { checkRunOptions, type RunOptions } from './device.ts';
import { packageRoot } from './package-root.ts';
import { createModel, type Model } from './segment.ts';
import { checkViewClassifier, type ViewClassifier } from './views.ts';
import { readWeights } from './weights.ts';

/** The shipped model's folder. */
export const defaultModelDirectory = join(packageRoot, 'models', 'default');

export interface LoadOptions extends RunOptions {
  /** Receives what the user should know, such as a fall-back; one line each. */
  readonly onMessage?: (line: string) => void;
}

const PARTS = 'config.json, model.safetensors and tokenizer.json';

/** A problem with one file of the model, told as the model's. */
function modelError(error: unknown): BiomedParseError {
  return new BiomedParseError(
    'model',
    errorLine(error),
    error instanceof BiomedParseError ? { ...error.fields } : {},
    error,
  );
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readFileChecked(file);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new BiomedParseError('model', `${file} is not valid JSON (${errorLine(error)})`, { file }, error);
  }
}

/** What a model directory says besides its weights: checked settings, config.json as it is, tokenizer. */
export interface ModelParts {
  readonly settings: ModelSettings;
  readonly config: unknown;
  readonly tokenizer: VocabularyTokenizer;
  /** What tells kinds of image apart; null where the folder has no views.json. */
  readonly views: ViewClassifier | null;
}

/** Reads configuration and tokenizer of a model directory. */
export async function readModelParts(directory: string): Promise<ModelParts> {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new BiomedParseError('model', `No model folder ${directory}; a folder with ${PARTS} is needed`, {
      directory,
    });
  }
  const configFile = join(directory, 'config.json');
  return asModelError(async () => {
    const config = await readJson(configFile);
    const settings = checkModelSettings(config, configFile);
    const json = await readJson(join(directory, 'tokenizer.json'));
    const viewsFile = join(directory, 'views.json');
    const hasViews = statSync(viewsFile, { throwIfNoEntry: false }) !== undefined;
    const views = hasViews
      ? checkViewClassifier(await readJson(viewsFile), 2 * settings.pixelDecoder.maskDim, viewsFile)
      : null;
    return {
      settings,
      config,
      views,
      tokenizer: createTokenizer(json, { contextLength: settings.text.contextLength }),
    };
  });
}

/** Runs the reading of a model's file; what is wrong with the file is told as the model's mistake. */
export async function asModelError<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof BiomedParseError && (error.code === 'model' || error.code === 'input'))
      throw modelError(error);
    throw error;
  }
}

/** Opens a model directory (default: the shipped model); free it with `dispose`. */
export async function loadModel(directory: string = defaultModelDirectory, options: LoadOptions = {}): Promise<Model> {
  checkRunOptions(options);
  const { settings, tokenizer, views } = await readModelParts(directory);
  return asModelError(async () => {
    const { weights, folder } = await readWeights(join(directory, 'model.safetensors'));
    const network = await openNetwork(settings, weights, { ...options, weightFolder: folder });
    return createModel(network, tokenizer, settings, { directory, views, flips: options.flips ?? false });
  });
}
