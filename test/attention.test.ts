import { expect, test } from 'vitest';
import { lowerToOnnx } from '../src/graph/onnx/lower.ts';
import { cpuTarget } from '../src/graph/onnx/target.ts';
import { slice } from '../src/graph/ops/index.ts';
import { input, topologicalOrder } from '../src/graph/tensor.ts';
import { attendInTurns } from '../src/graph/turns.ts';
import { attend } from '../src/model/layers.ts';
import { openSession } from '../src/runtime/session.ts';
import { createRandom } from '../src/util/random.ts';

const [heads, queries, keys, inner] = [2, 5, 2 ** 19, 2];

test('queries that take turns see what each sees alone, its own hidden keys included', async () => {
  const [q, k, v] = [
    input('q', [1, heads, queries, inner]),
    input('k', [1, heads, keys, inner]),
    input('v', [1, heads, keys, inner]),
  ];
  const blocked = input('blocked', [1, 1, queries, keys], 'bool');
  const alone = Array.from({ length: queries }, (_, i): [string, ReturnType<typeof attend>] => [
    `alone${i}`,
    attend(slice(q, 2, i, i + 1), k, v, slice(blocked, 2, i, i + 1)),
  ]);
  const [turns] = attendInTurns([attend(q, k, v, blocked)]);
  expect(topologicalOrder([turns]).filter(({ op }) => op === 'softmax')).toHaveLength(3);
  const model = lowerToOnnx({ turns, ...Object.fromEntries(alone) }, { name: 'attention', target: cpuTarget });
  const random = createRandom(1);
  const noise = (count: number): Float32Array => Float32Array.from({ length: heads * count * inner }, random.normal);
  // query 0 sees every key, query 1 every second one, query 2 every third one, and so on
  const hidden = Uint8Array.from({ length: queries * keys }, (_, i) =>
    (i % keys) % (Math.floor(i / keys) + 1) ? 1 : 0,
  );
  const session = await openSession(model, { threads: 1 });
  const found = await session.run({ q: noise(queries), k: noise(keys), v: noise(keys), blocked: hidden });
  await session.dispose();
  const each = alone.flatMap(([name]) => [...(found[name] as Float32Array)]);
  const together = [...(found.turns as Float32Array)];
  expect(together).toHaveLength(queries * heads * inner);
  for (const [i, value] of together.entries()) expect(value).toBeCloseTo(each[i], 6);
  expect(new Set(together.map((value) => value.toFixed(6))).size).toBeGreaterThan(queries);
});

test('small attention stays whole', () => {
  const [q, k] = [input('q', [1, 2, 3, 4]), input('k', [1, 2, 5, 4])];
  const whole = attend(q, k, k);
  expect(attendInTurns([whole])).toEqual([whole]);
});
