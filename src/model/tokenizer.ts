/**
 * Text to token ids, by a `tokenizer.json` object of the byte-pair kind; the reading is done by @huggingface/tokenizers.
 * Ids come with the start and the end id round them; a longer text keeps its first contextLength - 2 tokens.
 * Refuses with a `model` error: an object that is no such tokenizer, or that does not name its start and end tokens.
 */
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { BiomedParseError } from '../util/errors.ts';

/** What the text encoder needs of a tokenizer. */
export interface Tokenizer {
  /** Token ids of a text, start and end included; at least 2, at most `contextLength`. */
  encode(text: string): number[];
}

/** A tokenizer together with what the model's configuration is made from. */
export interface VocabularyTokenizer extends Tokenizer {
  /** Number of token ids: the largest id + 1. */
  readonly vocabulary: number;
  readonly start: number;
  readonly end: number;
}

export interface TokenizerOptions {
  /** Most ids of one text, start and end included; at least 3. */
  readonly contextLength: number;
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function refuse(reason: string, cause?: unknown): never {
  throw new BiomedParseError('model', `tokenizer.json: ${reason}`, {}, cause);
}

/** The names of the tokens before and after a text, from a `TemplateProcessing` or a `RobertaProcessing` stage. */
function borderTokens(stage: unknown): [string, string] {
  if (isObject(stage) && Array.isArray(stage.single)) {
    const names = stage.single.map((part) =>
      isObject(part) && isObject(part.SpecialToken) ? part.SpecialToken.id : '',
    );
    if (names.length === 3 && names[1] === '') return [String(names[0]), String(names[2])];
  }
  if (isObject(stage) && Array.isArray(stage.cls) && Array.isArray(stage.sep)) {
    return [String(stage.cls[0]), String(stage.sep[0])];
  }
  refuse(
    'its post_processor names no start and end token; allowed: TemplateProcessing of three parts, RobertaProcessing',
  );
}

/** The tokenizer that a parsed `tokenizer.json` describes. */
export function createTokenizer(json: unknown, options: TokenizerOptions): VocabularyTokenizer {
  const { contextLength } = options;
  if (!Number.isInteger(contextLength) || contextLength < 3) {
    throw new BiomedParseError('usage', `the context length must be an integer of at least 3, not ${contextLength}`);
  }
  if (!isObject(json) || !isObject(json.model) || json.model.type !== 'BPE' || !isObject(json.model.vocab)) {
    refuse('not a byte-pair tokenizer (no model of type BPE with a vocab)');
  }
  const added = Array.isArray(json.added_tokens) ? json.added_tokens : refuse('added_tokens is not a list');
  const ids = new Map(Object.entries(json.model.vocab as Record<string, number>));
  for (const token of added) if (isObject(token)) ids.set(String(token.content), Number(token.id));
  const [start, end] = borderTokens(json.post_processor).map(
    (name) => ids.get(name) ?? refuse(`the token ${name} of its post_processor has no id`),
  );
  let vocabulary = 0;
  for (const id of ids.values()) {
    if (!Number.isInteger(id) || id < 0) refuse(`a token has the id ${id}; allowed: whole numbers from 0`);
    vocabulary = Math.max(vocabulary, id + 1);
  }
  const hub = openHub(json);
  return {
    vocabulary,
    start,
    end,
    encode: (text) => {
      const inner = hub.encode(text, { add_special_tokens: false }).ids;
      return [start, ...inner.slice(0, contextLength - 2), end];
    },
  };
}

function openHub(json: Fields): HubTokenizer {
  try {
    return new HubTokenizer(json, {});
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error), error);
  }
}

export { clipTokenizerJson } from './tokenizer-clip.ts';
export { trainTokenizer } from './tokenizer-train.ts';
