/**
 * Reference data beside the repository (`../shared`: real images, goldens), used by tests and never copied in here.
 * Without it a test is skipped on a laptop, saying why, and fails where CI is set.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

const sharedRoot = new URL('../../../shared/', import.meta.url);

/** Absolute path of a file or folder of the reference data. */
export function sharedPath(relative: string): string {
  return fileURLToPath(new URL(relative, sharedRoot));
}

/** A `describe` whose tests need `needed` from the reference data. */
export function describeShared(needed: string, name: string, body: () => void): void {
  const missing = !existsSync(sharedPath(needed));
  if (missing && !process.env.CI) {
    describe.skip(`${name} (needs ../shared/${needed})`, body);
    return;
  }
  describe(name, body);
}
