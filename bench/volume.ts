/**
 * A CT of 512 x 512 x 300 voxels through `segment`, made by repeating a real series there and back: peak memory of the program,
 * seconds a slice beside the model alone on the same pictures (slice by slice in turns), and whether a run that was
 * killed in the middle is finished to the same bytes.
 *
 *   npm run build && node --import tsx bench/volume.ts <folder of a DICOM series> [--slices 300]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readDicomSeries } from '../src/formats/dicom/series.ts';
import { writeNifti } from '../src/formats/nifti.ts';
import { cutSlice } from '../src/image/slice.ts';
import type { Samples, Volume } from '../src/image/volume.ts';
import { loadModel } from '../src/parse/load.ts';
import { folderStore } from '../src/parse/slice-store.ts';
import { scanVolume } from '../src/parse/volume.ts';
import { displaySlice, volumeDisplay } from '../src/parse/volume-display.ts';
import { type Lap, readCount, timed } from './measure.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { slices: { type: 'string', default: '300' } },
});
const [series] = positionals;
const count = readCount('slices', options.slices, 10);
if (series === undefined) {
  console.error('give the folder of a DICOM series');
  process.exit(2);
}
const prompts = ['liver', 'spleen', 'left kidney', 'aorta'];
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'biomedparse-volume-'));
const file = join(folder, 'ct.nii.gz');

/** Slices there and back, so that neighbours are alike everywhere. */
function repeated(volume: Volume): Volume {
  const [columns, rows, slices] = volume.size;
  const area = columns * rows;
  const data = new (volume.data.constructor as new (n: number) => Samples)(area * count);
  for (let k = 0; k < count; k++) {
    const at = k % (2 * slices);
    const from = at < slices ? at : 2 * slices - 1 - at;
    data.set(volume.data.subarray(from * area, (from + 1) * area), k * area);
  }
  return { ...volume, size: [columns, rows, count], data };
}

/** Seconds a slice of the model alone and of the scan, in turns on each slice: medians of the wall clock and of CPU time. */
async function speed(volume: Volume): Promise<{ alone: Lap; scan: Lap }> {
  const model = await loadModel();
  const display = volumeDisplay(volume, prompts, { modality: 'CT' });
  const kept = await folderStore(join(folder, 'speed'));
  const alone: Lap[] = [];
  const scan: Lap[] = [];
  const askAlone = async (index: number): Promise<void> => {
    const slice = cutSlice(volume, 'axial', index);
    const picture = displaySlice(slice, display.window);
    const lap = timed(async () => {
      const encoded = await model.encode(picture, { pixelSpacing: slice.spacing });
      for await (const _ of encoded.ask(prompts));
      encoded.dispose();
    });
    alone.push(await lap());
  };
  let [start, before] = [0, process.cpuUsage()];
  await scanVolume(model, volume, prompts, {
    modality: 'CT',
    slices: { stop: Math.min(60, count) },
    store: {
      // the model alone goes first on every other slice, so that neither side pays for what the other leaves behind
      async read(index) {
        if (index % 2 === 0) await askAlone(index);
        [start, before] = [performance.now(), process.cpuUsage()];
        return null;
      },
      async write(index, record) {
        await kept.write(index, record);
        const used = process.cpuUsage(before);
        scan.push({ wall: (performance.now() - start) / 1000, cpu: (used.user + used.system) / 1e6 });
        if (index % 2 === 1) await askAlone(index);
      },
    },
  });
  await model.dispose();
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];
  const of = (laps: readonly Lap[]): Lap => ({
    wall: median(laps.map((lap) => lap.wall)),
    cpu: median(laps.map((lap) => lap.cpu)),
  });
  return { alone: of(alone), scan: of(scan) };
}

/** Runs the program; `stopAt` kept slices it is killed. Gives seconds and peak resident memory in GB. */
async function run(out: string, stopAt = Number.POSITIVE_INFINITY): Promise<{ seconds: number; peak: number }> {
  const ask = prompts.flatMap((prompt) => ['-p', prompt]);
  const start = performance.now();
  const child = spawn(process.execPath, [main, 'segment', file, ...ask, '--modality', 'CT', '--out', out], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1e6);
      const work = readdirSync(out).find((name) => name.endsWith('.work'));
      if (work !== undefined && readdirSync(join(out, work)).length >= stopAt) child.kill('SIGKILL');
    } catch {
      // not there yet, or gone already
    }
    await wait(50);
  }
  const code = await ended;
  if (code !== 0 && stopAt > count) throw new Error(`the program ended with ${code}`);
  return { seconds: (performance.now() - start) / 1000, peak };
}

/** Results; a killed run leaves an empty hidden folder. */
const names = (at: string): string[] =>
  readdirSync(at)
    .filter((name) => !name.startsWith('.'))
    .sort();

try {
  const volume = repeated((await readDicomSeries(series)).volume);
  await writeNifti(file, volume);
  const { alone, scan } = await speed(volume);
  const whole = await run(join(folder, 'whole'));
  const killed = await run(join(folder, 'killed'), Math.floor(count / 2));
  const rest = await run(join(folder, 'killed'));
  const same =
    names(join(folder, 'whole')).join() === names(join(folder, 'killed')).join() &&
    names(join(folder, 'whole')).every((name) =>
      readFileSync(join(folder, 'whole', name)).equals(readFileSync(join(folder, 'killed', name))),
    );
  const gb = (value: number): string => `${value.toFixed(2)} GB`;
  console.log(`${volume.size.join(' x ')} ${volume.data.constructor.name}, ${prompts.length} prompts`);
  for (const clock of ['wall', 'cpu'] as const) {
    const [one, other] = [alone[clock], scan[clock]];
    console.log(
      `${clock}: model alone ${one.toFixed(3)} s a slice, scan ${other.toFixed(3)} s: ratio ${(other / one).toFixed(3)}`,
    );
  }
  console.log(`whole run: ${whole.seconds.toFixed(1)} s, peak ${gb(whole.peak)} resident`);
  console.log(
    `killed: peak ${gb(killed.peak)}; resumed: ${rest.seconds.toFixed(1)} s, peak ${gb(rest.peak)}; same bytes: ${same}`,
  );
  process.exitCode = same ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
