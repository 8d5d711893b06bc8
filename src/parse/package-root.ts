/** Where this package lies: the build keeps one module per source file, so `src/` and `dist/` are the same way below it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Absolute folder that holds package.json and models/. */
export const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

/** The package's version, as package.json states it. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
