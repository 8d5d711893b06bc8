import { expect, test } from 'vitest';
import type { DatasetItem } from '../dataset/index.ts';
import { type Part, reportedAs, runParts } from './parts.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name }) as DatasetItem);

/** Opens images as their names, and writes down what happens. */
function watched() {
  const events: string[] = [];
  const answerer = {
    open: async ({ name }: DatasetItem) => {
      events.push(`open ${name}`);
      return name;
    },
    close: (name: string) => void events.push(`close ${name}`),
  };
  const part = (called: string, items: readonly DatasetItem[]): Part<string, string> => ({
    items,
    look: async (_, image) => void events.push(`${called} ${image}`),
    report: (seconds) => `${called} ${seconds > 0}`,
  });
  return { events, answerer, part };
}

test('parts take turns at each image that one of them wants, while it is open', async () => {
  const { events, answerer, part } = watched();
  const told: number[] = [];
  const reports = await runParts(answerer, [a, b, c], [part('one', [c]), part('two', [a, c])], {
    onProgress: (done, total) => told.push(done, total),
  });
  expect(events).toEqual(['open a', 'two a', 'close a', 'open c', 'one c', 'two c', 'close c']);
  expect(reports).toEqual(['one true', 'two true']);
  expect(told).toEqual([1, 2, 2, 2]);
});

test('a part that looks at nothing took no time', async () => {
  const { events, answerer, part } = watched();
  expect(await runParts(answerer, [a], [part('none', [])], {})).toEqual(['none false']);
  expect(events).toEqual([]);
});

test('an image is closed where a part fails, and none is opened after a signal', async () => {
  const { events, answerer, part } = watched();
  const stop = new AbortController();
  const stopping = { ...part('stops', [a, b]), look: async () => stop.abort() };
  await expect(runParts(answerer, [a, b], [stopping], { signal: stop.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(events).toEqual(['open a', 'close a']);
  const failing = { ...part('fails', [b]), look: () => Promise.reject(new Error('no mask')) };
  await expect(runParts(answerer, [a, b], [failing], {})).rejects.toThrow('no mask');
  expect(events.slice(2)).toEqual(['open b', 'close b']);
});

test('a report can be made into something else', async () => {
  const { answerer, part } = watched();
  const loud = reportedAs(part('one', [a]), (report) => report.toUpperCase());
  expect(await runParts(answerer, [a], [loud], {})).toEqual(['ONE TRUE']);
});
