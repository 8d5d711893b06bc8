/** The real program in its own process: streams, exit status, and that help does not load what it does not need. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

function biomedparse(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', main, ...argv], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  return { status, stdout, stderr };
}

describe('biomedparse', () => {
  it('prints its version', () => {
    const { status, stdout, stderr } = biomedparse('--version');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
  it('ends with 2 and one line for a wrong option', () => {
    const { status, stdout, stderr } = biomedparse('segment', 'a.png', '--prompt', 'lung', '--colour');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^biomedparse: unknown option '--colour'; allowed: --prompt,[^\n]*\n$/);
  });
  it('ends with 1 and one line for a data folder that is not there', () => {
    const { status, stdout, stderr } = biomedparse('evaluate', '/no/such/data', '--json');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^biomedparse: [^\n]*\/no\/such\/data[^\n]*\n$/);
  });
});
