/**
 * The byte-level alphabet of GPT-2 and CLIP: each of the 256 bytes has one printable character, so that any text is a
 * word over this alphabet and no character can be unknown. Also the shape of the `tokenizer.json` files we write.
 */

/** The character of byte b at place b; printable Latin-1 stands for itself, the rest for U+0100 onwards. */
export const byteCharacters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(printable ? byte : next++);
  });
})();

/** The alphabet in the order in which CLIP numbers it: the bytes that stand for themselves first. */
export const clipByteOrder: readonly string[] = [
  ...byteCharacters.filter((character) => character.charCodeAt(0) < 256),
  ...byteCharacters.filter((character) => character.charCodeAt(0) >= 256),
];

/** A text as a word over the alphabet. */
export function toByteCharacters(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => byteCharacters[byte]).join('');
}

/** A byte-pair tokenizer as `tokenizer.json` holds it; the stages keep the file format's own shapes. */
export interface TokenizerJson {
  readonly version: string;
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  readonly normalizer: object;
  readonly pre_tokenizer: object;
  readonly post_processor: object;
  readonly decoder: object;
  readonly model: {
    readonly type: 'BPE';
    readonly unk_token: string | null;
    readonly end_of_word_suffix: string | null;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
  };
}
