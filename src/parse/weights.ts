/**
 * The weights of a model folder as the runtime takes them. A float32 file is only located: ONNX Runtime maps it, so a
 * network of more than a gigabyte is neither read twice nor copied. Any other file is read and made float32.
 */
import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { locateSafetensors, readSafetensors, toFloat32 } from '../formats/safetensors.ts';
import type { Weights } from '../runtime/open.ts';

const FLOAT_BYTES = 4;

export interface WeightFile {
  readonly weights: Weights;
  /** Where the file really lies (hubs' caches hold links): the `weightFolder` of the network that is opened with it. */
  readonly folder: string;
}

/** Reads or locates `model.safetensors`; errors of code `input` name the file. */
export async function readWeights(path: string): Promise<WeightFile> {
  const places = [...(await locateSafetensors(path))];
  const mappable = places.every(([, { dtype, offset }]) => dtype === 'F32' && offset % FLOAT_BYTES === 0);
  if (mappable) {
    const file = await realpath(path);
    const location = basename(file);
    const mapped = places.map(([name, { shape, offset, length }]) => {
      return [name, { shape, external: { location, offset, length } }] as const;
    });
    return { weights: new Map(mapped), folder: dirname(file) };
  }
  const { tensors } = await readSafetensors(path);
  const held = [...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }] as const);
  return { weights: new Map(held), folder: dirname(path) };
}
