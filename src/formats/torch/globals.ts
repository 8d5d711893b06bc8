/**
 * What a PyTorch state dict may ask for by name, as plain records: ordered dictionaries, storages and the functions that
 * make tensors of them (torch/_utils.py, torch/serialization.py). Sizes, strides and offsets are checked here against the
 * storage, so that reading a tensor later cannot leave it.
 */
import { DTYPE_BYTES, type Dtype, elementCount } from '../tensor.ts';
import { isOrdered } from './gather.ts';
import { type PickleGlobal, type PickleOptions, refusePickle } from './pickle.ts';

/** One block of values in the archive, perhaps shared by several tensors. */
export class StorageRecord {
  readonly key: string;
  readonly dtype: Dtype;
  readonly elements: number;
  constructor(key: string, dtype: Dtype, elements: number) {
    this.key = key;
    this.dtype = dtype;
    this.elements = elements;
  }
}

/** A view of a storage: offset and strides in elements. */
export class TensorRecord {
  readonly storage: StorageRecord;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: StorageRecord, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

const STORAGES: Readonly<Record<string, Dtype>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const MAX_AXES = 16;
/** A view may repeat values of its storage (stride 0) up to this many elements; more would be memory out of nothing. */
const MAX_REPEATED = 1 << 20;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount);

/** The place after the last element of a view, in elements of its storage. */
export function viewEnd(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((end, size, axis) => end + (size - 1) * (strides[axis] as number), 1);
}

function rebuildTensor(label: string, args: readonly unknown[]): TensorRecord {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof StorageRecord) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    refusePickle(label, 'a tensor is described by something else than storage, offset, size and stride');
  }
  const elements = elementCount(shape);
  const end = offset + viewEnd(shape, strides);
  const inside = shape.length === strides.length && Number.isSafeInteger(end) && end <= storage.elements;
  if (!inside || elements > Math.max(storage.elements, MAX_REPEATED)) {
    const view = `[${shape.join(', ')}] with strides [${strides.join(', ')}] from ${offset}`;
    refusePickle(label, `a tensor ${view} does not fit its storage of ${storage.elements} elements`);
  }
  if (!isOrdered(shape, strides)) {
    refusePickle(
      label,
      `a tensor [${shape.join(', ')}] with strides [${strides.join(', ')}] overlaps itself; save its contiguous() copy`,
    );
  }
  return new TensorRecord(storage, offset, shape, strides);
}

function rebuildParameter(label: string, args: readonly unknown[]): TensorRecord {
  const [tensor] = args;
  if (!(tensor instanceof TensorRecord)) refusePickle(label, 'a parameter is made of something else than a tensor');
  return tensor;
}

/** OrderedDict() or OrderedDict of pairs, as protocol 2 of Python 2 wrote it. */
function orderedDict(label: string, args: readonly unknown[]): Map<unknown, unknown> {
  const pairs = args.length === 0 ? [] : args[0];
  const isPair = (pair: unknown): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2;
  if (!Array.isArray(pairs) || !pairs.every(isPair)) refusePickle(label, 'an OrderedDict is made of no pairs');
  return new Map(pairs);
}

/** The reading options of a state dict's pickle. */
export function stateDictOptions(label: string): PickleOptions {
  const storages = new Map<string, StorageRecord>();
  const storageTypes = new Map<unknown, Dtype>();
  const globals: PickleGlobal[] = [
    { name: 'collections.OrderedDict', call: (args) => orderedDict(label, args), acceptsState: true },
    { name: 'torch._utils._rebuild_tensor_v2', call: (args) => rebuildTensor(label, args) },
    { name: 'torch._utils._rebuild_parameter', call: (args) => rebuildParameter(label, args) },
  ];
  for (const [name, dtype] of Object.entries(STORAGES)) {
    const type = { name: `torch.${name}` };
    storageTypes.set(type, dtype);
    globals.push(type);
  }
  return {
    label,
    globals: new Map(globals.map((one) => [one.name, one])),
    persistent(id) {
      // ('storage', type, key, device, number of elements)
      const [tag, type, key, , elements] = Array.isArray(id) ? id : [];
      const dtype = storageTypes.get(type);
      if (tag !== 'storage' || dtype === undefined || typeof key !== 'string' || !isCount(elements)) {
        refusePickle(label, 'a storage is not described by type, key, device and number of elements');
      }
      if (!Number.isSafeInteger(elements * DTYPE_BYTES[dtype])) {
        refusePickle(label, `storage ${JSON.stringify(key.slice(0, 40))} would have ${elements} elements`);
      }
      const known = storages.get(key);
      if (known !== undefined && (known.dtype !== dtype || known.elements !== elements)) {
        refusePickle(label, `storage ${JSON.stringify(key.slice(0, 40))} is described in two ways`);
      }
      const storage = known ?? new StorageRecord(key, dtype, elements);
      storages.set(key, storage);
      return storage;
    },
  };
}
