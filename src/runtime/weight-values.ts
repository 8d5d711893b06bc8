/** Values of a weight, read from its file where it is not in memory. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Weight } from '../graph/onnx/lower.ts';
import { BiomedParseError } from '../util/errors.ts';

/** Values of a weight in row-major order; one in a file lies in `folder`. */
export function valuesOf(weight: Weight, folder = '.'): Float32Array {
  if ('data' in weight) return weight.data;
  const { location, offset, length } = weight.external;
  const values = new Float32Array(length / Float32Array.BYTES_PER_ELEMENT);
  const path = join(folder, location);
  const file = openSync(path, 'r');
  try {
    const count = readSync(file, new Uint8Array(values.buffer), 0, length, offset);
    if (count !== length) throw new BiomedParseError('model', `${path} ended at ${offset + count}`, { path });
    return values;
  } finally {
    closeSync(file);
  }
}
