/**
 * A folder of Python that holds a network, its losses and a small trainer: the generated model.py beside the files of
 * torch/, start.safetensors (float32), config.json and tokenizer.json, and for a training configuration training.json,
 * sampling.json and items.jsonl. Refused: a target other than torch, no such file or folder (`input`), an output folder that exists (`usage`).
 */
import { existsSync, statSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  fromFloat32,
  readSafetensors,
  type StoredTensor,
  toFloat32,
  writeSafetensors,
} from '../formats/safetensors.ts';
import { type ModelConfig, maskStride } from '../model/config.ts';
import type { ParameterSpec } from '../model/parameters.ts';
import { readModelParts } from '../parse/load.ts';
import { initialValues } from '../train/checkpoint.ts';
import { readTrainingConfig, type TrainingConfig } from '../train/config.ts';
import { openTrainingData, prepareTokenizer } from '../train/run.ts';
import { BiomedParseError } from '../util/errors.ts';
import { makeFolder, readFileChecked, writeFileAtomic } from '../util/files.ts';
import { moduleText } from './module.ts';
import { samplingTable } from './sampling.ts';

export interface ExportResult {
  readonly name: string;
  readonly parameters: number;
  /** Files of the folder, sorted. */
  readonly files: readonly string[];
}

/** The Python files beside this module, in src/ and in dist/. */
const templates = fileURLToPath(new URL('./torch/', import.meta.url));

interface Source {
  readonly config: ModelConfig;
  readonly tokenizer: object;
  /** A model folder to take weights of equal name and shape from. */
  readonly weights: string | undefined;
  readonly training: TrainingConfig | undefined;
  readonly seed: number;
}

/** The configuration, tokenizer and weights that a model folder or a training configuration names. */
async function readSource(path: string): Promise<Source> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new BiomedParseError(
      'input',
      `${path}: no such file or folder; a model folder or a training configuration is needed`,
    );
  }
  if (!stats.isDirectory()) {
    const training = await readTrainingConfig(path);
    const tokenizer = await prepareTokenizer(training, false);
    return { config: training.model, tokenizer, weights: training.startFrom, training, seed: training.seed };
  }
  const { config: given } = await readModelParts(path);
  const config = given as ModelConfig;
  const tokenizer = JSON.parse((await readFileChecked(join(path, 'tokenizer.json'))).toString('utf8'));
  return { config: withoutRegions(config), tokenizer, weights: path, training: undefined, seed: 1 };
}

/** Region prompts are not exported: the configuration says so. */
function withoutRegions(config: ModelConfig): ModelConfig {
  const { regions: _, regionsTrained: __, ...decoder } = config.decoder;
  return { ...config, decoder };
}

/** Weights of a model folder, which have to fit (`model`); of a training configuration its start values, overruled by those of `startFrom`. */
async function startTensors(
  specs: ReadonlyMap<string, ParameterSpec>,
  source: Source,
): Promise<Map<string, StoredTensor>> {
  const { training } = source;
  const stored =
    source.weights === undefined ? undefined : await readSafetensors(join(source.weights, 'model.safetensors'));
  return new Map(
    [...specs].map(([name, spec]) => {
      const taken = stored?.tensors.get(name);
      const fits = taken !== undefined && taken.shape.join() === spec.shape.join();
      if (!fits && training === undefined) {
        const found = taken === undefined ? 'is missing' : `has shape [${taken.shape.join(', ')}]`;
        const message = `${source.weights}: weights do not fit the configuration: ${name} ${found}, needs [${spec.shape.join(', ')}]`;
        throw new BiomedParseError('model', message, { name });
      }
      const values = fits ? toFloat32(taken) : initialValues(name, spec, source.seed);
      return [name, fromFloat32(values, [...spec.shape], 'F32')];
    }),
  );
}

/** Exports a model folder or a training configuration to a new folder `out`. */
export async function exportTorch(path: string, out: string): Promise<ExportResult> {
  const source = await readSource(path);
  const { config, tokenizer, training } = source;
  if (existsSync(out)) throw new BiomedParseError('usage', `${out} exists; name a folder that does not`, { out });
  const { text, specs } = moduleText(config);
  const sampling =
    training && samplingTable(await openTrainingData(training), tokenizer, maskStride(config.pixelDecoder));
  const target = resolve(out);
  await makeFolder(dirname(target));
  const staging = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  await makeFolder(staging);
  try {
    const write = (name: string, content: string): Promise<void> => writeFileAtomic(join(staging, name), content);
    const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
    for (const name of (await readdir(templates)).filter((file) => file.endsWith('.py'))) {
      await write(name, await readFile(join(templates, name), 'utf8'));
    }
    await write('model.py', text);
    await write('config.json', json(config));
    await write('tokenizer.json', `${JSON.stringify(tokenizer)}\n`);
    if (training !== undefined && sampling !== undefined) {
      await write('training.json', json(training));
      await write('sampling.json', `${JSON.stringify(sampling.table)}\n`);
      await write('items.jsonl', sampling.items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    }
    const metadata = { format: 'biomedparse', model: JSON.stringify(config) };
    await writeSafetensors(join(staging, 'start.safetensors'), await startTensors(specs, source), metadata);
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  const sizes = [...specs.values()].map(({ shape }) => shape.reduce((n, side) => n * side, 1));
  const parameters = sizes.reduce((a, b) => a + b, 0);
  return { name: config.name, parameters, files: (await readdir(target)).sort() };
}
