/** What may be asked in one call: 1 to 256 texts, each of 1 to 1,000 characters that are not all blank. */
import { BiomedParseError } from '../util/errors.ts';

export const MAX_PROMPTS = 256;
export const MAX_PROMPT_LENGTH = 1000;

/** The prompts, trimmed; throws a `usage` error that names the offending one and the limit. */
export function checkPrompts(prompts: readonly string[]): string[] {
  if (!Array.isArray(prompts) || prompts.length === 0) {
    throw new BiomedParseError('usage', `No prompt given; 1 to ${MAX_PROMPTS} texts are allowed`);
  }
  if (prompts.length > MAX_PROMPTS) {
    throw new BiomedParseError(
      'usage',
      `${prompts.length} prompts given; at most ${MAX_PROMPTS} are allowed in one call`,
      {
        count: prompts.length,
      },
    );
  }
  return prompts.map((prompt, index) => {
    const at = prompts.length === 1 ? 'The prompt' : `Prompt ${index + 1} of ${prompts.length}`;
    if (typeof prompt !== 'string') {
      throw new BiomedParseError('usage', `${at} must be a text, got ${typeof prompt}`, { index });
    }
    const text = prompt.trim();
    if (text === '') {
      throw new BiomedParseError(
        'usage',
        `${at} is empty; name an object, for example "left lung" (1 to ${MAX_PROMPT_LENGTH} characters)`,
        { index },
      );
    }
    if (text.length > MAX_PROMPT_LENGTH) {
      throw new BiomedParseError(
        'usage',
        `${at} has ${text.length} characters; at most ${MAX_PROMPT_LENGTH} are allowed ("${text.slice(0, 30)}...")`,
        { index, length: text.length },
      );
    }
    return text;
  });
}
