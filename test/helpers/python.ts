/** Python with PyTorch for tests: Debian's packages, installed when the tests run as root on Debian and they are missing. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { describeWith } from './programs.ts';

const PACKAGES = ['python3-torch', 'python3-numpy', 'python3-pil'];

/** A few threads of OpenBLAS on few cores only wait for one another. */
const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' };

function find(): string | undefined {
  const works = (python: string): boolean =>
    spawnSync(python, ['-c', 'import torch, numpy, PIL'], { env, stdio: 'ignore' }).status === 0;
  return ['/usr/bin/python3', 'python3'].find(works);
}

let found: string | undefined;

/** The interpreter, which `describeTorch` sees to; throws where there is none. */
export function pythonWithTorch(): string {
  found ??= find();
  if (found === undefined) throw new Error(`needs python3 with torch, numpy and PIL (Debian: ${PACKAGES.join(', ')})`);
  return found;
}

/** A `describe` whose tests need PyTorch. */
export function describeTorch(name: string, body: () => void): void {
  const missing = (): string[] => {
    found ??= find();
    return found === undefined ? PACKAGES : [];
  };
  describeWith(missing, () => PACKAGES, name, body);
}

/** Runs Python in a folder; gives what it printed, throws with the end of its complaints. */
export function runPython(cwd: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): string {
  const run = spawnSync(pythonWithTorch(), args, {
    cwd,
    env: { ...env, ...more },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`python ended with ${run.status}: ${run.stderr.slice(-3000)}`);
  return run.stdout;
}

/** Runs the same call in several processes at once, each with settings of its own; where one fails the others are ended. */
export async function runPythons(
  cwd: string,
  args: readonly string[],
  each: readonly Record<string, string>[],
): Promise<void> {
  const started: ChildProcess[] = [];
  const runs = each.map(
    (more) =>
      new Promise<void>((done, fail) => {
        const run = spawn(pythonWithTorch(), args, {
          cwd,
          env: { ...env, ...more },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        started.push(run);
        let complaints = '';
        run.stderr.on('data', (text) => {
          complaints += text;
        });
        run.on('error', fail);
        run.on('exit', (code) =>
          code === 0 ? done() : fail(new Error(`python ended with ${code}: ${complaints.slice(-3000)}`)),
        );
      }),
  );
  try {
    await Promise.all(runs);
  } finally {
    for (const run of started) run.kill('SIGKILL');
    await Promise.allSettled(runs);
  }
}
