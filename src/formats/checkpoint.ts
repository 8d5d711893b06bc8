/** A checkpoint by its content, whatever its name: PyTorch's zip format or safetensors. */
import { BiomedParseError } from '../util/errors.ts';
import { openSafetensors } from './safetensors.ts';
import type { TensorSource } from './tensor-source.ts';
import { legacyError, openTorchCheckpoint, sniffFile } from './torch/checkpoint.ts';

/** Opens a checkpoint to read its tensors one at a time; refuses (`input`) files of old PyTorch and everything else. */
export async function openCheckpoint(path: string): Promise<TensorSource> {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `${path} is no checkpoint: ${reason}`, { file: path });
  };
  switch (await sniffFile(path)) {
    case 'zip':
      return openTorchCheckpoint(path);
    case 'safetensors':
      return openSafetensors(path);
    case 'legacy':
      throw legacyError(path);
    case 'pointer':
      return refuse('Git LFS keeps the file elsewhere, this is only its address; fetch it with git lfs pull');
    default:
      return refuse('allowed: PyTorch (a zip archive) and safetensors');
  }
}
