/**
 * Programs and Python modules of Debian packages that tests compare with. Root gets them installed on Debian where they are missing; else
 * the tests are skipped by name, and fail where CI is set.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe } from 'vitest';

const TRIES = 6;
const PAUSE = 5000;

const found = (program: string): boolean => spawnSync('which', [program], { stdio: 'ignore' }).status === 0;

/** Installs packages if that is possible here; gives why it was not, null if it was. */
export function aptInstall(packages: readonly string[]): string | null {
  if (process.getuid?.() !== 0 || !found('apt-get')) return 'not root on Debian';
  const apt = (...words: string[]): Buffer =>
    execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...words], { stdio: 'pipe' });
  for (let tried = 1; ; tried++) {
    try {
      apt('update');
      apt('install', '-y', '--no-install-recommends', ...packages);
      return null;
    } catch (error) {
      // another test file may be at it: for the lock of the package lists apt does not wait
      if (tried === TRIES)
        return (
          String((error as { stderr?: unknown }).stderr)
            .trim()
            .split('\n')
            .at(-1) ?? 'failed'
        );
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
  }
}

/** A `describe` whose tests need what `missing` names, which lies in those packages. */
export function describeWith(
  missing: () => readonly string[],
  packagesOf: (missing: readonly string[]) => readonly string[],
  name: string,
  body: () => void,
): void {
  const before = missing();
  const reason = before.length === 0 ? null : aptInstall(packagesOf(before));
  const lacking = before.length === 0 ? before : missing();
  if (lacking.length === 0) {
    describe(name, body);
    return;
  }
  const named = `${name} (needs ${lacking.join(', ')}${reason === null ? '' : `; ${reason}`})`;
  if (process.env.CI) describe(named, body);
  else describe.skip(named, body);
}

/** A `describe` that needs programs (or files, by their paths), each of a package. */
export function describePrograms(programs: Readonly<Record<string, string>>, name: string, body: () => void): void {
  const there = (program: string): boolean => (program.startsWith('/') ? existsSync(program) : found(program));
  const missing = (): string[] => Object.keys(programs).filter((program) => !there(program));
  describeWith(missing, (lacking) => [...new Set(lacking.map((program) => programs[program]))], name, body);
}
