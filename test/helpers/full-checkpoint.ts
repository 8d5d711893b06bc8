/** The full-size checkpoint (1.37 GB, seeded random weights), written by the reference data's own tool in Python. */
import { execFileSync } from 'node:child_process';
import { aptInstall } from './programs.ts';
import { sharedPath } from './shared.ts';

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** An interpreter that has numpy; root gets Debian's package where none has. */
function pythonWithNumpy(): string {
  const found = (): string | undefined =>
    ['python3', '/usr/bin/python3'].find((python) => works(python, '-c', 'import numpy'));
  if (found() === undefined) aptInstall(['python3-numpy']);
  const python = found();
  if (python === undefined)
    throw new Error('the full-size checkpoint needs python3 with numpy (Debian: python3-numpy)');
  return python;
}

/** Writes the checkpoint as safetensors, about half a minute. */
export function writeFullCheckpoint(path: string): void {
  const script = sharedPath('tools/make_full_checkpoint.py');
  execFileSync(pythonWithNumpy(), ['-B', script, path], { stdio: ['ignore', 'ignore', 'inherit'] });
}
