/** A checkpoint by its content, whatever its name: PyTorch's zip format or safetensors. */
import { openSafetensors } from './safetensors.ts';
import type { TensorSource } from './tensor-source.ts';
import { legacyError, openTorchCheckpoint, sniffFile } from './torch/checkpoint.ts';

/** Opens a checkpoint to read its tensors one at a time; refuses (`input`) files of old PyTorch and everything else. */
export async function openCheckpoint(path: string): Promise<TensorSource> {
  const kind = await sniffFile(path);
  if (kind === 'legacy') throw legacyError(path);
  return kind === 'zip' ? openTorchCheckpoint(path) : openSafetensors(path);
}
