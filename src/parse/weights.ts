/**
 * The weights of a model folder as the runtime takes them. A float32 file is only located: ONNX Runtime maps it, so a
 * network of more than a gigabyte is neither read twice nor copied. Any other file is read and made float32.
 */
import { basename } from 'node:path';
import { locateSafetensors, readSafetensors, toFloat32 } from '../formats/safetensors.ts';
import type { Weights } from '../runtime/open.ts';

const FLOAT_BYTES = 4;

/** Reads or locates `model.safetensors`; errors of code `input` name the file. */
export async function readWeights(path: string): Promise<Weights> {
  const places = [...(await locateSafetensors(path))];
  const mappable = places.every(([, { dtype, offset }]) => dtype === 'F32' && offset % FLOAT_BYTES === 0);
  if (mappable) {
    const location = basename(path);
    return new Map(
      places.map(([name, { shape, offset, length }]) => [name, { shape, external: { location, offset, length } }]),
    );
  }
  const { tensors } = await readSafetensors(path);
  return new Map([...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }]));
}
