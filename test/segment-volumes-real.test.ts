/** The default model on a real CT series: the mask lies where the labels lie, and a killed run is finished to the same bytes. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { readDicomSeries } from '../src/formats/dicom/series.ts';
import { readNifti } from '../src/formats/nifti.ts';
import { indexToLps, lpsToIndex, sameGrid, type Vector } from '../src/image/volume.ts';
import { callCli } from './helpers/cli.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const series = sharedPath('samples/dicom-ct-series');
const folder = mkdtempSync(join(tmpdir(), 'biomedparse-series-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Arguments for eight of the twenty slices. */
const ask = (out: string) => ['segment', series, '-p', 'liver', '-p', 'optic disc', '--slices', '6:14', '--out', out];

async function call(argv: string[]) {
  return callCli(argv);
}

const visible = (at: string) => readdirSync(at).filter((name) => !name.startsWith('.'));
const workOf = (at: string): string | undefined =>
  existsSync(at) ? readdirSync(at).find((name) => name.endsWith('.work')) : undefined;

describeShared('samples/dicom-ct-series', 'segment of a CT series', () => {
  it('finds the liver where the labels have it, in the grid of the series, and no optic disc', async () => {
    const out = join(folder, 'whole');
    const { status, stdout } = await call([...ask(out), '--json']);
    expect(status).toBe(0);
    const [result] = JSON.parse(stdout).results;
    expect(result).toMatchObject({ plane: 'axial', modality: 'CT', window: { low: -150, high: 250 }, notes: [] });
    const [liver, disc] = result.prompts;
    expect([liver.present, disc.present, disc.voxels]).toEqual([true, false, 0]);
    expect(liver.mean).toBeGreaterThan(40); // Hounsfield units of a liver with contrast
    expect(liver.mean).toBeLessThan(140);

    const { volume: source } = await readDicomSeries(series);
    const { volume: mask } = await readNifti(liver.masks.nifti);
    expect(sameGrid(mask, source)).toBe(true);
    const { volume: labels } = await readNifti(sharedPath('samples/dicom-ct-series-label.nii.gz'));
    // the labels' file counts its rows the other way: the same voxels all the same
    const [columns, rows, slices] = mask.size;
    const places = [
      [0, 0, 0],
      [columns - 1, 0, 0],
      [0, rows - 1, 0],
      [0, 0, slices - 1],
    ] as Vector[];
    const found = places.map((index) =>
      lpsToIndex(labels, indexToLps(mask, index)).map((v) => Math.round(v * 1e3) / 1e3 + 0),
    );
    expect(found).toEqual([
      [0, rows - 1, 0],
      [columns - 1, rows - 1, 0],
      [0, 0, 0],
      [0, rows - 1, slices - 1],
    ]);
    let [both, sum] = [0, 0];
    for (let z = 6; z < 14; z++) {
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
          const label = labels.data[(z * rows + rows - 1 - y) * columns + x] === 5 ? 1 : 0;
          const inside = mask.data[(z * rows + y) * columns + x];
          both += label * inside;
          sum += label + inside;
        }
      }
    }
    expect((2 * both) / sum).toBeGreaterThan(0.85);

    const receipt = JSON.parse(readFileSync(result.receipt, 'utf8'));
    expect(receipt.input.files).toHaveLength(20);
    // the series' own UIDs are blank in these files
    expect(receipt.input.dicom).toMatchObject({ series_instance_uid: null, sop_instance_uids: [] });
    expect(receipt.input.dicom.frame_of_reference_uid).toMatch(/^1\.3\.12\.[\d.]+$/);
    expect(receipt.model.files.map((one: { file: string }) => one.file)).toContain('model.safetensors');
    expect(receipt.results[0].round_trip).toMatchObject({ voxels_equal: true, grid_equal: true });
    expect(JSON.stringify(receipt)).not.toContain(tmpdir());
  }, 300_000);

  it('is finished after a kill to the same bytes', async () => {
    const out = join(folder, 'killed');
    const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...ask(out)], { stdio: 'ignore' });
    const ended = new Promise((done) => child.once('exit', (_, signal) => done(signal)));
    for (let work: string | undefined; child.exitCode === null; await wait(5)) {
      work ??= workOf(out);
      if (work !== undefined && readdirSync(join(out, work)).filter((name) => !name.startsWith('.')).length >= 2) break;
    }
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(visible(out)).toEqual([]);
    const { status, stderr } = await call(ask(out));
    expect(status).toBe(0);
    expect(stderr).toMatch(/[2-7] of 8 slices were kept by an earlier run/);
    const whole = join(folder, 'whole');
    expect(visible(out).sort()).toEqual(visible(whole).sort());
    for (const name of visible(whole)) {
      expect(readFileSync(join(out, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
    }
    expect(workOf(out)).toBeUndefined();
  }, 300_000);
});
