/**
 * 200 mutated checkpoints from a seeded generator, read one after another by a process of their own: each is read to the end or
 * refused with a typed error, quickly; the process lives to the end, and its most memory stays bounded. A name that is not on
 * the allow-list is always refused by that name.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReadCheckpoint, readInChild } from '../../../test/helpers/read-checkpoints.ts';
import {
  pickle,
  stateDictPickle,
  torchCheckpoint,
  type WrittenCheckpoint,
  zipArchive,
} from '../../../test/helpers/torch-writer.ts';
import { createRandom, mixSeed, type Random } from '../../util/random.ts';

const SEED = 20;
/** Limits of one file, far above what is needed on an idle machine: seconds, bytes. */
const LIMITS = { seconds: 2, bytes: 300e6 };

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-mutations-'));
afterAll(() => rmSync(folder, { recursive: true }));

const values = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i));
const storage = { type: 'FloatStorage', elements: 512, data: new Uint8Array(values.buffer) };
const content: WrittenCheckpoint = {
  storages: { '0': storage, '1': storage },
  tensors: {
    weight: { storage: '0', shape: [16, 32] },
    transposed: { storage: '1', shape: [32, 16], strides: [1, 32] },
    bias: { storage: '1', shape: [32], offset: 64, parameter: true },
  },
};

const foreign = ['os.system', 'builtins.eval', 'posix.system', 'subprocess.Popen', 'torch.load', 'builtins.__import__'];

interface Mutation {
  readonly data: Uint8Array;
  /** The name that the refusal must give. */
  readonly names?: string;
}

const { join: bytes, start, text, int, global, call, tuple } = pickle;
const withPickle = (body: Uint8Array): Mutation => ({ data: torchCheckpoint(content, { pickle: body }) });
const tensorOf = (change: object, elements = 512): Mutation => ({
  data: torchCheckpoint({
    storages: { '0': { ...storage, elements } },
    tensors: { weight: { storage: '0', shape: [16, 32], ...change } },
  }),
});

/** One kind of damage each. */
const kinds: Readonly<Record<string, (random: Random) => Mutation>> = {
  truncated: (random) => {
    const whole = torchCheckpoint(content, { deflate: random.next() < 0.5 });
    return { data: whole.subarray(0, random.integer(whole.length)) };
  },
  'with flipped bits': (random) => {
    const data = torchCheckpoint(content, { deflate: random.next() < 0.3, zip64: random.next() < 0.3 });
    for (let i = 0; i <= random.integer(4); i++) data[random.integer(data.length)] ^= 1 << random.integer(8);
    return { data };
  },
  'with flipped bits in the pickle': (random) => {
    const body = stateDictPickle(content, 2 + random.integer(4));
    for (let i = 0; i <= random.integer(4); i++) body[random.integer(body.length)] ^= 1 << random.integer(8);
    return withPickle(body);
  },
  'with lying lengths': (random) => {
    const huge = 2 ** random.integer(50);
    return random.pick([
      () => tensorOf({ shape: [huge, 2] }),
      () => tensorOf({ shape: [huge, huge], strides: [0, 0] }),
      () => tensorOf({ offset: huge }),
      () => tensorOf({}, huge),
      () => tensorOf({ strides: [huge, 1] }),
      () => withPickle(bytes(start(4), 0x8e, Buffer.from([0, 0, 0, 0, 0, random.integer(256), 0, 0]), 'x')),
      () => withPickle(bytes(start(2), 0x8b, Buffer.from([0, 0, random.integer(128), 0]), 'x')),
      () => ({ data: zipArchive([{ name: 'stem/data.pkl', data: Buffer.from('x'), says: { size: huge % 2 ** 32 } }]) }),
    ])();
  },
  'with recursive or deep pickles': (random) => {
    const depth = 100 + random.integer(100_000);
    return random.pick([
      () => withPickle(bytes(start(2), Buffer.alloc(depth, '('), '.')),
      () => withPickle(bytes(start(2), ')', Buffer.alloc(depth, 0x85), '.')),
      () => withPickle(bytes(start(2), Buffer.alloc(depth, ']'), Buffer.alloc(depth - 1, 'a'), '.')),
      () => withPickle(bytes(start(2), ']q', 0, 'h', 0, 'a.')),
      () => withPickle(bytes(start(2), '}q', 0, text('a'), 'h', 0, 's.')),
      // each tuple holds the one before it twice: 2^depth leaves if anyone counted them
      () => withPickle(bytes(start(2), ')', Buffer.from(`2${String.fromCharCode(0x86)}`.repeat(depth), 'latin1'), '.')),
    ])();
  },
  'with a zip bomb': (random) => {
    const zeros = Buffer.alloc((1 << 24) + 4 * (1 + random.integer(1 << 20)));
    const wide = { type: 'FloatStorage', elements: zeros.length / 4, data: zeros };
    return random.pick([
      () => ({
        data: torchCheckpoint(
          { storages: { '0': wide }, tensors: { weight: { storage: '0', shape: [wide.elements] } } },
          { deflate: true },
        ),
      }),
      () => ({ data: torchCheckpoint(content, { deflate: true, pickle: zeros }) }),
      () => ({ data: zipArchive([{ name: 'stem/data.pkl', data: zeros, deflate: true, says: { size: 1000 } }]) }),
    ])();
  },
  'with foreign names': (random) => {
    const name = random.pick(foreign);
    const [module, attribute] = [name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1)];
    const protocol = 2 + random.integer(4);
    const argument = text('touch /tmp/never');
    const body = random.pick([
      () => bytes(start(protocol), call(global(module, attribute, protocol), argument), '.'),
      () => bytes(start(protocol), '}', text('weight'), call(global(module, attribute), argument), 's.'),
      () => bytes(start(protocol), `(X`, Buffer.of(1, 0, 0, 0), `ai${module}\n${attribute}\n.`),
      () => bytes(start(protocol), global(module, attribute), tuple(argument), 0x81, '}b.'),
      () => bytes(start(protocol), tuple(text('storage'), global(module, attribute), text('0'), int(1)), 'Q.'),
      () => bytes(start(protocol), global(module, attribute, 4), '.'),
    ])();
    return { ...withPickle(body), names: name };
  },
};

