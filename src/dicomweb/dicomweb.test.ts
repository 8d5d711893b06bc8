/** QIDO-RS, WADO-RS and STOW-RS against a server of our own that misbehaves in every way a network does. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dicomFile, greyImage } from '../../test/helpers/dicom.ts';
import { describePrograms } from '../../test/helpers/programs.ts';
import { parseAddress } from './address.ts';
import { onePart } from './multipart.ts';
import { listInstances, resolveSeries } from './query.ts';
import { retrieveSeries } from './retrieve.ts';
import { type DicomWebServer, openServer, type ServerOptions } from './server.ts';
import { storeObject } from './store.ts';

type Play = (response: ServerResponse, request: IncomingMessage) => void;

const place = { study: '1.2.3', series: '1.2.3.4' };
const file = (uid: string): Buffer =>
  dicomFile(
    greyImage(2, 2, [1, 2, 3, 4], {
      SOPInstanceUID: uid,
      StudyInstanceUID: place.study,
      SeriesInstanceUID: place.series,
    }),
  );
const uids = ['1.9.1', '1.9.2', '1.9.3', '1.9.4', '1.9.5', '1.9.6'];
const LIMITS = { instances: 100, bytes: 1e6, seconds: 20 };

const json =
  (value: unknown): Play =>
  (response) =>
    response.setHeader('content-type', 'application/dicom+json').end(JSON.stringify(value));
const ui = (value: unknown) => ({ vr: 'UI', Value: [value] });
const listOf = (all: readonly string[]): Play => json(all.map((uid) => ({ '00080018': ui(uid) })));
const related = (response: ServerResponse, bytes: Uint8Array): void => {
  response.setHeader('content-type', 'multipart/related; type="application/dicom"; boundary=b').end(bytes);
};
const multipart =
  (bytes: Uint8Array): Play =>
  (response) =>
    related(response, Buffer.concat(onePart('b', 'application/dicom', bytes)));
const status =
  (code: number, headers: Record<string, string> = {}): Play =>
  (response) =>
    response.writeHead(code, headers).end('a page that names Jane Doe');

let folder: string;
let fake: Server;
let service: string;
let server: DicomWebServer;
let lines: string[];
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: Buffer }[];
/** By path, one after another; the last one stays. */
let plays: Record<string, Play[]>;
let stop: AbortController;

const listener: RequestListener = (request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body: Buffer.concat(pieces) });
    const queue = plays[url.replace(/\?.*/, '').replace('/studies/1.2.3/series/1.2.3.4/instances', '')] ?? [];
    const play = queue.length > 1 ? queue.shift() : queue[0];
    (play ?? status(404))(response, request);
  });
};

function open(options: Partial<ServerOptions> = {}): DicomWebServer {
  server?.close();
  const log = (line: string): void => void lines.push(line);
  server = openServer({ retries: 2, firstDelay: 1, signal: stop.signal, log, ...options });
  return server;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-dicomweb-'));
  [lines, seen, stop] = [[], [], new AbortController()];
  plays = { '': [listOf(uids)], ...Object.fromEntries(uids.map((uid) => [`/${uid}`, [multipart(file(uid))]])) };
  fake = createServer(listener);
  await new Promise<void>((done) => fake.listen(0, '127.0.0.1', done));
  service = `http://127.0.0.1:${(fake.address() as AddressInfo).port}`;
  open();
});
afterEach(async () => {
  server.close();
  fake.closeAllConnections();
  await new Promise((done) => fake.close(done));
  rmSync(folder, { recursive: true });
});

const retrieve = (limits: Partial<typeof LIMITS> = {}) =>
  retrieveSeries(server, service, place, folder, { ...LIMITS, ...limits }, stop.signal);

