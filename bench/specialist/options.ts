/** Options of the two commands. */
import { parseArgs } from 'node:util';
import { BiomedParseError } from '../../src/util/errors.ts';

/** One set of each of six modalities, with enough training images for a model of its own. */
export const defaultSets = [
  'jsrt-chest',
  'isic2017-lesion',
  'hc18-fetal-head',
  'glas-colon-glands',
  'acdc-cardiac',
  'kvasir-polyp',
];

export interface SpecialistOptions {
  readonly root: string;
  readonly sets: readonly string[];
  readonly output: string;
  readonly steps: number;
  readonly seed: number;
  /** Sets trained at the same time, one process of one thread each. */
  readonly parallel: number;
  /** Folder of the one model that the specialists are compared with; the shipped one when left out. */
  readonly model?: string;
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new BiomedParseError('usage', `--${option} is ${text}; allowed: whole numbers from ${least}`, { option });
}

/** Reads `<data-root>` and options; refuses (`usage`) what is unknown or out of range. */
export function readOptions(argv: readonly string[]): SpecialistOptions {
  const read = () => {
    try {
      return parseArgs({
        args: [...argv],
        allowPositionals: true,
        options: {
          sets: { type: 'string', default: defaultSets.join(',') },
          output: { type: 'string', default: 'runs/specialist' },
          steps: { type: 'string', default: '2600' },
          seed: { type: 'string', default: '1' },
          parallel: { type: 'string', default: '2' },
          model: { type: 'string' },
        },
      });
    } catch (cause) {
      throw new BiomedParseError('usage', (cause as Error).message, {}, cause);
    }
  };
  const { values, positionals } = read();
  const [root, ...more] = positionals;
  if (root === undefined || more.length > 0) {
    throw new BiomedParseError('usage', `one data folder is needed, got ${positionals.length}`, {});
  }
  return {
    ...{ root, sets: values.sets.split(','), output: values.output },
    ...{ steps: count('steps', values.steps, 1), seed: count('seed', values.seed, 0) },
    parallel: count('parallel', values.parallel, 1),
    ...(values.model === undefined ? {} : { model: values.model }),
  };
}
