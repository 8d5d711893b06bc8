/**
 * `data build` on many slices: memory over time, and its speed beside that of decoding and encoding the same files alone with the image library, in
 * turns in one run (the build itself packs masks without it: formats/mask-png.ts). With
 * `--kills n` the build is killed n times at random moments, resumed, and its bytes are compared with those of an undisturbed one.
 *
 *     npm run build && node --import tsx bench/data-build.ts [--slices 2000] [--workers 2] [--kills 0]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodePng, readRaster } from '../src/formats/raster.ts';
import { createRandom } from '../src/util/random.ts';

const { values } = parseArgs({
  options: {
    slices: { type: 'string', default: '2000' },
    workers: { type: 'string', default: String(availableParallelism()) },
    kills: { type: 'string', default: '0' },
    baseline: { type: 'string' },
  },
});
const SIDE = 256;
/** Different files; the rest are links to them, as what they hold does not matter. */
const DIFFERENT = 100;
/** Slices that are decoded and encoded alone, before and after; of more the time is scaled. */
const ALONE = 5000;

/** Smooth shapes with noise, as a slice of a scan has them, and a label map of three values. */
async function writeSource(folder: string, slices: number): Promise<void> {
  const random = createRandom(1);
  for (const name of ['images', 'masks']) await mkdir(join(folder, name), { recursive: true });
  for (let i = 0; i < slices; i++) {
    const names = ['images', 'masks'].map((name) => join(folder, name, `${i}.png`));
    if (i >= DIFFERENT) {
      for (const name of names) await link(name.replace(/\d+\.png$/, `${i % DIFFERENT}.png`), name);
      continue;
    }
    const [cx, cy] = [random.uniform(80, 176), random.uniform(80, 176)];
    const image = new Uint8Array(SIDE * SIDE);
    const mask = new Uint8Array(SIDE * SIDE);
    for (let at = 0; at < image.length; at++) {
      const distance = Math.hypot((at % SIDE) - cx, Math.floor(at / SIDE) - cy);
      image[at] = Math.max(0, 200 - distance + 8 * random.normal());
      mask[at] = distance < 20 ? 2 : distance < 45 ? 1 : 0;
    }
    const size = { width: SIDE, height: SIDE, channels: 1 } as const;
    await writeFile(names[0], await encodePng({ data: image, ...size }));
    await writeFile(names[1], await encodePng({ data: mask, ...size }));
  }
}

const RECIPE = `name: bench
title: Synthetic slices
licence: none
modality: MRI
site: brain
annotation: exhaustive
split: {test: 0.2}
parts:
  - images: images/{slice:digits}.png
    masks: [{file: 'masks/{slice}.png', reader: labels, labels: {1: edema, 2: brain tumor}}]
`;

/** What the build cannot do without: every file decoded, an image and two masks encoded. Nothing is written. */
async function baseline(folder: string, slices: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < slices; i = next++) {
      const image = await readRaster(join(folder, 'images', `${i}.png`));
      const mask = await readRaster(join(folder, 'masks', `${i}.png`));
      const of = (value: number): Uint8Array => (mask.data as Uint8Array).map((one) => (one === value ? 255 : 0));
      await Promise.all([encodePng(image), encodePng({ ...mask, data: of(1) }), encodePng({ ...mask, data: of(2) })]);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

interface Measured {
  readonly seconds: number;
  /** Seconds of all cores together. */
  readonly cpu: number;
  readonly memory: readonly number[];
  readonly code: number | null;
}

/** Time and processor time of a process, and its memory in MB every quarter of a second. */
async function measure(child: ChildProcess): Promise<Measured> {
  const start = performance.now();
  const memory: number[] = [];
  let cpu = 0;
  const timer = setInterval(async () => {
    // user and system time in hundredths of a second, behind the name in brackets
    const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => '');
    const times = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    if (times.length === 2) cpu = Math.max(cpu, (times[0] + times[1]) / 100);
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const found = /VmRSS:\s+(\d+) kB/.exec(status);
    if (found !== null) memory.push(Number(found[1]) / 1024);
  }, 250);
  const code = await new Promise<number | null>((done) => child.on('exit', done));
  clearInterval(timer);
  return { seconds: (performance.now() - start) / 1000, cpu, memory, code };
}

async function hashOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    hash.update(path.slice(folder.length)).update(await readFile(path));
  }
  return hash.digest('hex');
}

const mean = (list: readonly number[]): number =>
  list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);

async function main(): Promise<void> {
  const slices = Number(values.slices);
  const root = await mkdtemp(join(tmpdir(), 'biomedparse-bench-'));
  try {
    const source = join(root, 'source');
    await writeSource(source, slices);
    await writeFile(join(root, 'bench.yaml'), RECIPE);
    const alike = Math.min(slices, ALONE);
    const here = fileURLToPath(import.meta.url);
    const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
    const alone = () =>
      measure(
        spawn(process.execPath, ['--import', 'tsx', here, '--baseline', source, '--slices', String(alike)], {
          stdio: 'inherit',
        }),
      );
    const build = (out: string): ChildProcess => {
      const call = ['data', 'build', join(root, 'bench.yaml'), '--source', source, '--out', join(root, out)];
      return spawn(process.execPath, [program, ...call, '--size', String(SIDE), '--workers', values.workers], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    };
    const before = await alone();
    const whole = await measure(build('whole'));
    const after = await alone();
    if (whole.code !== 0) throw new Error(`the build ended with ${whole.code}`);
    const quarter = Math.floor(whole.memory.length / 4);
    const scale = slices / alike / 2;
    const least = (before.seconds + after.seconds) * scale;
    const cpu = whole.cpu / ((before.cpu + after.cpu) * scale);
    console.log(
      [
        `${slices} slices of ${SIDE} px, ${values.workers} workers`,
        `decoding and encoding ${alike} alone: ${before.seconds.toFixed(1)} s before, ${after.seconds.toFixed(1)} s after; ${before.cpu.toFixed(1)} and ${after.cpu.toFixed(1)} s of processor`,
        `build: ${whole.seconds.toFixed(1)} s, ${(slices / whole.seconds).toFixed(0)} slices a second, ${(whole.seconds / least).toFixed(2)} times that; ${whole.cpu.toFixed(1)} s of processor, ${cpu.toFixed(2)} times`,
        `memory: at most ${Math.max(...whole.memory).toFixed(0)} MB, second quarter ${mean(whole.memory.slice(quarter, 2 * quarter)).toFixed(0)} MB, last quarter ${mean(whole.memory.slice(-quarter)).toFixed(0)} MB`,
      ].join('\n'),
    );
    if (Number(values.kills) === 0) return;
    const random = createRandom(7);
    let killed = 0;
    while (killed < Number(values.kills)) {
      const child = build('killed');
      const timer = setTimeout(
        () => child.kill('SIGKILL'),
        random.uniform(0.3, 1.5 + (1.5 * whole.seconds) / Number(values.kills)) * 1000,
      );
      const { code } = await measure(child);
      clearTimeout(timer);
      if (code === null) killed++;
      else await rm(join(root, 'killed'), { recursive: true });
    }
    const { code } = await measure(build('killed'));
    const same = (await hashOf(join(root, 'killed'))) === (await hashOf(join(root, 'whole')));
    console.log(`killed ${killed} times, then ended with ${code}: ${same ? 'the same bytes' : 'OTHER BYTES'}`);
    if (!same) process.exitCode = 1;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

if (values.baseline === undefined) await main();
else await baseline(values.baseline, Number(values.slices));
