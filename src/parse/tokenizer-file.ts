/**
 * A tokenizer from the file that its makers publish: a `tokenizer.json`, or CLIP's list of merges (`merges.txt`,
 * `bpe_simple_vocab_16e6.txt`), each also gzipped. Refuses (`input`) anything else, and more than 64 MB.
 */
import { gunzipSync } from 'node:zlib';
import { clipTokenizerJson, createTokenizer } from '../model/tokenizer.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';

const MAX_BYTES = 1 << 26;

/** The `tokenizer.json` object of a file, checked against the text encoder it is for. */
export async function readTokenizerFile(
  path: string,
  text: { readonly vocabulary: number; readonly contextLength: number },
): Promise<object> {
  const refuse = (reason: string, cause?: unknown): never => {
    const message = `${path} is no tokenizer: ${reason}; allowed: tokenizer.json or CLIP's list of merges, also gzipped`;
    throw new BiomedParseError('input', message, { path }, cause);
  };
  const raw = await readFileChecked(path);
  let content = '';
  try {
    const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw, { maxOutputLength: MAX_BYTES }) : raw;
    content = bytes.toString('utf8');
  } catch (error) {
    refuse(errorLine(error), error);
  }
  if (content.length > MAX_BYTES) refuse(`it has more than ${MAX_BYTES} characters`);
  let json: object = {};
  let vocabulary = 0;
  try {
    json = content.trimStart().startsWith('{') ? JSON.parse(content) : clipTokenizerJson(content);
    ({ vocabulary } = createTokenizer(json, text));
  } catch (error) {
    refuse(errorLine(error), error);
  }
  if (vocabulary !== text.vocabulary) {
    refuse(`it has ${vocabulary} tokens, the checkpoint ${text.vocabulary}`);
  }
  return json;
}
