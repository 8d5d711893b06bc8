/** What is refused and told before a DICOMweb server is asked anything; the rest is tested against servers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { callCli } from '../../test/helpers/cli.ts';
import type { CliIo } from './io.ts';
import { openRemote, type RemoteCommand } from './remote.ts';

const SERIES = 'dicomweb+https://pacs.example/dicom-web/studies/1.2/series/1.3';
const PLAIN = SERIES.replace('https', 'http');

/** Opens and closes; gives what was told. */
async function open(inputs: string[], command: RemoteCommand = {}, env: Record<string, string> = {}) {
  const lines: string[] = [];
  const io = { err: (text: string) => void lines.push(text), signal: new AbortController().signal } as CliIo;
  const remote = await openRemote(inputs, command, io, env);
  remote.close();
  return { ...remote, told: lines.join('') };
}

it('credentials come from variables, and are named by no message', async () => {
  const env = { ACCOUNT: 'anna:secret', TOKEN: 'secret', BAD: 'sec ret\n' };
  expect((await open([SERIES], { auth: 'basic:ACCOUNT' }, env)).told).toBe('');
  expect((await open([SERIES], { auth: 'bearer:TOKEN' }, env)).told).toBe('');
  expect((await open([PLAIN], { auth: 'bearer:TOKEN' }, env)).told).toBe(
    'credentials go to http://pacs.example without encryption; dicomweb+https encrypts them\n',
  );
  const local = PLAIN.replace('pacs.example', '127.0.0.1:8042');
  expect((await open([local], { auth: 'bearer:TOKEN' }, env)).told).toBe('');
  const names = { BIOMEDPARSE_DICOMWEB_BASIC: 'anna:secret', BIOMEDPARSE_DICOMWEB_BEARER: 'secret' };
  const refusals: [RemoteCommand, Record<string, string>, string][] = [
    [{ auth: 'basic:anna:secret' }, env, '--auth: allowed: basic:VARIABLE or bearer:VARIABLE'],
    [{ auth: 'secret' }, env, '--auth: allowed: basic:VARIABLE or bearer:VARIABLE'],
    [{ auth: 'bearer:secret' }, env, 'the environment variable that --auth names is not set'],
    [{ auth: 'basic:TOKEN' }, env, 'the environment variable that --auth names holds no user:password'],
    [{ auth: 'bearer:BAD' }, env, 'the environment variable that --auth names holds no token'],
    [{}, { BIOMEDPARSE_DICOMWEB_BASIC: 'secret' }, 'BIOMEDPARSE_DICOMWEB_BASIC holds no user:password'],
    [{}, names, 'BIOMEDPARSE_DICOMWEB_BASIC and BIOMEDPARSE_DICOMWEB_BEARER are both set; one is allowed, or --auth'],
  ];
  for (const [command, variables, message] of refusals) {
    const refused = await open([SERIES], command, variables).catch(String);
    expect(refused).toContain(message);
    expect(refused).not.toMatch(/secret|sec ret/);
  }
});

it('results are named after the series, and not after its identifier if that is to stay hidden', async () => {
  expect(await open([SERIES, 'scan.nii.gz'])).toMatchObject({
    inputs: [SERIES, 'scan.nii.gz'],
    names: ['1.3.dcm', 'scan.nii.gz'],
  });
  expect((await open([SERIES], { deidentify: true })).names).toEqual([
    expect.stringMatching(/^series-[0-9a-f]{12}\.dcm$/),
  ]);
});

it('options and addresses that do not go together are refused', async () => {
  const other = SERIES.replace('pacs', 'other');
  const together = 'https://pacs.example and https://other.example: the series of one call lie in one server';
  await expect(open([SERIES, other])).rejects.toThrow(together);
  const folder = mkdtempSync(join(tmpdir(), 'biomedparse-remote-'));
  try {
    const [pem, scan] = [join(folder, 'ca.pem'), join(folder, 'scan.nii.gz')];
    for (const path of [pem, scan]) writeFileSync(path, 'no certificate');
    await expect(open([SERIES], { ca: pem })).rejects.toThrow(`--ca ${pem}: allowed: a file of certificates in PEM`);
    const call = async (...argv: string[]) => {
      const { status, stderr } = await callCli(['segment', '-p', 'x', '--out', join(folder, 'out'), ...argv]);
      return [status, stderr];
    };
    const refused = (message: string) => [2, `biomedparse: ${message}\n`];
    const needed = (flag: string) => refused(`--${flag} goes with a dicomweb+http(s):// address`);
    expect(await call(scan, '--store')).toEqual(needed('store'));
    expect(await call(scan, '--auth', 'basic:X')).toEqual(needed('auth'));
    expect(await call(scan, '--ca', pem)).toEqual(needed('ca'));
    expect(await call(scan, '--limits', 'seconds=3')).toEqual(needed('limits'));
    expect(await call(SERIES, scan, '--store')).toEqual(
      refused(`--store goes with series of a DICOMweb server, and ${scan} is none`),
    );
    expect(await call(SERIES, '--store', '--deidentify')).toEqual(
      refused('--store goes without --deidentify: a de-identified object belongs to no study of the server'),
    );
    const search = 'dicomweb+https://pacs.example/studies?PatientName=Doe';
    expect(await call(search, '--frame', '2')).toEqual(
      refused('--frame 2: dicomweb+https://pacs.example/studies is a DICOM series, which has no frames to choose from'),
    );
    const [status, stderr] = await call(search, '--instances');
    expect([status, String(stderr).includes('Doe')]).toEqual([2, false]);
    expect(await call(SERIES, '--instances')).toEqual(
      refused(`--instances is for images, and ${SERIES} is read as a volume`),
    );
    for (const limits of ['seconds', 'hours=1', 'seconds=-1', 'seconds=1,', 'toString=1']) {
      const [status, stderr] = await call(SERIES, '--limits', limits);
      expect([status, stderr]).toEqual([
        2,
        expect.stringContaining('allowed: instances=n,megabytes=n,seconds=n,retries=n'),
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
