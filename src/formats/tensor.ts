/** A tensor as it lies in a file: data type, shape and little-endian bytes in C order, with conversions to and from float32. */
import { BiomedParseError } from '../util/errors.ts';
import { fromBfloatArray, fromHalfArray, toHalfArray } from './float16.ts';

/** Bytes per element of every data type of the safetensors format that fills whole bytes. */
export const DTYPE_BYTES = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Little-endian, C order; a view, perhaps unaligned. */
  readonly bytes: Uint8Array;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, side) => count * side, 1);
}

interface TypedArrayOf<T> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** The bytes seen as another element type; copied only when they are not aligned for it. */
function reinterpret<T>(bytes: Uint8Array, type: TypedArrayOf<T>): T {
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new type(aligned.buffer, aligned.byteOffset, aligned.byteLength / type.BYTES_PER_ELEMENT);
}

/** The values as float32, in C order. F32 data is shared with the tensor when it is aligned: do not write to it. */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const { bytes } = tensor;
  switch (tensor.dtype) {
    case 'F32':
      return reinterpret(bytes, Float32Array);
    case 'F16':
      return fromHalfArray(reinterpret(bytes, Uint16Array));
    case 'BF16':
      return fromBfloatArray(reinterpret(bytes, Uint16Array));
    case 'F64':
      return Float32Array.from(reinterpret(bytes, Float64Array));
    case 'I64':
      return Float32Array.from(reinterpret(bytes, BigInt64Array), Number);
    case 'U64':
      return Float32Array.from(reinterpret(bytes, BigUint64Array), Number);
    case 'I32':
      return Float32Array.from(reinterpret(bytes, Int32Array));
    case 'U32':
      return Float32Array.from(reinterpret(bytes, Uint32Array));
    case 'I16':
      return Float32Array.from(reinterpret(bytes, Int16Array));
    case 'U16':
      return Float32Array.from(reinterpret(bytes, Uint16Array));
    case 'I8':
      return Float32Array.from(reinterpret(bytes, Int8Array));
    case 'U8':
    case 'BOOL':
      return Float32Array.from(bytes);
    default:
      throw new BiomedParseError('input', `tensors of type ${tensor.dtype} cannot be converted to float32`, {
        dtype: tensor.dtype,
      });
  }
}

/** A tensor of float32 values, stored as F32 (shares memory with `data`) or rounded to F16. */
export function fromFloat32(data: Float32Array, shape: readonly number[], dtype: 'F32' | 'F16' = 'F32'): StoredTensor {
  if (elementCount(shape) !== data.length) {
    throw new BiomedParseError(
      'internal',
      `${data.length} values do not fill a tensor of shape [${shape.join(', ')}]`,
      {
        shape,
        length: data.length,
      },
    );
  }
  const stored = dtype === 'F16' ? toHalfArray(data) : data;
  return { dtype, shape: [...shape], bytes: new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength) };
}
