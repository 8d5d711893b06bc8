/** Temporary folders of a test run lie in one folder of its own, which goes when the run ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs before the workers start, so that they inherit the folder; gives what to do at the end. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'biomedparse-tests-'));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
