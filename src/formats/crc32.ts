/** CRC-32 (polynomial 0xEDB88320, as in zip and PNG) over bytes that come in pieces; Node's own came with 20.15 only. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export interface Crc32 {
  add(bytes: Uint8Array): void;
  /** Checksum of everything added so far, 0 to 2^32 - 1. */
  value(): number;
}

/** A checksum over nothing yet. */
export function createCrc32(): Crc32 {
  let state = 0xffffffff;
  return {
    add(bytes) {
      let running = state;
      for (let i = 0; i < bytes.length; i++) running = table[(running ^ bytes[i]) & 0xff] ^ (running >>> 8);
      state = running;
    },
    value: () => (state ^ 0xffffffff) >>> 0,
  };
}
