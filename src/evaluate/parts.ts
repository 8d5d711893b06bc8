/**
 * An evaluation has parts that ask the same images different things: overlap and presence, recognition, wordings. They take turns at an
 * image while it is open, so that it is read and encoded once for all of them.
 */
import type { DatasetItem } from '../dataset/index.ts';
import type { Answerer } from './answerers.ts';
import type { EvaluateOptions } from './evaluate.ts';

/** One part. */
export interface Part<Opened, Report> {
  /** The images that it looks at. */
  readonly items: readonly DatasetItem[];
  look(item: DatasetItem, image: Opened): Promise<void>;
  /** What was found, in so many seconds of opening and asking its images. */
  report(seconds: number): Report;
}

/** A part whose report is made into something else. */
export function reportedAs<Opened, Report, Other>(
  part: Part<Opened, Report>,
  other: (report: Report) => Other,
): Part<Opened, Other> {
  return { ...part, report: (seconds) => other(part.report(seconds)) };
}

/** Opens the images that a part looks at, in order, each once for all parts; gives their reports. */
export async function runParts<Opened, Report>(
  { open, close }: Pick<Answerer<Opened>, 'open' | 'close'>,
  items: readonly DatasetItem[],
  parts: readonly Part<Opened, Report>[],
  { signal, onProgress }: Pick<EvaluateOptions, 'signal' | 'onProgress'>,
): Promise<Report[]> {
  const wanted = parts.map((part) => new Set(part.items));
  const opened = items.filter((item) => wanted.some((own) => own.has(item)));
  const milliseconds = parts.map(() => 0);
  for (const [done, item] of opened.entries()) {
    signal?.throwIfAborted();
    const start = performance.now();
    const image = await open(item, signal);
    const opening = performance.now() - start;
    try {
      for (const [i, part] of parts.entries()) {
        if (!wanted[i].has(item)) continue;
        const before = performance.now();
        await part.look(item, image);
        milliseconds[i] += opening + performance.now() - before;
      }
    } finally {
      close(image);
    }
    onProgress?.(done + 1, opened.length);
  }
  return parts.map((part, i) => part.report(milliseconds[i] / 1000));
}
