/**
 * A file of named tensors that is open for reading: what it holds is known at once, values are read one tensor at a
 * time, so that a file larger than memory can be gone through. safetensors and PyTorch's checkpoints are read this way.
 */
import { DTYPE_BYTES, type Dtype, elementCount, type StoredTensor } from './tensor.ts';

/** A tensor without its values. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** How many bytes a tensor's values take. */
export const byteCount = ({ dtype, shape }: TensorInfo): number => elementCount(shape) * DTYPE_BYTES[dtype];

export interface TensorSource {
  /** `PyTorch` or `safetensors`, for people. */
  readonly format: 'PyTorch' | 'safetensors';
  readonly path: string;
  /** Names in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * One tensor's values, in `memory` where it is given and long enough, else in memory of its own; errors of code `input`
   * name the file. Beside those values less than a third of the largest tensor's bytes is in use.
   */
  read(name: string, memory?: Uint8Array): Promise<StoredTensor>;
  close(): Promise<void>;
}

/** The first bytes of `memory`, or fresh ones. */
export function memoryFor(bytes: number, memory: Uint8Array | undefined): Uint8Array {
  return memory !== undefined && memory.byteLength >= bytes ? memory.subarray(0, bytes) : new Uint8Array(bytes);
}
