/** Options of a language model's endpoint, as commands share them; its key comes from BIOMEDPARSE_LLM_KEY alone. */
import { join } from 'node:path';
import type { BatchOptions, Price } from '../curate/ask/batches.ts';
import { completionsUrl } from '../curate/ask/endpoint.ts';
import { cacheFolder } from '../util/cache-folder.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { CliIo } from './io.ts';

/** Values of the options, as commander spells them. */
export interface LlmCommand {
  readonly llmUrl?: string;
  readonly llmModel?: string;
  readonly llmPrice?: Price;
  readonly llmCache?: string;
}

/** How the endpoint is asked; `undefined` where none is named. Refuses (`usage`) half of a name, and what goes with one. */
export function llmOptions(command: LlmCommand, io: CliIo): (BatchOptions & { readonly model: string }) | undefined {
  const { llmUrl: url, llmModel: model, llmPrice: price, llmCache: cache = join(cacheFolder(), 'llm') } = command;
  if ((url === undefined) !== (model === undefined)) {
    throw new BiomedParseError('usage', '--llm-url and --llm-model go together');
  }
  if (url === undefined && (price !== undefined || command.llmCache !== undefined)) {
    throw new BiomedParseError('usage', '--llm-price and --llm-cache go with --llm-url and --llm-model');
  }
  if (url === undefined || model === undefined) return undefined;
  completionsUrl(url); // refused before anything is done
  const key = process.env.BIOMEDPARSE_LLM_KEY;
  if (key && !/^[\x21-\x7e]+$/.test(key)) {
    throw new BiomedParseError(
      'usage',
      'BIOMEDPARSE_LLM_KEY holds no key: letters, digits and signs without blanks are allowed',
    );
  }
  return {
    ...{ url, model, cache, signal: io.signal, log: (line: string) => io.err(`${line}\n`) },
    ...(key ? { key } : {}),
    ...(price === undefined ? {} : { price }),
  };
}
