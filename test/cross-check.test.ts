/** Masks written as NIfTI, DICOM SEG and RTSTRUCT overlay each other when other programs read them: nibabel, pydicom, dciodvfy, dcmdump. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { dump, VALIDATORS, validate } from './helpers/dicom-source.ts';
import { describePrograms } from './helpers/programs.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-cross-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const script = fileURLToPath(new URL('helpers/cross-check.py', import.meta.url));

describeShared('samples', 'one mask in three formats', () => {
  describePrograms({ ...VALIDATORS, 'nib-ls': 'python3-nibabel' }, 'read by other programs', () => {
    it.each(['dicom-seg-liver/series', 'dicom-ct-series'])('of %s', async (name) => {
      const out = join(folder, name.replace('/', '-'));
      const formats = ['--format', 'dicom-seg', '--format', 'rtstruct'];
      const ask = ['segment', sharedPath(`samples/${name}`), '-p', 'bright block', '--slices', '0:3', '--smooth', '0'];
      const { status, stdout } = await callCli([...ask, ...formats, '--out', out, '--json'], {
        loadModel: async () => fakeModel({}).model,
      });
      expect(status).toBe(0);
      const [{ prompts, files }] = JSON.parse(stdout).results;
      const [seg, structures] = [files['dicom-seg'], files.rtstruct];
      const said = execFileSync('/usr/bin/python3', [script, prompts[0].masks.nifti, seg, structures, '1'], {
        encoding: 'utf8',
      });
      const { voxels, farthest } = JSON.parse(said);
      expect(voxels).toEqual({ nifti: prompts[0].voxels, seg: prompts[0].voxels, rtstruct: prompts[0].voxels });
      expect(prompts[0].voxels).toBeGreaterThan(1000);
      expect(farthest).toBeLessThan(0.01); // voxels; half of one is what viewers forgive
      for (const file of [seg, structures]) {
        expect(validate(readFileSync(file)).errors).toEqual([]);
        expect(dump(readFileSync(file))).toContain('bright block');
      }
    });
  });
});