describe('a series', () => {
  it('is retrieved whole, in the order of the list, as the server holds it', async () => {
    const progress: string[] = [];
    const count = await retrieveSeries(server, service, place, folder, LIMITS, stop.signal, (done, all) => {
      progress.push(`${done}/${all}`);
    });
    expect([count, progress]).toEqual([6, ['0/6', '1/6', '2/6', '3/6', '4/6', '5/6', '6/6']]);
    const names = readdirSync(folder).sort();
    expect(names).toEqual([1, 2, 3, 4, 5, 6].map((n) => `00000${n}.dcm`));
    for (const [i, name] of names.entries()) expect(readFileSync(join(folder, name)).equals(file(uids[i]))).toBe(true);
    expect(seen.at(-1)?.headers.accept).toBe('multipart/related; type="application/dicom"; transfer-syntax=*');
    expect(seen[0].headers).not.toHaveProperty('authorization');
  });

  it('may come as a DICOM file without parts', async () => {
    plays['/1.9.1'] = [(response) => response.setHeader('content-type', 'application/dicom').end(file('1.9.1'))];
    expect(await retrieve()).toBe(6);
  });

  it('is listed whole, whatever the server makes of pages', async () => {
    const many = Array.from({ length: 1500 }, (_, i) => `1.7.${i + 1}`);
    const list = () => listInstances(server, service, place, 5000);
    // as many as it was asked for, fewer, none of it understood
    plays[''] = [listOf(many.slice(0, 1000)), listOf(many.slice(1000)), listOf([])];
    expect(await list()).toEqual(many);
    const offsets = [0, 1000, 1500].map((offset) => `limit=1000&offset=${offset}`);
    expect(seen.map(({ url }) => url.replace(/.*\?/, ''))).toEqual(offsets);
    plays[''] = [listOf(many.slice(0, 100)), listOf(many.slice(100, 200)), (response) => response.writeHead(204).end()];
    expect(await list()).toEqual(many.slice(0, 200));
    plays[''] = [listOf(many)];
    expect(await list()).toEqual(many);
  });

  it.each([
    ['429 with its Retry-After', status(429, { 'retry-after': '0' }), 'it answered 429; asked again in 0.0 s (2 of 3)'],
    ['503', status(503), 'it answered 503; asked again in 0.0 s (2 of 3)'],
    ['a cut connection', ((response) => response.destroy()) as Play, 'socket hang up; asked again'],
    [
      'a body that is cut',
      ((response) => {
        response.setHeader('content-length', 1000);
        related(response, Buffer.from('--b\r\n\r\nhalf'));
        response.socket?.end();
      }) as Play,
      'aborted; asked again',
    ],
    [
      'an answer that ends early',
      ((response) => related(response, Buffer.from('--b\r\n\r\nhalf'))) as Play,
      'ends in the middle',
    ],
    ['an answer without parts', ((response) => related(response, Buffer.from('--b--'))) as Play, 'has no part'],
    [
      'a length that lies',
      ((response) => related(response, Buffer.from('--b\r\nContent-Length: 9\r\n\r\n1234\r\n--b--'))) as Play,
      'a part has 4 bytes and says 9',
    ],
  ])('is asked for again after %s', async (_, play, line) => {
    plays['/1.9.3'] = [play, multipart(file('1.9.3'))];
    expect(await retrieve()).toBe(6);
    expect(lines).toEqual([expect.stringContaining(line)]);
    expect(readFileSync(join(folder, '000003.dcm')).equals(file('1.9.3'))).toBe(true);
  });

  it('is given up after the last try, with what was wrong', async () => {
    plays['/1.9.3'] = [status(503)];
    await expect(retrieve()).rejects.toThrow(/instances\/1\.9\.3 failed 3 times, last: it answered 503$/);
    expect(lines).toHaveLength(2);
  });

  it('waits as Retry-After says', async () => {
    plays['/1.9.3'] = [status(429, { 'retry-after': '1' }), multipart(file('1.9.3'))];
    const start = performance.now();
    expect(await retrieve()).toBe(6);
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  it('that says nothing for too long is given up', async () => {
    open({ patience: 50, retries: 0 });
    plays['/1.9.2'] = [() => undefined];
    await expect(retrieve()).rejects.toThrow(/failed: nothing came for 0\.05 seconds$/);
    open();
    const late = retrieve({ seconds: 0.1 });
    await expect(late).rejects.toThrow(/^retrieving .* took longer than 0\.1 seconds; --limits seconds=… allows more$/);
  });

  it('is given up when the caller stops', async () => {
    plays['/1.9.2'] = [() => stop.abort()];
    await expect(retrieve()).rejects.toThrow(/abort/i);
  });

  const sent = (type: string, body: string | Buffer, headers: Record<string, string> = {}): Play =>
    ((response) => response.writeHead(200, { 'content-type': type, ...headers }).end(body)) as Play;
  it.each([
    [
      'wrong credentials',
      status(401),
      /does not take requests without --auth basic:VARIABLE or bearer:VARIABLE \(401\)$/,
    ],
    ['no right', status(403), /does not allow http.*1\.9\.4 \(403\)$/],
    ['what is gone', status(404), /there is no http.*1\.9\.4 \(404\)$/],
    [
      'a redirection',
      status(302, { location: 'http://evil.example/x?a=Doe' }),
      /sends on to http:\/\/evil\.example \(302\)/,
    ],
    ['a broken server', status(500), /answered 500 to http.*1\.9\.4$/],
    ['another instance', multipart(file('1.9.5')), /sent instance 1\.9\.5 instead of 1\.9\.4$/],
    ['no DICOM', multipart(Buffer.from('nothing of the kind')), /instance 1\.9\.4 is not a usable DICOM file/],
    ['a web page', sent('text/html', '<p>'), /sends text\/html instead of a DICOM file$/],
    ['no boundary', sent('multipart/related', '--b--'), /sends multipart\/related instead of a DICOM file$/],
    ['no type', ((response) => response.end('x')) as Play, /sends something without a type instead/],
    ['an encoding', sent('application/dicom', 'x', { 'content-encoding': 'gzip' }), /content in gzip encoding/],
    ['two parts', sent('multipart/related; boundary=b', '--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--'), /several parts/],
    ['frames', sent('multipart/related; boundary=b', '--b\r\nContent-Type: image/jls\r\n\r\n1\r\n--b--'), /image\/jls/],
  ])('is refused at once for %s', async (_, play, reason) => {
    plays['/1.9.4'] = [play];
    const failed = retrieve();
    await expect(failed).rejects.toThrow(reason);
    await expect(failed).rejects.not.toThrow(/Doe/);
    expect(lines).toEqual([]);
  });

  it('beyond the limits is refused', async () => {
    await expect(retrieve({ instances: 5 })).rejects.toThrow(
      /more than 5 instances; --limits instances=… allows more$/,
    );
    await expect(retrieve({ bytes: 1000 })).rejects.toThrow(/more than 0\.001 MB; --limits megabytes=… allows more$/);
    plays['/1.9.1'] = [
      (response) => {
        // no end: preamble for ever
        const more = (): void => void (response.destroyed || response.write('x'.repeat(10_000), more));
        response.setHeader('content-type', 'multipart/related; boundary=b');
        more();
      },
    ];
    await expect(retrieve()).rejects.toThrow(/more than 1 MB/);
  });

  it('that cannot be written is not asked for again', async () => {
    const gone = retrieveSeries(server, service, place, join(folder, 'gone'), LIMITS, stop.signal);
    await expect(gone).rejects.toThrow(/^cannot write .*gone\/00000\d\.dcm: no such file or folder$/);
    expect(lines).toEqual([]);
  });

  it('that is empty, or named by nonsense, is refused', async () => {
    plays[''] = [json([]), json([{ '00080018': ui('../../etc') }]), json('what'), (response) => response.end('<html>')];
    const list = () => listInstances(server, service, place, 100);
    await expect(list()).rejects.toThrow(/there is no series http.*1\.2\.3\.4, or it is empty$/);
    await expect(list()).rejects.toThrow('names "../../etc" as a UID');
    await expect(list()).rejects.toThrow('is no list of DICOM data sets');
    await expect(list()).rejects.toThrow('is no JSON: is this the address of a DICOMweb service?');
  });
});

describe('a study', () => {
  const series = (uid: string, modality: string, number: number) => ({
    '0020000E': ui(uid),
    '00080060': { vr: 'CS', Value: [modality] },
    '00200011': { vr: 'IS', Value: [number] },
    '00201209': { vr: 'IS', Value: [7] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] },
  });
  const at = (path: string) => parseAddress(`dicomweb+${service}${path}`);

  it('gives its only series of images, or the one that is chosen', async () => {
    plays['/studies/1.2.3/series'] = [json([series('1.5.1', 'SEG', 9), series('1.5.2', 'CT', 2)])];
    expect(await resolveSeries(server, at('/studies/1.2.3'))).toEqual({ study: '1.2.3', series: '1.5.2' });
    expect(await resolveSeries(server, at('/studies/1.2.3'), '1.5.1')).toEqual({ study: '1.2.3', series: '1.5.1' });
    expect(await resolveSeries(server, at('/studies/1.2.3/series/1.6'))).toEqual({ study: '1.2.3', series: '1.6' });
  });

  it('with several is refused with what there is, and no name', async () => {
    plays['/studies/1.2.3/series'] = [json([series('1.5.1', 'MR', 9), series('1.5.2', 'CT', 2)]), json([])];
    await expect(resolveSeries(server, at('/studies/1.2.3'))).rejects.toThrow(
      /^the study 1\.2\.3 has 2 series of images; choose one with --series: 1\.5\.2 \(CT, number 2, 7 instances\); 1\.5\.1 \(MR, number 9, 7 instances\)$/,
    );
    await expect(resolveSeries(server, at('/studies/1.2.3'))).rejects.toThrow(/there is no study 1\.2\.3 in http/);
    const again = resolveSeries(server, at('/studies/1.2.3/series/1.6'), '1.7');
    await expect(again).rejects.toThrow('--series 1.7: the address already names the series 1.6');
  });

  it('is searched for, without the search in any message', async () => {
    const found = (uid: string) => ({
      '0020000D': ui(uid),
      '00080061': { Value: ['CT', 'SEG'] },
      '00201206': { Value: [2] },
    });
    const none = json([]);
    const two = json([found('1.2.3'), found('1.2.4')]);
    plays['/studies'] = [json([found('1.2.3')]), none, two, none, none, status(401)];
    plays['/studies/1.2.3/series'] = [json([series('1.5.2', 'CT', 2)])];
    const search = () => resolveSeries(server, at('/studies?PatientName=Doe'));
    expect(await search()).toEqual({ study: '1.2.3', series: '1.5.2' });
    expect(seen[0].url).toBe('/studies?PatientName=Doe&limit=1000&offset=0');
    const [several, nothing, refused] = [
      await search().catch(String),
      await search().catch(String),
      await search().catch(String),
    ];
    expect(several).toContain('2 studies in http');
    expect(several).toContain('; give the address of one: 1.2.3 (CT, SEG, 2 series); 1.2.4 (CT, SEG, 2 series)');
    expect(nothing).toContain('is as searched for');
    expect(refused).toContain('(401)');
    expect(`${several}${nothing}${refused}${lines.join('')}`).not.toContain('Doe');
  });
});

describe('an object', () => {
  const object = file('1.9.7');
  const stored = (keyword: string, extra = {}) => ({
    [keyword]: { vr: 'SQ', Value: [{ '00081155': ui('1.9.7'), ...extra }] },
  });
  const store = () => storeObject(server, service, object, 10, stop.signal);

  it('is stored in its study, as often as it takes, with credentials', async () => {
    open({ authorization: 'Bearer abc' });
    plays['/studies/1.2.3'] = [status(503), json(stored('00081199'))];
    expect(await store()).toBe(`${service}/studies/1.2.3/series/1.2.3.4/instances/1.9.7`);
    expect(seen.map(({ method }) => method)).toEqual(['POST', 'POST']);
    const { headers, body } = seen[1];
    expect(headers.authorization).toBe('Bearer abc');
    expect(headers['content-type']).toMatch(/^multipart\/related; type="application\/dicom"; boundary=[0-9a-f]{32}$/);
    expect(body.includes(object)).toBe(true);
    expect(Number(headers['content-length'])).toBe(body.length);
  });

  it('that the server does not say it stored is refused', async () => {
    const failed = stored('00081198', { '00081197': { vr: 'US', Value: [0x0110] } });
    const conflict: Play = (response) => response.writeHead(409).end(JSON.stringify(failed));
    plays['/studies/1.2.3'] = [conflict, json(failed), json({}), (response) => response.end(), status(401)];
    for (const reason of ['failure reason 0110H', 'failure reason 0110H', 'does not say', 'does not say', '(401)']) {
      await expect(store()).rejects.toThrow(reason);
    }
  });
});

it('a server that is gone is told', async () => {
  fake.closeAllConnections();
  fake.close();
  await expect(retrieve()).rejects.toThrow(/instances failed 3 times, last: connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
});

describePrograms({ openssl: 'openssl' }, 'a certificate', () => {
  it('is checked, by an authority of the own if there is one', async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const how = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    execFileSync('openssl', ['req', '-x509', ...how, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const secure = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, listener);
    await new Promise<void>((done) => secure.listen(0, '127.0.0.1', done));
    try {
      const { port } = secure.address() as AddressInfo;
      const ca = readFileSync(cert, 'latin1');
      const list = (host: string, where = port) => listInstances(server, `https://${host}:${where}`, place, 10);
      await expect(list('localhost')).rejects.toThrow(/its certificate is refused: self-signed certificate; .* --ca$/);
      open({ ca });
      expect(await list('localhost')).toEqual(uids);
      await expect(list('127.0.0.1')).rejects.toThrow(/its certificate is refused: Hostname\/IP does not match/);
      await expect(list('127.0.0.1', Number(new URL(service).port))).rejects.toThrow('it does not speak TLS');
      expect(lines).toEqual([]);
    } finally {
      secure.closeAllConnections();
      secure.close();
    }
  });
});
