/** A real Orthanc with its DICOMweb plugin on loopback, in a temporary folder; it ends with the process that started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from './free-port.ts';

const PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';

/** What has to be there, with its Debian packages. */
export const ORTHANC = { Orthanc: 'orthanc', [PLUGIN]: 'orthanc-dicomweb', setpriv: 'util-linux' };

export interface Orthanc {
  /** `http://127.0.0.1:port/dicom-web`. */
  readonly service: string;
  /** Ends it at once; its folder is gone afterwards. */
  stop(): Promise<void>;
}

/** Whether it answers, whatever it says, before the process ends. */
async function answers(child: ChildProcess, url: string): Promise<boolean> {
  for (const end = Date.now() + 30_000; Date.now() < end && child.exitCode === null; await wait(20)) {
    if (await fetch(url).catch(() => undefined)) return true;
  }
  return false;
}

/** Starts a server; with `user` it takes requests of that user and password only. */
export async function startOrthanc(user?: readonly [string, string]): Promise<Orthanc> {
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), 'biomedparse-orthanc-'));
    const port = await freePort();
    const configuration = {
      Name: 'biomedparse-test',
      StorageDirectory: folder,
      IndexDirectory: folder,
      HttpPort: port,
      DicomServerEnabled: false,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: user !== undefined,
      RegisteredUsers: user === undefined ? {} : { [user[0]]: user[1] },
      Plugins: [PLUGIN],
      DicomWeb: { Enable: true, Root: '/dicom-web/' },
    };
    const path = join(folder, 'orthanc.json');
    writeFileSync(path, JSON.stringify(configuration));
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'Orthanc', path], { stdio: 'ignore' });
    const stop = async (): Promise<void> => {
      if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    };
    if (await answers(child, `http://127.0.0.1:${port}/dicom-web/studies`)) {
      return { service: `http://127.0.0.1:${port}/dicom-web`, stop };
    }
    await stop();
    // somebody else may have taken the port
    if (attempt === 3) throw new Error('Orthanc does not start');
  }
}
