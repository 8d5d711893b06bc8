import { describe, expect, it } from 'vitest';
import { pickle } from '../../../test/helpers/torch-writer.ts';
import { type PickleGlobal, readPickle } from './pickle.ts';

const { join, text, int, global, tuple, call } = pickle;
const pair: PickleGlobal = { name: 'fake.pair', call: (args) => ({ args }), acceptsState: true };
const bare: PickleGlobal = { name: 'fake.bare' };

function read(...parts: (number | string | Uint8Array)[]): unknown {
  return readPickle(join(pickle.start(2), ...parts, '.'), {
    label: 'a.pt',
    globals: new Map([pair, bare].map((one) => [one.name, one])),
    persistent: (id) => ({ id }),
  });
}

const hex = (digits: string): Uint8Array => Buffer.from(digits, 'hex');

describe('readPickle', () => {
  it.each<[string, unknown, (number | string | Uint8Array)[]]>([
    ['None, True, False', [null, true, false], ['N', 0x88, 0x89, 0x87]],
    ['integers', [255, 65535, -2], [int(255), int(65535), 'J', hex('feffffff'), 0x87]],
    [
      'long integers',
      [0, -(2 ** 40), 2n ** 63n],
      [hex('8a00'), int(-(2 ** 40)), hex('8b09000000000000000000008000'), 0x87],
    ],
    ['a float', 1.5, ['G', hex('3ff8000000000000')]],
    ['texts', ['é', 'b', 'c'], [text('é'), hex('8c0162'), hex('8d010000000000000063'), 0x87]],
    ['texts of Python 2', ['a', '\u00e9'], ['U', hex('0161'), 'T', hex('01000000e9'), 0x86]],
    ['bytes', Buffer.of(1, 2), ['C', hex('020102')]],
    ['a list', [1, 2, 3], [']', int(1), 'a(', int(2), int(3), 'e']],
    ['a list from a mark', [1], ['(', int(1), 'l']],
    ['tuples', [[], [1]], [')', int(1), 0x85, 0x86]],
    [
      'a dictionary',
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      ['}', text('a'), int(1), 's(', text('b'), int(2), 'u'],
    ],
    ['a dictionary from a mark', new Map([['a', 1]]), ['(', text('a'), int(1), 'd']],
    ['sets', new Set([1, 2]), [0x8f, '(', int(1), int(2), 0x90]],
    ['a frozen set', new Set([1]), ['(', int(1), 0x91]],
    ['the memo', ['a', 'a'], [text('a'), 'q', 7, '0h', 7, 'r', hex('09000000'), 'j', hex('09000000'), 0x86]],
    ['memoize, pop mark, dup', [1, 1], [int(1), 0x94, '(', int(5), '12', 0x86]],
    ['a call with state', { args: [1] }, [call(global('fake', 'pair'), int(1)), '}b']],
    ['a new object', { args: [] }, [global('fake', 'pair'), ')', 0x81]],
    ['a persistent object', { id: 'x' }, [text('x'), 'Q']],
  ])('reads %s', (_, expected, parts) => {
    const value = read(...parts);
    expect(value instanceof Uint8Array ? Buffer.from(value) : value).toEqual(expected);
  });

  it('keeps names of objects as data', () => {
    expect(read('}', text('__proto__'), int(1), 's')).toEqual(new Map([['__proto__', 1]]));
  });

  it('refuses every other name by that name, however it is asked for', () => {
    const foreign = (module: string, name: string, protocol?: number) => () =>
      read(global(module, name, protocol), ')R');
    expect(foreign('os', 'system')).toThrow(
      'a.pt is not a usable PyTorch checkpoint: it asks for os.system, which is never run; allowed: fake.pair, fake.bare',
    );
    expect(foreign('builtins', 'eval', 4)).toThrow('asks for builtins.eval,');
    expect(foreign('posix', 'system')).toThrow('asks for posix.system,');
    expect(() => read('(iposix\nsystem\n')).toThrow('asks for posix.system,');
    expect(foreign('fake', 'pair\u001b[31m')).toThrow('asks for fake.pair?[31m,');
    const noText = 'asks for a name that is no text';
    expect(() => read(int(1), int(2), 0x93)).toThrow(noText);
    // tuples in tuples, and each twice in the next: nobody looks into them
    expect(() => read(')', new Uint8Array(100_000).fill(0x85), ')', 0x93)).toThrow(noText);
    expect(() => read(')', hex('3286'.repeat(60)), ')', 0x93)).toThrow(noText);
  });

  it.each<[string, RegExp, (number | string | Uint8Array)[]]>([
    ['a name that cannot be called', /calls what cannot be called/, [global('fake', 'bare'), ')R']],
    ['a call of a value', /calls what cannot be called/, [int(1), ')R']],
    ['arguments that are no tuple', /calls what cannot be called/, [global('fake', 'pair'), int(1), 'R']],
    ['state of a plain value', /sets the state of an object that has none/, ['}}b']],
    ['an empty stack', /finds its stack empty/, ['0']],
    ['a short tuple', /finds its stack empty/, [int(1), 0x87]],
    ['a missing mark', /finds no mark/, ['t']],
    ['an open mark at the end', /does not end with one object/, ['(', int(1)]],
    ['two objects at the end', /does not end with one object/, [int(1), int(1)]],
    ['an empty memo', /memo 3 is read before it is written/, ['h', 3]],
    ['items of no dictionary', /in what is no dictionary/, [']', int(1), int(1), 's']],
    ['an odd number of items', /in what is no dictionary/, ['}(', int(1), 'u']],
    ['appending to a tuple', /appended to what is no list/, [tuple(), int(1), 'a']],
    ['adding to no set', /added to what is no set/, [']', '(', int(1), 0x90]],
    ['a lying length', /4294967295 bytes are announced at byte 7, 1 are left/, ['X', hex('ffffffff')]],
    ['a lying 64-bit length', /bytes are announced/, [0x8e, hex('ffffffffffffffff')]],
    ['a huge integer', /an integer has 70000 bytes/, [0x8b, hex('70110100')]],
    ['a broken text', /not UTF-8/, ['X', hex('01000000ff')]],
    ['a line without end', /has no end/, ['cabc']],
    ['an unknown operation', /unknown operation 0x82 at byte 2/, [0x82, 1]],
    ['operations of protocol 0', /unknown operation 0x49/, ['I1\n']],
    ['a second protocol', /second protocol number/, [0x80, 2]],
    ['deep marks', /more than 1000 marks/, ['('.repeat(2000)]],
  ])('refuses %s', (_, message, parts) => {
    expect(() => read(...parts)).toThrow(message);
  });

  it('refuses other protocols, too long and too laborious pickles', () => {
    const options = { label: 'a.pt', globals: new Map(), persistent: () => null };
    expect(() => readPickle(hex('80062e'), options)).toThrow('protocol 6; allowed: 2 to 5');
    expect(() => readPickle(Buffer.from('(lp0\n.'), options)).toThrow('protocol 0; allowed: 2 to 5');
    expect(() => readPickle(new Uint8Array(2 ** 24 + 1), options)).toThrow('at most 16777216 are allowed');
    expect(() => readPickle(join(pickle.start(2), 'N0'.repeat(500_001), 'N.'), options)).toThrow('1000000 operations');
    expect(() => readPickle(new Uint8Array(0), options)).toThrow('bytes are announced at byte 0');
  });

  it('reads a structure a hundred thousand deep, and one that contains itself', () => {
    expect((read(')', Buffer.alloc(100_000, 0x85)) as unknown[]).length).toBe(1);
    const own = read(']', 'q', 0, 'h', 0, 'a') as unknown[];
    expect(own[0]).toBe(own);
  });
});
