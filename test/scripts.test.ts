/** What `npm test` and `npm run demo` decide before any package is installed: see scripts/. */
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Lock = { packages: Record<string, { version: string; optional?: boolean; link?: boolean }> };
interface Prepare {
  missingPackages(lock: Lock, installed: Lock): string[];
  isOutdated(output: string, inputs: string[]): boolean;
}
interface Report {
  testResults: { status: string; assertionResults: { status: string; fullName: string }[] }[];
}
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  skippedNames: string[];
}
interface TestScript {
  countTests(report: Report | null, exitCode: number, strict: boolean): Counts;
}

// The scripts are plain JavaScript without declarations: they run before TypeScript is installed.
async function script<T>(name: string): Promise<T> {
  return (await import(new URL(`../scripts/${name}`, import.meta.url).href)) as T;
}

describe('missingPackages', () => {
  const lock: Lock = {
    packages: {
      '': { version: '1' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optional: true },
    },
  };
  it('names what is not installed or has another version, and lets optional packages be absent', async () => {
    const { missingPackages } = await script<Prepare>('prepare.mjs');
    expect(missingPackages(lock, { packages: { 'node_modules/a': { version: '1.0.0' } } })).toEqual([]);
    expect(missingPackages(lock, { packages: { 'node_modules/a': { version: '1.0.1' } } })).toEqual(['node_modules/a']);
    expect(missingPackages(lock, { packages: {} })).toEqual(['node_modules/a']);
  });
});

describe('isOutdated', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'biomedparse-scripts-'));
    await mkdir(join(folder, 'src', 'deep'), { recursive: true });
    for (const name of ['src/deep/a.ts', 'out.js']) await writeFile(join(folder, name), '');
    for (const name of ['src/deep/a.ts', 'src/deep', 'src']) await utimes(join(folder, name), 1000, 1000);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('compares the output with everything below the inputs', async () => {
    const { isOutdated } = await script<Prepare>('prepare.mjs');
    const [output, source] = [join(folder, 'out.js'), join(folder, 'src')];
    await utimes(output, 2000, 2000);
    expect(isOutdated(output, [source, join(folder, 'none')])).toBe(false);
    await utimes(join(source, 'deep', 'a.ts'), 3000, 3000);
    expect(isOutdated(output, [source])).toBe(true);
    expect(isOutdated(join(folder, 'missing.js'), [])).toBe(true);
  });
});

describe('countTests', () => {
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((one, i) => ({ status: one, fullName: `test ${i}` })),
  });
  const report: Report = {
    testResults: [file('passed', 'passed', 'passed', 'skipped'), file('failed', 'failed', 'passed')],
  };

  it('counts tests of all files', async () => {
    const { countTests } = await script<TestScript>('test.mjs');
    expect(countTests(report, 1, false)).toEqual({ passed: 3, failed: 1, skipped: 1, skippedNames: ['test 2'] });
  });
  it('counts a skipped test as failed where it has to run', async () => {
    const { countTests } = await script<TestScript>('test.mjs');
    expect(countTests({ testResults: [file('passed', 'passed', 'pending')] }, 0, true)).toMatchObject({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });
  it('counts a file that cannot be loaded, an error outside tests and a missing report as failures', async () => {
    const { countTests } = await script<TestScript>('test.mjs');
    expect(countTests({ testResults: [file('failed'), file('passed', 'passed')] }, 1, false)).toMatchObject({
      passed: 1,
      failed: 1,
    });
    expect(countTests({ testResults: [file('passed', 'passed')] }, 1, false)).toMatchObject({ passed: 1, failed: 1 });
    expect(countTests(null, 0, false)).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
  });
});
