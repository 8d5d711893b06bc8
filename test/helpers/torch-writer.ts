/**
 * Writes PyTorch checkpoints and the zip archives round them for tests: well-made ones of every kind that the reader
 * accepts, and broken ones on request. Nothing of PyTorch is needed.
 */
import { deflateRawSync } from 'node:zlib';
import { createCrc32 } from '../../src/formats/crc32.ts';

const bytes = (...parts: (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part) : Buffer.from(part),
    ),
  );

const le = (value: number | bigint, width: 1 | 2 | 4 | 8): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out.subarray(0, width);
};

/** Pickle operations as bytes; they are joined with `bytes`. */
export const pickle = {
  join: bytes,
  start: (protocol: number): Buffer => bytes(0x80, protocol),
  text: (text: string): Buffer => bytes('X', le(Buffer.byteLength(text), 4), text),
  int: (value: number): Buffer => {
    if (value >= 0 && value < 256) return bytes('K', value);
    if (value >= 0 && value < 65536) return bytes('M', le(value, 2));
    const long = Buffer.alloc(8);
    long.writeBigInt64LE(BigInt(value));
    return bytes(0x8a, 8, long);
  },
  /** By GLOBAL, or from protocol 4 on by STACK_GLOBAL. */
  global: (module: string, name: string, protocol = 2): Buffer =>
    protocol >= 4 ? bytes(pickle.text(module), pickle.text(name), 0x93) : bytes('c', `${module}\n${name}\n`),
  tuple: (...items: Uint8Array[]): Buffer => bytes('(', ...items, 't'),
  call: (callee: Uint8Array, ...args: Uint8Array[]): Buffer => bytes(callee, pickle.tuple(...args), 'R'),
  stop: Buffer.from('.'),
};

export interface WrittenStorage {
  /** `FloatStorage` and so on. */
  readonly type: string;
  readonly elements: number;
  readonly data: Uint8Array;
}

export interface WrittenTensor {
  readonly storage: string;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
  readonly offset?: number;
  readonly parameter?: boolean;
}

export interface WrittenCheckpoint {
  readonly storages: Readonly<Record<string, WrittenStorage>>;
  readonly tensors: Readonly<Record<string, WrittenTensor>>;
}

const contiguous = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));

/** The pickle of a state dict: an OrderedDict with `_metadata` set by BUILD. */
export function stateDictPickle({ storages, tensors }: WrittenCheckpoint, protocol = 2): Buffer {
  const { text, int, global, tuple, call, join } = pickle;
  const ordered = call(global('collections', 'OrderedDict', protocol));
  const items = Object.entries(tensors).map(([name, tensor]) => {
    const storage = storages[tensor.storage];
    const id = [text('storage'), global('torch', storage.type, protocol), text(tensor.storage), text('cpu')];
    const value = call(
      global('torch._utils', '_rebuild_tensor_v2', protocol),
      join(tuple(...id, int(storage.elements)), 'Q'),
      int(tensor.offset ?? 0),
      tuple(...tensor.shape.map(int)),
      tuple(...(tensor.strides ?? contiguous(tensor.shape)).map(int)),
      Buffer.of(0x89),
      ordered,
    );
    const parameter = global('torch._utils', '_rebuild_parameter', protocol);
    return join(text(name), tensor.parameter ? call(parameter, value, Buffer.of(0x88), ordered) : value);
  });
  const state = join('}', text('_metadata'), ordered, 's');
  const frame = protocol >= 4 ? join(0x95, le(1, 8)) : Buffer.alloc(0);
  return join(pickle.start(protocol), frame, ordered, '(', ...items, 'u', state, 'b', pickle.stop);
}

export interface ZipPart {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** Sizes and place in 64-bit extra fields. */
  readonly zip64?: boolean;
  /** What the headers say in place of the truth. */
  readonly says?: { readonly size?: number; readonly crc?: number };
}

/** A zip archive of the given parts. */
export function zipArchive(parts: readonly ZipPart[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { name, data, deflate = false, zip64 = false, says = {} } of parts) {
    const packed = deflate ? deflateRawSync(data, { level: 1 }) : Buffer.from(data);
    const crc = createCrc32();
    crc.add(data);
    const size = says.size ?? data.length;
    const packedSize = deflate ? packed.length : size;
    const sizes = zip64 ? [0xffffffff, 0xffffffff] : [packedSize, size];
    const shared = bytes(
      ...[le(zip64 ? 45 : 20, 2), le(0, 2), le(deflate ? 8 : 0, 2), le(0, 4), le(says.crc ?? crc.value(), 4)],
      ...[le(sizes[0], 4), le(sizes[1], 4), le(Buffer.byteLength(name), 2)],
    );
    const extra = zip64 ? bytes(le(1, 2), le(24, 2), le(size, 8), le(packedSize, 8), le(at, 8)) : Buffer.alloc(0);
    const header = bytes('PK\x03\x04', shared, le(0, 2), name);
    central.push(
      bytes(
        'PK\x01\x02',
        le(45, 2),
        shared,
        le(extra.length, 2),
        Buffer.alloc(10),
        le(zip64 ? 0xffffffff : at, 4),
        name,
        extra,
      ),
    );
    local.push(header, packed);
    at += header.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const count = le(parts.length, 2);
  const end64 = bytes('PK\x06\x06', le(44, 8), le(45, 2), le(45, 2), Buffer.alloc(8));
  const totals64 = bytes(le(parts.length, 8), le(parts.length, 8), le(directory.length, 8), le(at, 8));
  const locator = bytes('PK\x06\x07', le(0, 4), le(at + directory.length, 8), le(1, 4));
  const all64 = parts.some((part) => part.zip64);
  const end = all64
    ? bytes(
        'PK\x05\x06',
        Buffer.alloc(4, 0),
        le(0xffff, 2),
        le(0xffff, 2),
        le(0xffffffff, 4),
        le(0xffffffff, 4),
        le(0, 2),
      )
    : bytes('PK\x05\x06', Buffer.alloc(4, 0), count, count, le(directory.length, 4), le(at, 4), le(0, 2));
  return Buffer.concat([...local, directory, ...(all64 ? [end64, totals64, locator] : []), end]);
}

export interface CheckpointOptions {
  readonly protocol?: number;
  readonly byteorder?: string;
  readonly deflate?: boolean;
  readonly zip64?: boolean;
  /** In place of the state dict's pickle. */
  readonly pickle?: Uint8Array;
  readonly more?: readonly ZipPart[];
}

/** A whole `.pt` file. */
export function torchCheckpoint(content: WrittenCheckpoint, options: CheckpointOptions = {}): Buffer {
  const { protocol = 2, byteorder, deflate = false, zip64 = false } = options;
  const part = (name: string, data: Uint8Array): ZipPart => ({ name: `stem/${name}`, data, deflate, zip64 });
  const parts = [part('data.pkl', options.pickle ?? stateDictPickle(content, protocol))];
  if (byteorder !== undefined) parts.push(part('byteorder', Buffer.from(byteorder)));
  for (const [key, { data }] of Object.entries(content.storages)) parts.push(part(`data/${key}`, data));
  return zipArchive([...parts, part('version', Buffer.from('3\n')), ...(options.more ?? [])]);
}
