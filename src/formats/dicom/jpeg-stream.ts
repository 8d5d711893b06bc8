/**
 * The entropy-coded part of JPEG: Huffman tables and a reader of bits.
 * Source: ITU-T T.81, annexes C and F.2.2.
 */

/** A table by the scheme of T.81 F.2.2.3: per code length the smallest code, the largest code and where its values start. */
export interface HuffmanTable {
  readonly largest: Int32Array;
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

/** A table from the number of codes per length (16) and the values in order; null if the codes do not fit. */
export function huffmanTable(counts: Uint8Array, values: Uint8Array): HuffmanTable | null {
  const largest = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  let code = 0;
  let at = 0;
  for (let length = 1; length <= 16; length++) {
    offset[length] = at - code;
    if (counts[length - 1] > 0) {
      at += counts[length - 1];
      code += counts[length - 1];
      largest[length] = code - 1;
      if (code > 1 << length) return null;
    }
    code <<= 1;
  }
  return { largest, offset, values };
}

/** Thrown inside the decoder where the data ends or makes no sense; the border turns it into the file's error. */
export class JpegDataError extends Error {}

/** Reads bits of a scan; 0xFF00 stands for 0xFF, any other marker ends the data. */
export class BitReader {
  private bits = 0;
  private count = 0;
  private readonly data: Uint8Array;
  at: number;

  constructor(data: Uint8Array, at: number) {
    this.data = data;
    this.at = at;
  }

  bit(): number {
    if (this.count === 0) {
      const byte = this.data[this.at];
      if (byte === undefined) throw new JpegDataError('its data ends early');
      if (byte === 0xff) {
        if (this.data[this.at + 1] !== 0) throw new JpegDataError('its data ends early');
        this.at++;
      }
      this.at++;
      this.bits = byte;
      this.count = 8;
    }
    this.count--;
    return (this.bits >> this.count) & 1;
  }

  /** `n` bits, at most 16, as an unsigned number. */
  read(n: number): number {
    let value = 0;
    for (let i = 0; i < n; i++) value = (value << 1) | this.bit();
    return value;
  }

  /** `n` bits as a signed difference (T.81 F.2.2.1, EXTEND). */
  signed(n: number): number {
    if (n === 0) return 0;
    const value = this.read(n);
    return value < 1 << (n - 1) ? value - (1 << n) + 1 : value;
  }

  symbol(table: HuffmanTable): number {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.bit();
      if (code <= table.largest[length]) return table.values[table.offset[length] + code];
    }
    throw new JpegDataError('it has a code that its tables lack');
  }

  /** Steps over a restart marker and starts at a whole byte. */
  restart(): void {
    this.count = 0;
    if (this.data[this.at] !== 0xff || (this.data[this.at + 1] & 0xf8) !== 0xd0) {
      throw new JpegDataError('a restart marker is missing');
    }
    this.at += 2;
  }
}
