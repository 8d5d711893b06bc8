/**
 * A small byte-pair vocabulary learned from a corpus: NFKC, lower case, white space collapsed, byte-level alphabet, a
 * space belongs to the word after it (and one is put before the first word). No text can be unknown: all 256 bytes are tokens.
 * Deterministic: the most frequent pair is merged, of equals the first in code-unit order.
 * Ids: start 0, end 1, 256 bytes, merges. The two special tokens cannot be written in a text: they are no added tokens,
 * and the words are split so that their characters never join.
 */
import { BiomedParseError } from '../util/errors.ts';
import { byteCharacters, type TokenizerJson, toByteCharacters } from './tokenizer-bytes.ts';

const START = '<|start|>';
const END = '<|end|>';
/** The words of GPT-2's byte-level stage, as the reader of the file splits them. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** The stages before splitting, as the tokenizer.json names them. */
function normalise(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

interface Word {
  symbols: string[];
  readonly count: number;
}

function countWords(corpus: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of corpus) {
    for (const word of ` ${normalise(text)}`.match(WORDS) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => ({ symbols: [...toByteCharacters(word)], count }));
}

function bestPair(words: readonly Word[]): [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const { symbols, count } of words) {
    for (let i = 1; i < symbols.length; i++) {
      const pair = `${symbols[i - 1]} ${symbols[i]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best = '';
  let most = 1;
  for (const [pair, count] of counts) {
    if (count > most || (count === most && best !== '' && pair < best)) {
      best = pair;
      most = count;
    }
  }
  return best === '' ? undefined : (best.split(' ') as [string, string]);
}

function merge(symbols: readonly string[], [left, right]: readonly [string, string]): string[] {
  const out: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) out.push(left + symbols[++i]);
    else out.push(symbols[i]);
  }
  return out;
}

/** Learns a `tokenizer.json` of at most `vocabularySize` entries (fewer when no pair occurs twice any more). */
export function trainTokenizer(corpus: Iterable<string>, vocabularySize: number): TokenizerJson {
  const smallest = 2 + byteCharacters.length;
  if (!Number.isInteger(vocabularySize) || vocabularySize < smallest) {
    throw new BiomedParseError('usage', `a vocabulary needs at least ${smallest} entries, not ${vocabularySize}`);
  }
  const words = countWords(corpus);
  const merges: [string, string][] = [];
  const tokens = new Set([START, END, ...byteCharacters]);
  while (tokens.size < vocabularySize) {
    const pair = bestPair(words);
    if (pair === undefined) break;
    merges.push(pair);
    tokens.add(pair[0] + pair[1]);
    for (const word of words) if (word.symbols.includes(pair[0])) word.symbols = merge(word.symbols, pair);
  }
  const special = (name: string): object => ({ SpecialToken: { id: name, type_id: 0 } });
  return {
    version: '1.0',
    added_tokens: [],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKC' },
        { type: 'Lowercase' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Strip', strip_left: true, strip_right: true },
      ],
    },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special(START), { Sequence: { id: 'A', type_id: 0 } }, special(END)],
      pair: [special(START), { Sequence: { id: 'A', type_id: 0 } }, special(END)],
      special_tokens: {
        [START]: { id: START, ids: [0], tokens: [START] },
        [END]: { id: END, ids: [1], tokens: [END] },
      },
    },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      unk_token: null,
      end_of_word_suffix: null,
      vocab: Object.fromEntries([...tokens].map((token, id) => [token, id])),
      merges,
    },
  };
}
