/**
 * The weights of a model folder as the runtime takes them. A float32 file is only located: ONNX Runtime maps it, so a
 * network of more than a gigabyte is neither read twice nor copied. Any other file is read and made float32.
 */
import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { locateSafetensors, openSafetensors, toFloat32 } from '../formats/safetensors.ts';
import { byteCount } from '../formats/tensor-source.ts';
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
  return { weights: await readFloats(path), folder: dirname(path) };
}

/** All tensors of a file as float32, the file itself passing through the memory of its largest tensor. */
async function readFloats(path: string): Promise<Weights> {
  const source = await openSafetensors(path);
  try {
    const memory = new Uint8Array(Math.max(0, ...[...source.tensors.values()].map(byteCount)));
    const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, { shape, dtype }] of source.tensors) {
      // float32 values would be a view of the memory that the next tensor is read into
      const tensor = await source.read(name, dtype === 'F32' ? undefined : memory);
      weights.set(name, { shape, data: toFloat32(tensor) });
    }
    return weights;
  } finally {
    await source.close();
  }
}
