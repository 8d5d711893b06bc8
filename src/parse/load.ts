/**
 * Opening a model directory: `config.json` (the network and its operating point), `model.safetensors` (float32 or
 * float16 weights) and `tokenizer.json`. Refuses with a one-line `model` error: a missing or unreadable part, a wrong
 * field of the configuration, a damaged weight file; tensors that do not fit the configuration are named by the runtime.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createTokenizer } from '../model/tokenizer.ts';
import { openNetwork } from '../runtime/open.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';
import { checkModelSettings } from './config.ts';
import { checkDevice, type Device } from './device.ts';
import { packageRoot } from './package-root.ts';
import { createModel, type Model } from './segment.ts';
import { readWeights } from './weights.ts';

/** The shipped model's folder. */
export const defaultModelDirectory = join(packageRoot, 'models', 'default');

export interface LoadOptions {
  /** Where to run (default `cpu`); a device that is not there falls back to `cpu` with a message. */
  readonly device?: Device;
  /** Threads of one operator, 1 to 256 (default: ONNX Runtime's choice, one per core). */
  readonly threads?: number;
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

/** Opens a model directory (default: the shipped model); free it with `dispose`. */
export async function loadModel(directory: string = defaultModelDirectory, options: LoadOptions = {}): Promise<Model> {
  checkDevice(options.device, options.threads);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new BiomedParseError('model', `No model folder ${directory}; a folder with ${PARTS} is needed`, {
      directory,
    });
  }
  const weightFile = join(directory, 'model.safetensors');
  try {
    const settings = checkModelSettings(await readJson(join(directory, 'config.json')), join(directory, 'config.json'));
    const tokenizerFile = join(directory, 'tokenizer.json');
    const tokenizer = createTokenizer(await readJson(tokenizerFile), { contextLength: settings.text.contextLength });
    const weights = await readWeights(weightFile);
    const network = await openNetwork(settings, weights, { ...options, weightFolder: directory });
    return createModel(network, tokenizer, settings);
  } catch (error) {
    if (error instanceof BiomedParseError && (error.code === 'model' || error.code === 'input'))
      throw modelError(error);
    throw error;
  }
}
