/** `segment` on a series of a real Orthanc, on the fake network that finds bright pixels: retrieved, segmented, stored, found. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { listInstances } from '../src/dicomweb/query.ts';
import { retrieveSeries } from '../src/dicomweb/retrieve.ts';
import { type DicomWebServer, openServer } from '../src/dicomweb/server.ts';
import { storeObject } from '../src/dicomweb/store.ts';
import { parseDicom } from '../src/formats/dicom/dataset.ts';
import { readSegmentation } from '../src/formats/dicom/segmentation-read.ts';
import { readDicomSeries } from '../src/formats/dicom/series.ts';
import { TAG } from '../src/formats/dicom/tags.ts';
import { text } from '../src/formats/dicom/values.ts';
import { readNifti } from '../src/formats/nifti.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { PATIENT, patientSlice, SERIES, STUDY } from './helpers/dicom-series.ts';
import { pydicom } from './helpers/dicom-source.ts';
import { ORTHANC, type Orthanc, startOrthanc } from './helpers/orthanc.ts';
import { describePrograms } from './helpers/programs.ts';
import { unpacked } from './helpers/unpacked.ts';

const [USER, PASSWORD] = ['anna', 'open sesame'];
const LIMITS = { instances: 100, bytes: 1e8, seconds: 60 };

describePrograms({ ...ORTHANC, dcmcrle: 'dcmtk', pydicom: 'python3-pydicom' }, 'segment on a series in Orthanc', () => {
  let orthanc: Orthanc;
  let server: DicomWebServer;
  let folder: string;
  let out: string;
  const signal = new AbortController().signal;

  /** Stores slices by STOW-RS. */
  async function upload(files: readonly Uint8Array[]): Promise<void> {
    for (const bytes of files) await storeObject(server, orthanc.service, bytes, 30, signal);
  }

  beforeAll(async () => {
    orthanc = await startOrthanc([USER, PASSWORD]);
    const authorization = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    server = openServer({ authorization, retries: 2, signal, log: () => undefined });
    // one slice in another transfer syntax, which has to come back as it is
    const temporary = mkdtempSync(join(tmpdir(), 'biomedparse-rle-'));
    writeFileSync(join(temporary, 'in.dcm'), patientSlice(2));
    execFileSync('dcmcrle', ['+un', join(temporary, 'in.dcm'), join(temporary, 'out.dcm')]);
    await upload([0, 1, 3, 4].map((k) => patientSlice(k)));
    await upload([readFileSync(join(temporary, 'out.dcm'))]);
    rmSync(temporary, { recursive: true });
  }, 120_000);
  afterAll(async () => {
    server?.close();
    await orthanc?.stop();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'biomedparse-orthanc-test-'));
    out = join(folder, 'out');
    vi.stubEnv('TEST_ORTHANC', `${USER}:${PASSWORD}`);
    vi.stubEnv('TMPDIR', join(folder, 'tmp'));
    mkdirSync(join(folder, 'tmp'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  const address = (path = `/studies/${STUDY}/series/${SERIES}`) => `dicomweb+${orthanc.service}${path}`;
  async function call(input: string, ...more: string[]) {
    const { model, calls } = fakeModel({});
    const argv = ['segment', input, '-p', 'liver', '--out', out, '--limits', 'retries=0', ...more];
    return { ...(await callCli(argv, { loadModel: async () => model })), calls };
  }
  const AUTH = ['--auth', 'basic:TEST_ORTHANC'];

  it('retrieves, segments and stores; what is stored is found and lies where the source lies', async () => {
    const { status, stdout, stderr } = await call(
      address(),
      ...AUTH,
      '--store',
      '--format',
      'rtstruct',
      '--format',
      'dicom-seg',
      '--json',
    );
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^5 of 5 instances retrieved, [^\n]+\n[^\n]+\n$/)]);
    const [result] = JSON.parse(stdout).results;
    expect(result.input).toBe(address());
    expect(result.stored['dicom-seg']).toMatch(
      new RegExp(`^${orthanc.service}/studies/${STUDY}/series/2\\.25\\.\\d+/instances/2`),
    );
    const [, series] = /\/series\/([\d.]+)\/instances\//.exec(result.stored['dicom-seg']) as RegExpExecArray;
    const place = { study: STUDY, series };
    expect(await listInstances(server, orthanc.service, place, 10)).toEqual([
      /[\d.]+$/.exec(result.stored['dicom-seg'])?.[0],
    ]);

    // read back from the server: the same voxels, and each frame names the slice that lies where it lies
    const [at, images] = [join(folder, 'back'), join(folder, 'images')];
    for (const one of [at, images]) mkdirSync(one);
    await retrieveSeries(server, orthanc.service, place, at, LIMITS, signal);
    await retrieveSeries(server, orthanc.service, { study: STUDY, series: SERIES }, images, LIMITS, signal);
    const syntaxes = readdirSync(images).map(
      (name) => parseDicom(readFileSync(join(images, name)), name).transferSyntax,
    );
    expect(syntaxes.filter((uid) => uid === '1.2.840.10008.1.2.5')).toHaveLength(1);
    const { volume } = await readDicomSeries(images);
    const segmentation = await readSegmentation(join(at, '000001.dcm'), { grid: volume });
    const mask = await segmentation.mask(1);
    const { volume: local } = await readNifti(result.prompts[0].masks.nifti);
    expect(mask.data.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(100);
    expect(Buffer.compare(mask.data, Uint8Array.from(local.data))).toBe(0);
    // by pydicom: the image that each frame names lies where the frame lies
    const stored = readFileSync(join(at, '000001.dcm'));
    const each = 'for f in d.PerFrameFunctionalGroupsSequence]';
    const named = 'f.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID';
    const lies = 'f.PlanePositionSequence[0].ImagePositionPatient';
    const frames = pydicom(stored, `[[str(${named}), [float(v) for v in ${lies}]] ${each}`) as [string, number[]][];
    expect(frames.length).toBeGreaterThan(2);
    for (const [uid, position] of frames) {
      const k = Number(uid.split('.').at(-1)) - 1;
      expect([uid, ...position]).toEqual([`${SERIES}.${k + 1}`, -20.5, 10, 30 + 2.5 * k]);
    }
    const receipt = JSON.parse(readFileSync(result.receipt, 'utf8'));
    expect(receipt.input).toMatchObject({ name: SERIES, kind: 'DICOM series', dicom: { series_instance_uid: SERIES } });
    expect(receipt.input.files).toHaveLength(5);
    expect(readdirSync(out).filter((name) => name.startsWith(SERIES)).length).toBe(readdirSync(out).length);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('stores a SEG if no format is named, in the same series whenever it is called again', async () => {
    const [first, again] = [await call(address(), ...AUTH, '--store'), await call(address(), ...AUTH, '--store')];
    expect([first.status, again.status]).toEqual([0, 0]);
    const line = /^Stored http\S+\/series\/2\.25\.\d+\/instances\/2\.25\.\d+$/m;
    expect(first.stdout).toMatch(line);
    expect(line.exec(again.stdout)?.[0]).toBe(line.exec(first.stdout)?.[0]);
  });

  it('stores a label map, which comes back as one', async () => {
    const asked = ['-p', 'absent spleen', '--store', '--seg-type', 'labelmap', '--json'];
    const { status, stdout } = await call(address(), ...AUTH, ...asked);
    expect(status).toBe(0);
    const [{ stored }] = JSON.parse(stdout).results;
    const [, series] = /\/series\/([\d.]+)\/instances\//.exec(stored['dicom-seg']) as RegExpExecArray;
    await retrieveSeries(server, orthanc.service, { study: STUDY, series }, folder, LIMITS, signal);
    const { type, segments, mask } = await readSegmentation(join(folder, '000001.dcm'));
    expect([type, segments.map(({ label }) => label)]).toEqual(['LABELMAP', ['liver']]);
    expect((await mask(1)).data.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(100);
  });

  it('takes a study or a search with one series of images, and lists several', async () => {
    // the SEG and RTSTRUCT that are there by now are no choice
    expect((await call(address(`/studies/${STUDY}`), ...AUTH)).status).toBe(0);
    expect((await call(address('/studies?PatientID=SECRET-4711'), ...AUTH)).status).toBe(0);
    expect(readdirSync(out).filter((name) => name.endsWith('receipt.json'))).toEqual([`${SERIES}_receipt.json`]);
    const other = `${STUDY}.2`;
    await upload([0, 1].map((k) => patientSlice(k, { SeriesInstanceUID: other, SeriesNumber: 4 })));
    const several = await call(address(`/studies/${STUDY}`), ...AUTH);
    expect([several.status, several.calls.images]).toEqual([2, 0]);
    const choice = `${SERIES} (CT, number 3, 5 instances); ${other} (CT, number 4, 2 instances)`;
    expect(several.stderr).toBe(
      `biomedparse: the study ${STUDY} has 2 series of images; choose one with --series: ${choice}\n`,
    );
    expect((await call(address(`/studies/${STUDY}`), ...AUTH, '--series', other, '--json')).stdout).toContain(
      `/series/${other}"`,
    );
  });

  it('tells nothing of the patient, in messages, and with --deidentify in no file', async () => {
    const asked = [
      address('/studies?PatientName=Secretive*'),
      ...AUTH,
      '--series',
      SERIES,
      '--format',
      'dicom-seg',
      '--deidentify',
    ];
    const good = await call(asked[0], ...asked.slice(1));
    const bad = await call(address('/studies?PatientID=SECRET-0'), ...AUTH);
    expect([good.status, bad.status]).toEqual([0, 1]);
    const secrets = [...Object.values(PATIENT), 'SECRET', 'Secretive', PASSWORD, USER];
    const told = [good, bad].map(({ stdout, stderr }) => `${stdout}${stderr}`).join('');
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
    for (const name of readdirSync(out)) {
      const bytes = unpacked(join(out, name));
      expect([name, [...secrets, STUDY].filter((secret) => bytes.includes(secret) || name.includes(secret))]).toEqual([
        name,
        [],
      ]);
    }
    const { dataset } = parseDicom(
      readFileSync(join(out, readdirSync(out).find((name) => name.endsWith('.dcm')) ?? '')),
      'a',
    );
    expect(text(dataset, TAG.PatientIdentityRemoved)).toBe('YES');
  });

  it.each([
    ['without credentials', [], '', /does not take requests without --auth basic:VARIABLE or bearer:VARIABLE \(401\)$/],
    ['with wrong ones', ['--auth', 'basic:TEST_WRONG'], '', /does not take what --auth gave \(401\)$/],
    ['for a wrong series', AUTH, '/series/1.2.3', /there is no series http\S+\/series\/1\.2\.3, or it is empty$/],
  ])('is refused %s', async (_, auth, path, reason) => {
    vi.stubEnv('TEST_WRONG', 'anna:wrong');
    const { status, stderr } = await call(address(`/studies/${STUDY}${path || `/series/${SERIES}`}`), ...auth);
    expect([status, stderr.trimEnd()]).toEqual([1, expect.stringMatching(reason)]);
    expect(stderr).not.toContain('wrong');
  });

  it('takes credentials from the environment without --auth', async () => {
    vi.stubEnv('BIOMEDPARSE_DICOMWEB_BASIC', `${USER}:${PASSWORD}`);
    expect((await call(address())).status).toBe(0);
  });

  it('goes on where it was ended, and leaves nothing of the patient behind', async () => {
    const { model, calls } = fakeModel({});
    const user = new AbortController();
    const encode = (...given: Parameters<typeof model.encode>) => {
      if (calls.images === 2) user.abort();
      return model.encode(...given);
    };
    const argv = ['segment', address(), '-p', 'liver', ...AUTH, '--format', 'dicom-seg', '--out', out];
    const ended = await callCli(argv, { loadModel: async () => ({ ...model, encode }), signal: user.signal });
    expect([ended.status, ended.stderr]).toEqual([130, expect.stringContaining('slices are kept in')]);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    const again = await call(address(), ...AUTH, '--format', 'dicom-seg');
    expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/^2 of 5 slices were kept/m)]);
    const name = `${SERIES}_segmentation.dcm`;
    const resumed = readFileSync(join(out, name));
    rmSync(out, { recursive: true });
    expect((await call(address(), ...AUTH, '--format', 'dicom-seg')).status).toBe(0);
    expect(readFileSync(join(out, name)).equals(resumed)).toBe(true);
  });

  it('is told that the server is gone, and keeps what was to be stored', async () => {
    const gone = await startOrthanc();
    const opened = openServer({ retries: 0, signal, log: () => undefined });
    for (const k of [0, 1, 2]) await storeObject(opened, gone.service, patientSlice(k), 30, signal);
    opened.close();
    const there = `dicomweb+${gone.service}/studies/${STUDY}/series/${SERIES}`;
    const { model } = fakeModel({});
    // it goes while the model is at work
    const encode = async (...given: Parameters<typeof model.encode>) => {
      await gone.stop();
      return model.encode(...given);
    };
    const argv = ['segment', there, '-p', 'liver', '--store', '--limits', 'retries=0', '--out', out];
    const { status, stderr } = await callCli(argv, { loadModel: async () => ({ ...model, encode }) });
    expect([status, stderr]).toEqual([1, expect.stringContaining('ECONNREFUSED')]);
    const kept = join(out, `${SERIES}_segmentation.dcm`);
    expect(stderr.trimEnd().endsWith(`; it is kept as ${kept}`)).toBe(true);
    expect((await readSegmentation(kept)).segments).toHaveLength(1);
    expect((await call(there)).stderr).toMatch(/failed: connect ECONNREFUSED [^\n]+\n$/);
  });
});
