/** Progress lines where standard error is no terminal: what is done, how fast, how long it will take. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CliIo } from './io.ts';
import { startProgress } from './progress.ts';

afterEach(() => vi.restoreAllMocks());

/** The lines of updates at given seconds. */
function lines(total: number, updates: readonly (readonly [seconds: number, done: number])[]): string {
  let text = '';
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now * 1000);
  const err = (line: string): void => {
    text += line;
  };
  const io = { err, terminal: false } as unknown as CliIo;
  const progress = startProgress(io, 'slices', total);
  for (const [seconds, done] of updates) {
    now = seconds;
    progress.update(done);
  }
  progress.stop();
  return text;
}

describe('startProgress', () => {
  it('says every ten seconds how much is left, and at the end only what was done', () => {
    expect(
      lines(20, [
        [1, 1],
        [10, 5],
        [12, 6],
        [40, 20],
      ]),
    ).toBe('5 of 20 slices, 0.5 a second, about 30 s left\n20 of 20 slices, 0.5 a second\n');
  });

  it('says the end once, and without a total only what is done', () => {
    const steps = [1, 2, 3].map((second): [number, number] => [second, 20]);
    expect(lines(20, steps)).toBe('20 of 20 slices, 20.0 a second\n');
    const unknown = [1, 10, 11, 12].map((second): [number, number] => [second, 5 * second]);
    expect(lines(0, unknown)).toBe('50 slices, 5.0 a second\n');
  });

  it('gives long times in minutes and hours', () => {
    expect(lines(100, [[60, 10]])).toContain('about 9 min left');
    expect(lines(1000, [[60, 7]])).toContain('about 2 h 22 min left');
  });
});
