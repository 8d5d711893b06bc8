/** The benches of the compact network run on the shipped model's configuration, and their twin computes the same. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, test, vi } from 'vitest';
import { benchConfig } from '../bench/config.ts';
import { openForward, openTraining } from '../bench/network.ts';
import { maskStride } from '../src/model/config.ts';
import { describeTorch, pythonWithTorch } from './helpers/python.ts';

// a whole process each, on a machine that may be busy
vi.setConfig({ testTimeout: 300_000 });

test('forward, training step and update run at the shapes of the shipped model', async () => {
  const config = await benchConfig();
  const shape = { images: 1, prompts: 2, tokens: 8, size: 64 };
  const forward = await openForward(config, shape);
  const training = await openTraining(config, shape);
  try {
    const { logits } = await forward.run();
    expect(logits).toHaveLength(2 * (64 / maskStride(config.pixelDecoder)) ** 2);
    const first = await training.step();
    expect(training.gradient.some((value) => value !== 0)).toBe(true);
    for (let i = 0; i < 5; i++) {
      training.update();
      await training.step();
    }
    expect(await training.step()).toBeLessThan(first);
  } finally {
    await Promise.all([forward.dispose(), training.dispose()]);
  }
});

describeTorch('the twin in PyTorch', () => {
  it('computes the same loss, answers and gradients', async () => {
    const script = fileURLToPath(new URL('../bench/twin.ts', import.meta.url));
    const small = ['--batch', '1', '--rounds', '1', '--size', '64', '--json'];
    const env = { ...process.env, PYTHON: pythonWithTorch() };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, ...small], { env });
    const { agrees, rows } = JSON.parse(stdout);
    expect(agrees).toBe(true);
    expect(rows.map(({ what }: { what: string }) => what)).toEqual(['forward', 'forward + backward']);
  });
});
