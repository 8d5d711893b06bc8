/**
 * Python's pickle, protocols 2 to 5, as data (pickletools.py documents the opcodes): a stack machine that builds plain
 * values and knows no Python. What a pickle asks for by name is resolved by the caller's allow-list; anything else is
 * refused by that name. Nothing is evaluated, and nothing here recurses: nesting costs memory in proportion to the file.
 *
 * Values: None null; bool, int (bigint past 2^53), float, str as they are; bytes Uint8Array; list an array; tuple a
 * frozen array; dict a Map; set a Set; and whatever the allow-list makes.
 */
import { BiomedParseError } from '../../util/errors.ts';
import { type ByteCursor, createCursor } from './bytes.ts';

/** Longest pickle; a published checkpoint's has 0.2 MB and 30,000 operations. */
export const MAX_PICKLE_BYTES = 1 << 24;
const LIMITS = { operations: 1_000_000, marks: 1000, integerBytes: 255 } as const;

/** A name that a pickle may use. */
export interface PickleGlobal {
  /** `module.name`. */
  readonly name: string;
  /** What calling it gives; without it the name is only a value. */
  readonly call?: (args: readonly unknown[]) => unknown;
  /** Whether a BUILD operation may follow on what `call` made; the state itself is dropped. */
  readonly acceptsState?: boolean;
}

export interface PickleOptions {
  /** The file, for errors. */
  readonly label: string;
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** The object that a persistent id stands for. */
  readonly persistent: (id: unknown) => unknown;
}

/** The refusal of a pickle, naming the file. */
export function refusePickle(label: string, reason: string, fields: Record<string, unknown> = {}): never {
  throw new BiomedParseError('input', `${label} is not a usable PyTorch checkpoint: ${reason}`, {
    file: label,
    ...fields,
  });
}

/** Names shown in errors come from the file: printable and short. */
const shown = (name: string): string => name.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');

/** The machine's state with the operations that several opcodes share. */
function createMachine(options: PickleOptions, refuse: (reason: string) => never) {
  let stack: unknown[] = [];
  const outer: unknown[][] = [];
  const memo = new Map<number, unknown>();
  const made = new WeakMap<object, PickleGlobal>();
  const pop = (): unknown => (stack.length > 0 ? stack.pop() : refuse('an operation finds its stack empty'));
  const top = (): unknown =>
    stack.length > 0 ? stack[stack.length - 1] : refuse('an operation finds its stack empty');
  const push = (value: unknown): void => void stack.push(value);
  const tuple = (items: unknown[]): void => push(Object.freeze(items));
  return {
    push,
    pop,
    top,
    tuple,
    mark() {
      if (outer.length >= LIMITS.marks) refuse(`more than ${LIMITS.marks} marks are open at once`);
      outer.push(stack);
      stack = [];
    },
    /** The items above the last mark, which is taken away with them. */
    sinceMark(): unknown[] {
      const items = stack;
      stack = outer.pop() ?? refuse('an operation finds no mark');
      return items;
    },
    popTuple(count: number): void {
      if (stack.length < count) refuse('an operation finds its stack empty');
      tuple(stack.splice(stack.length - count, count));
    },
    store: (index: number): void => void memo.set(index, top()),
    memoize: (): void => void memo.set(memo.size, top()),
    fetch(index: number): void {
      if (!memo.has(index)) refuse(`memo ${index} is read before it is written`);
      push(memo.get(index));
    },
    append(items: readonly unknown[]): void {
      const list = top();
      if (!Array.isArray(list) || Object.isFrozen(list)) refuse('something is appended to what is no list');
      for (const item of items) list.push(item);
    },
    setItems(items: readonly unknown[]): void {
      const map = top();
      if (!(map instanceof Map) || items.length % 2 !== 0) refuse('an item is set in what is no dictionary');
      for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
    },
    addItems(items: readonly unknown[]): void {
      const set = top();
      if (!(set instanceof Set)) refuse('an item is added to what is no set');
      for (const item of items) set.add(item);
    },
    global(module: unknown, name: unknown): void {
      if (typeof module !== 'string' || typeof name !== 'string') refuse('it asks for a name that is no text');
      const full = `${module}.${name}`;
      const known = options.globals.get(full);
      if (known === undefined) {
        const allowed = [...options.globals.keys()].join(', ');
        refuse(`it asks for ${shown(full)}, which is never run; allowed: ${allowed}`);
      }
      push(known);
    },
    call(): void {
      const args = pop();
      const callee = pop() as PickleGlobal;
      const allowed = [...options.globals.values()].includes(callee) && callee.call !== undefined;
      if (!allowed || !Array.isArray(args)) refuse('it calls what cannot be called');
      const result = (callee.call as NonNullable<PickleGlobal['call']>)(args);
      if (typeof result === 'object' && result !== null) made.set(result, callee);
      push(result);
    },
    build(): void {
      pop();
      const object = top();
      const maker = typeof object === 'object' && object !== null ? made.get(object) : undefined;
      if (maker?.acceptsState !== true) refuse('it sets the state of an object that has none');
    },
    persistent: (): void => push(options.persistent(pop())),
    finish(): unknown {
      if (stack.length !== 1 || outer.length !== 0) refuse('it does not end with one object');
      return stack[0];
    },
  };
}