const names = Object.keys(kinds);
const perKind = Math.ceil(200 / names.length);

describe('200 mutated checkpoints', () => {
  /** Names that must be refused, by file. */
  const named = new Map<string, string | undefined>();
  let results: readonly ReadCheckpoint[];
  const pathOf = (kind: string, i: number): string => join(folder, `${names.indexOf(kind)}-${i}.pt`);

  beforeAll(async () => {
    for (const kind of names) {
      for (let i = 0; i < perKind; i++) {
        const mutation = kinds[kind](createRandom(mixSeed(SEED, names.indexOf(kind), i)));
        named.set(pathOf(kind, i), mutation.names);
        writeFileSync(pathOf(kind, i), mutation.data);
      }
    }
    results = await readInChild([...named.keys()], 200 * LIMITS.seconds);
  });

  it.each(names)('%s', (kind) => {
    const paths = [...named.keys()];
    let refused = 0;
    for (let i = 0; i < perKind; i++) {
      const name = named.get(pathOf(kind, i));
      const { seconds, peak, total, error } = results[paths.indexOf(pathOf(kind, i))];
      const what = `${kind} ${i}`;
      expect(seconds, `${what}: seconds`).toBeLessThan(LIMITS.seconds);
      expect(peak, `${what}: bytes`).toBeLessThan(LIMITS.bytes);
      if (total !== null) continue;
      expect(error?.code, what).toBe('input');
      expect(error?.message, what).toMatch(/^[^\n]{1,600}$/);
      if (name !== undefined) expect(error?.message, what).toContain(`it asks for ${name}, which is never run`);
      refused++;
    }
    // flipped bits and a lie about nothing that is read can be harmless; all else must be refused
    const harmless = /bits|lying|deep/.test(kind) ? perKind / 2 : kind === 'truncated' ? 1 : 0;
    expect(refused).toBeGreaterThanOrEqual(perKind - harmless);
  });

  it('a sound one is read whole', async () => {
    const path = join(folder, 'sound.pt');
    writeFileSync(path, torchCheckpoint(content));
    expect(await readInChild([path], 60)).toMatchObject([{ total: 512 * 4 * 2 + 32 * 4, error: null }]);
  });
});
