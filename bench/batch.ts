/**
 * A made-up batch of the trainer's shapes, and fresh parameters; the same seed gives the same numbers. Speed does not
 * depend on the values, but the comparison with the twin needs targets, prompts and fillers that look like real ones.
 */
import { type ModelConfig, maskStride } from '../src/model/config.ts';
import type { ParameterSpec } from '../src/model/parameters.ts';
import type { Values } from '../src/runtime/session.ts';
import { initialise } from '../src/train/checkpoint.ts';
import type { BatchShape } from '../src/train/losses.ts';
import { createSharedState, layoutOf, type Slot } from '../src/train/shared.ts';
import { createRandom } from '../src/util/random.ts';

const seed = 1;

/** The training graph's inputs: `pixels`, `ids`, `ends`, `filler`, `targets`, `present` (shapes in src/train/losses.ts). */
export function makeBatch(shape: BatchShape, config: ModelConfig): Record<string, Values> {
  const random = createRandom(seed);
  const { images, prompts, tokens, size } = shape;
  const rows = images * prompts;
  const side = size / maskStride(config.pixelDecoder);
  const ids = new BigInt64Array(rows * tokens);
  const ends = new BigInt64Array(rows);
  const filler = new Uint8Array(rows * tokens);
  const targets = new Float32Array(rows * side * side);
  const present = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const length = 3 + random.integer(tokens - 3);
    for (let k = 0; k < tokens; k++) {
      ids[row * tokens + k] = k < length - 1 ? BigInt(2 + random.integer(config.text.vocabulary - 2)) : 1n;
    }
    ends[row] = BigInt(length - 1);
    filler.fill(1, row * tokens + length, (row + 1) * tokens);
    // every fourth prompt asks for something absent: an empty target
    if (row % 4 === 3) continue;
    present[row] = 1;
    const [cx, cy, radius] = [random.uniform(0.3, 0.7), random.uniform(0.3, 0.7), random.uniform(0.05, 0.3)];
    for (let i = 0; i < side * side; i++) {
      const distance = Math.hypot((i % side) / side - cx, Math.floor(i / side) / side - cy);
      targets[row * side * side + i] = Math.min(1, Math.max(0, (radius - distance) * side + 0.5));
    }
  }
  const pixels = Float32Array.from({ length: images * 3 * size * size }, () => random.uniform(0, 255));
  return { pixels, ids, ends, filler, targets, present };
}

/** Fresh parameters in one flat array, and the place of each. */
export function makeParameters(specs: ReadonlyMap<string, ParameterSpec>): { slots: Slot[]; values: Float32Array } {
  const { slots, total } = layoutOf(specs);
  const shared = createSharedState(total, 1);
  initialise(specs, slots, shared, seed);
  return { slots, values: new Float32Array(shared.parameters).slice() };
}