type Machine = ReturnType<typeof createMachine>;
type Operation = (machine: Machine, cursor: ByteCursor, refuse: (reason: string) => never) => void;

const text = (bytes: Uint8Array, refuse: (reason: string) => never): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    refuse('a text is not UTF-8');
  }
};
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const long = (c: ByteCursor, length: number, refuse: (reason: string) => never): number | bigint =>
  length > LIMITS.integerBytes ? refuse(`an integer has ${length} bytes`) : c.integer(length);

/** Opcodes by byte. Those of protocols 0 and 1 that later picklers never write are left out, and so refused. */
const operations: Readonly<Record<number, Operation>> = {
  128: (_, c, refuse) => refuse(`a second protocol number stands at byte ${c.position() - 1}`),
  149: (_, c) => void c.u64(), // FRAME: a hint for readers of streams
  40: (m) => m.mark(), // (
  48: (m) => void m.pop(), // 0
  49: (m) => void m.sinceMark(), // 1
  50: (m) => m.push(m.top()), // 2
  78: (m) => m.push(null), // N
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  74: (m, c) => m.push(c.i32()), // J
  75: (m, c) => m.push(c.u8()), // K
  77: (m, c) => m.push(c.u16()), // M
  138: (m, c, refuse) => m.push(long(c, c.u8(), refuse)),
  139: (m, c, refuse) => m.push(long(c, c.u32(), refuse)),
  71: (m, c) => m.push(c.f64()), // G
  88: (m, c, refuse) => m.push(text(c.take(c.u32()), refuse)), // X
  140: (m, c, refuse) => m.push(text(c.take(c.u8()), refuse)),
  141: (m, c, refuse) => m.push(text(c.take(c.u64()), refuse)),
  85: (m, c) => m.push(latin1(c.take(c.u8()))), // U, from Python 2
  84: (m, c) => m.push(latin1(c.take(c.u32()))), // T, from Python 2
  67: (m, c) => m.push(c.take(c.u8())), // C
  66: (m, c) => m.push(c.take(c.u32())), // B
  142: (m, c) => m.push(c.take(c.u64())),
  150: (m, c) => m.push(c.take(c.u64())),
  41: (m) => m.tuple([]), // )
  116: (m) => m.tuple(m.sinceMark()), // t
  133: (m) => m.popTuple(1),
  134: (m) => m.popTuple(2),
  135: (m) => m.popTuple(3),
  93: (m) => m.push([]), // ]
  108: (m) => m.push(m.sinceMark()), // l
  97: (m) => m.append([m.pop()]), // a
  101: (m) => m.append(m.sinceMark()), // e
  125: (m) => m.push(new Map()), // }
  100: (m) => {
    const items = m.sinceMark(); // d
    m.push(new Map());
    m.setItems(items);
  },
  115: (m) => {
    const value = m.pop(); // s
    m.setItems([m.pop(), value]);
  },
  117: (m) => m.setItems(m.sinceMark()), // u
  143: (m) => m.push(new Set()),
  144: (m) => m.addItems(m.sinceMark()),
  145: (m) => m.push(new Set(m.sinceMark())),
  113: (m, c) => m.store(c.u8()), // q
  114: (m, c) => m.store(c.u32()), // r
  148: (m) => m.memoize(),
  104: (m, c) => m.fetch(c.u8()), // h
  106: (m, c) => m.fetch(c.u32()), // j
  99: (m, c) => m.global(c.line(), c.line()), // c
  147: (m) => {
    const name = m.pop();
    m.global(m.pop(), name);
  },
  105: (m, c) => m.global(c.line(), c.line()), // i: only so that its name can be refused; a call never follows
  82: (m) => m.call(), // R
  129: (m) => m.call(),
  98: (m) => m.build(), // b
  81: (m) => m.persistent(), // Q
};

const STOP = 0x2e;

/** The one object that a pickle describes. */
export function readPickle(bytes: Uint8Array, options: PickleOptions): unknown {
  const { label } = options;
  const refuse = (reason: string): never => refusePickle(label, reason);
  if (bytes.byteLength > MAX_PICKLE_BYTES) {
    refuse(`its description has ${bytes.byteLength} bytes, at most ${MAX_PICKLE_BYTES} are allowed`);
  }
  const cursor = createCursor(bytes, refuse);
  const protocol = cursor.u8() === 0x80 ? cursor.u8() : 0;
  if (protocol < 2 || protocol > 5) refuse(`its pickle has protocol ${protocol}; allowed: 2 to 5`);
  const machine = createMachine(options, refuse);
  for (let count = 0; ; count++) {
    if (count >= LIMITS.operations) refuse(`its pickle has more than ${LIMITS.operations} operations`);
    const opcode = cursor.u8();
    if (opcode === STOP) return machine.finish();
    const operation = operations[opcode];
    if (operation === undefined) {
      refuse(`its pickle has the unknown operation 0x${opcode.toString(16)} at byte ${cursor.position() - 1}`);
    }
    operation(machine, cursor, refuse);
  }
}
