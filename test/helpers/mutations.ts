/**
 * Damaged files from well-made ones, by a seeded generator: truncated, bytes changed, fields set to extremes, pieces
 * moved or cut out, numbers of text headers exchanged. A reader has to read each right or refuse it with a typed error,
 * within time and memory.
 */
import { expect } from 'vitest';
import { BiomedParseError } from '../../src/util/errors.ts';
import { createRandom, type Random } from '../../src/util/random.ts';

const MAX_MILLISECONDS = 2000;
const MAX_BYTES = 500e6;

const EXTREMES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const WORDS = ['0', '-1', '1', '99999', '4294967296', '1e308', 'NaN', 'none', '../x', '(1,0,0)', ''];

/** A damaged copy. Text headers also get numbers exchanged. */
export function mutate(random: Random, source: Buffer, isText: boolean): Buffer {
  const bytes = Buffer.from(source);
  const kind = random.integer(isText ? 6 : 5);
  // Most damage goes to the header, where it matters.
  const place = (): number => random.integer(random.next() < 0.7 ? Math.min(700, bytes.length) : bytes.length);
  switch (kind) {
    case 0:
      return bytes.subarray(0, random.integer(bytes.length));
    case 1:
      for (let n = 1 + random.integer(6); n > 0; n--) bytes[place()] = random.integer(256);
      return bytes;
    case 2: {
      const width = random.pick([1, 2, 4] as const);
      const at = Math.min(place(), bytes.length - width);
      const value = random.pick(EXTREMES) % 2 ** (8 * width);
      if (random.next() < 0.8) bytes.writeUIntLE(value, at, width);
      else bytes.writeUIntBE(value, at, width);
      return bytes;
    }
    case 3: {
      const [from, to] = [place(), place()];
      const length = Math.min(1 + random.integer(64), bytes.length - Math.max(from, to));
      bytes.copy(bytes, to, from, from + length);
      return bytes;
    }
    case 4: {
      const at = place();
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.integer(20))]);
    }
    default: {
      let left = 1 + random.integer(8);
      const text = bytes
        .toString('latin1')
        .replace(/-?\d+(\.\d+)?/g, (word) => (left-- === 1 ? random.pick(WORDS) : word));
      return Buffer.from(text, 'latin1');
    }
  }
}

/** One kind of file: well-made ones, and the reader that is tried. */
export interface Kind {
  readonly name: string;
  readonly sources: readonly Buffer[];
  readonly text: boolean;
  read(bytes: Buffer): Promise<unknown>;
}

/** Checks that nothing but a typed error comes out, in time and memory; counts what was read and what refused. */
export async function survive({ name, sources, text, read }: Kind, count: number): Promise<void> {
  const random = createRandom(name.length + 77);
  let [good, refused, slowest, most] = [0, 0, 0, 0];
  for (const source of sources) await read(source); // well-made files are read; codecs are open afterwards
  const before = process.memoryUsage().rss;
  const peak = (): number => process.resourceUsage().maxRSS * 1024; // also within a read
  const peakBefore = peak();
  for (let i = 0; i < count; i++) {
    const bytes = mutate(random, random.pick(sources), text);
    const start = process.cpuUsage();
    try {
      await read(bytes);
      good++;
    } catch (error) {
      if (!(error instanceof BiomedParseError) || error.code === 'internal' || error.message.includes('\n')) {
        throw new Error(`mutation ${i} of ${name} gave ${String(error)}`, { cause: error });
      }
      refused++;
    }
    const { user, system } = process.cpuUsage(start);
    slowest = Math.max(slowest, (user + system) / 1000);
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  expect(good + refused).toBe(count);
  expect(refused).toBeGreaterThan(count / 20);
  expect(slowest).toBeLessThan(MAX_MILLISECONDS);
  expect(Math.max(most, peak() - peakBefore)).toBeLessThan(MAX_BYTES);
}
