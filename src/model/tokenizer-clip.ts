/**
 * CLIP's tokenizer as a `tokenizer.json` object, made from the published list of merges (openai/CLIP,
 * bpe_simple_vocab_16e6): lower case, white space collapsed, byte-level alphabet, `</w>` at the end of a word.
 * Ids: 256 bytes, 256 bytes with `</w>`, 48,894 merges, start 49406, end 49407.
 */
import { BiomedParseError } from '../util/errors.ts';
import { clipByteOrder, type TokenizerJson } from './tokenizer-bytes.ts';

const START = '<|startoftext|>';
const END = '<|endoftext|>';
const SUFFIX = '</w>';
const MERGES = 49152 - 256 - 2;
/** Contractions, runs of letters, single digits, runs of anything else that is not white space. */
const WORDS = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/** CLIP's `tokenizer.json` from the text of its merges file (a comment line, then two symbols a line). */
export function clipTokenizerJson(mergesText: string): TokenizerJson {
  const lines = mergesText.split('\n').slice(1, MERGES + 1);
  const merges = lines.map((line) => line.trim().split(' '));
  if (merges.length !== MERGES || merges.some((pair) => pair.length !== 2)) {
    throw new BiomedParseError('model', `not CLIP's list of merges: ${MERGES} lines of two symbols are needed`);
  }
  const tokens = [...clipByteOrder, ...clipByteOrder.map((character) => character + SUFFIX)];
  for (const [left, right] of merges) tokens.push(left + right);
  tokens.push(START, END);
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return {
    version: '1.0',
    added_tokens: [START, END].map((content) => ({ id: vocab[content], content, special: true })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: WORDS }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: { type: 'RobertaProcessing', sep: [END, vocab[END]], cls: [START, vocab[START]] },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      unk_token: END,
      end_of_word_suffix: SUFFIX,
      vocab,
      merges: merges as unknown as [string, string][],
    },
  };
}
