/**
 * A program that reads checkpoints to the end, one after another in one process, and prints what became of each as a line
 * of JSON: so that a hang, a crash and the most memory that was ever in use can be seen from outside.
 *
 *   node --import tsx test/helpers/read-checkpoints.ts < paths
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '../../src/formats/checkpoint.ts';
import { byteCount } from '../../src/formats/tensor-source.ts';
import { BiomedParseError } from '../../src/util/errors.ts';

/** What became of one file. */
export interface ReadCheckpoint {
  /** Bytes of all its tensors together, and of the largest; null if it was refused. */
  readonly total: number | null;
  readonly largest: number;
  /** Null if it was read; the code is `untyped` for anything that is no BiomedParseError. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Of the processor, seconds. */
  readonly seconds: number;
  /** Most memory that the process ever had (resident), above what it had before the first file, bytes. */
  readonly peak: number;
}

const program = fileURLToPath(import.meta.url);

/** Reads files in a process of their own, which is ended if it takes longer than `limit` seconds in all. */
export async function readInChild(paths: readonly string[], limit: number): Promise<ReadCheckpoint[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, 'run'], { timeout: limit * 1000 });
  let [out, problems] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    problems += chunk;
  });
  child.stdin.end(paths.join('\n'));
  const ended = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(String(code ?? signal)));
  });
  const lines = out.split('\n').filter((line) => line !== '');
  if (ended !== '0' || lines.length !== paths.length) {
    throw new Error(`the reader ended with ${ended} after ${lines.length} of ${paths.length} files: ${problems}`);
  }
  return lines.map((line) => JSON.parse(line) as ReadCheckpoint);
}

/** As `convert` reads it: all tensors through one piece of memory. */
async function readAll(path: string): Promise<{ total: number; largest: number }> {
  const source = await openCheckpoint(path);
  try {
    const largest = Math.max(0, ...[...source.tensors.values()].map(byteCount));
    const memory = new Uint8Array(largest);
    let total = 0;
    for (const name of source.tensors.keys()) total += (await source.read(name, memory)).bytes.byteLength;
    return { total, largest };
  } finally {
    await source.close();
  }
}

/** Most resident memory of this process, bytes. Linux's maxRSS begins with what the parent process had. */
function most(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(peak) * 1024;
}

async function main(): Promise<void> {
  const before = most();
  for (const path of readFileSync(0, 'utf8').split('\n')) {
    const clock = process.cpuUsage();
    let result: Pick<ReadCheckpoint, 'total' | 'largest' | 'error'>;
    try {
      result = { ...(await readAll(path)), error: null };
    } catch (error) {
      const code = error instanceof BiomedParseError ? error.code : 'untyped';
      result = { total: null, largest: 0, error: { code, message: String((error as Error).message) } };
    }
    const { user, system } = process.cpuUsage(clock);
    const line: ReadCheckpoint = { ...result, seconds: (user + system) / 1e6, peak: most() - before };
    console.log(JSON.stringify(line));
  }
}

if (process.argv[2] === 'run') await main();
