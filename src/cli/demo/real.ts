/** `npm run demo -- --real`: real images, fetched by name and checksum into the user's cache. */
import { join } from 'node:path';
import { cacheFolder } from '../../util/cache-folder.ts';
import type { CliIo } from '../io.ts';
import { download } from './download.ts';
import { EXAMPLES_COMMIT, EXAMPLES_ORIGIN, EXAMPLES_URL, type RealExample, realExamples } from './examples.ts';
import { type DemoOptions, type Example, showExamples } from './show.ts';

/** Where the images come from and go to; tests hand in their own. */
export interface RealSource {
  readonly examples: readonly RealExample[];
  readonly baseUrl: string;
  readonly folder: string;
}

/** The published examples; the environment variable BIOMEDPARSE_EXAMPLES_URL names another server that has the same files. */
export function realSource(env: Readonly<Record<string, string | undefined>> = process.env): RealSource {
  return {
    examples: realExamples,
    baseUrl: env.BIOMEDPARSE_EXAMPLES_URL || EXAMPLES_URL,
    folder: join(cacheFolder(env), 'examples', EXAMPLES_COMMIT.slice(0, 12)),
  };
}

/** Fetches what the cache lacks, then segments all. */
export async function runRealDemo(options: DemoOptions, io: CliIo, source: RealSource = realSource()): Promise<void> {
  const examples: Example[] = [];
  for (const example of source.examples) {
    const file = await download(example, {
      baseUrl: source.baseUrl,
      folder: source.folder,
      signal: io.signal,
      onFetch: (url, { bytes }) => io.err(`Downloading ${url} (${Math.ceil(bytes / 1024)} KiB)\n`),
    });
    examples.push({ file, questions: example.prompts.map((text) => ({ text })) });
  }
  await showExamples(examples, options, io);
  io.out(`Images: ${EXAMPLES_ORIGIN}; kept in ${source.folder}\n`);
}
