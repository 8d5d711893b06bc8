/**
 * A file of named tensors that is open for reading: what it holds is known at once, values are read one tensor at a
 * time, so that a file larger than memory can be gone through. safetensors and PyTorch's checkpoints are read this way.
 */
import type { Dtype, StoredTensor } from './tensor.ts';

/** A tensor without its values. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface TensorSource {
  /** `PyTorch` or `safetensors`, for people. */
  readonly format: 'PyTorch' | 'safetensors';
  readonly path: string;
  /** Names in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** One tensor's values, in memory of its own; errors of code `input` name the file. */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}
