/** A cursor over the bytes of a pickle; every read is checked against the end, so a lying length is an error. */

export interface ByteCursor {
  readonly position: () => number;
  readonly left: () => number;
  u8(): number;
  u16(): number;
  i32(): number;
  u32(): number;
  /** A 64-bit length or frame size; above 2^53 it is refused like any other that runs past the end. */
  u64(): number;
  /** Big-endian IEEE double, as BINFLOAT has it. */
  f64(): number;
  /** Little-endian two's complement of any width. */
  integer(bytes: number): number | bigint;
  take(bytes: number): Uint8Array;
  /** Up to the next line feed, which is passed over. */
  line(): string;
}

/** A cursor at the first byte; `refuse` is called when something runs past the end. */
export function createCursor(bytes: Uint8Array, refuse: (reason: string) => never): ByteCursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const latin1 = new TextDecoder('latin1');
  let at = 0;
  const advance = (count: number): number => {
    if (count > bytes.byteLength - at) {
      refuse(`${count} bytes are announced at byte ${at}, ${bytes.byteLength - at} are left`);
    }
    const start = at;
    at += count;
    return start;
  };
  const take = (count: number): Uint8Array => {
    const start = advance(count);
    return bytes.subarray(start, start + count);
  };
  return {
    position: () => at,
    left: () => bytes.byteLength - at,
    u8: () => view.getUint8(advance(1)),
    u16: () => view.getUint16(advance(2), true),
    i32: () => view.getInt32(advance(4), true),
    u32: () => view.getUint32(advance(4), true),
    u64: () => Number(view.getBigUint64(advance(8), true)),
    f64: () => view.getFloat64(advance(8), false),
    integer(count) {
      let value = 0n;
      for (const byte of take(count).slice().reverse()) value = (value << 8n) | BigInt(byte);
      const signed = BigInt.asIntN(8 * count, value);
      return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
    },
    take,
    line() {
      const end = bytes.indexOf(10, at);
      if (end < 0) refuse(`the line at byte ${at} has no end`);
      const text = latin1.decode(bytes.subarray(at, end));
      at = end + 1;
      return text;
    },
  };
}
