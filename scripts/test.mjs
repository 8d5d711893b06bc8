/**
 * `npm test`: installs and builds what a fresh clone lacks, runs every test (or those named: `npm test -- src/graph`) and
 * closes with one plain line, "N passed, N failed, N skipped". Exit code 1 if anything failed.
 *
 * A test file that cannot be loaded, and an error outside any test, count as one failed test each. With CI set a skipped
 * test counts as failed: what is skipped on a laptop for want of reference data has to run there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './prepare.mjs';

/**
 * Counts of one run.
 * @param report what vitest's JSON reporter wrote; null if it wrote nothing
 * @param exitCode vitest's exit code
 * @param strict whether a skipped test is a failed one
 * @returns counts, and the names of the skipped tests
 */
export function countTests(report, exitCode, strict) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const skippedNames = tests.filter((test) => !['passed', 'failed'].includes(test.status)).map((test) => test.fullName);
  let failed = tests.filter((test) => test.status === 'failed').length;
  failed += files.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  if (strict) failed += skippedNames.length;
  if (failed === 0 && (exitCode !== 0 || report === null)) failed = 1;
  return { passed, failed, skipped: strict ? 0 : skippedNames.length, skippedNames };
}

function main() {
  prepare();
  const folder = mkdtempSync(join(tmpdir(), 'biomedparse-test-'));
  const output = join(folder, 'report.json');
  const args = [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
    ...process.argv.slice(2),
  ];
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const run = spawnSync(process.execPath, [vitest, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const report = existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : null;
  rmSync(folder, { recursive: true, force: true });

  const strict = Boolean(process.env.CI);
  const counts = countTests(report, run.status ?? 1, strict);
  for (const name of counts.skippedNames)
    console.log(`${strict ? 'Skipped, which CI counts as failed' : 'Skipped'}: ${name}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main();
