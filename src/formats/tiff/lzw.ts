/**
 * LZW as TIFF packs it: codes of 9 to 12 bits, highest bit first, widened one code early.
 * Source: TIFF 6.0, section 13.
 */

const CLEAR = 256;
const END = 257;
/** The first code that stands for more than a byte. */
const FIRST = 258;

/** Unpacks into `size` bytes; null if the data are damaged or end early. */
export function unpackLzw(packed: Uint8Array, size: number): Uint8Array | null {
  const out = new Uint8Array(size);
  // A code stands for a piece of what was unpacked already: where it starts and how long it is.
  const starts = new Int32Array(4097);
  const lengths = new Int32Array(4097);
  let [next, width, filled] = [FIRST, 9, 0];
  let [bits, count, at] = [0, 0, 0];
  while (filled < size) {
    while (count < width) {
      if (at === packed.length) return null;
      bits = ((bits << 8) | packed[at++]) & 0xffffff;
      count += 8;
    }
    count -= width;
    const code = (bits >> count) & ((1 << width) - 1);
    if (code === END) return null;
    if (code === CLEAR) {
      [next, width] = [FIRST, 9];
      continue;
    }
    const start = filled;
    if (code < 256) out[filled++] = code;
    else {
      // The code that is about to be defined is the piece before with its own first byte at the end.
      if (code >= next) return null;
      const length = Math.min(lengths[code], size - filled);
      for (let i = 0; i < length; i++) out[filled++] = out[starts[code] + i];
    }
    // Each code defines the next one: this piece and the first byte of the one that follows.
    if (next <= 4095) {
      starts[next] = start;
      lengths[next] = filled - start + 1;
      next++;
    }
    if (next >= 1 << width && width < 12) width++;
  }
  return out;
}
