import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadOptions, download } from './download.ts';

const content = Buffer.from('the bytes of a picture');
const known = {
  file: 'a picture.png',
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
};

describe('download', () => {
  let server: Server;
  let folder: string;
  let options: DownloadOptions;
  let requests: (string | undefined)[];
  let answer: { status: number; body: Buffer };

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'biomedparse-download-')), 'cache');
    requests = [];
    answer = { status: 200, body: content };
    server = createServer((request, response) => {
      requests.push(request.url);
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    options = { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/examples`, folder };
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await rm(join(folder, '..'), { recursive: true, force: true });
  });

  it('fetches a file once and then finds it in the cache', async () => {
    const fetched: string[] = [];
    const path = await download(known, { ...options, onFetch: (url) => fetched.push(url) });
    expect(path).toBe(join(folder, 'a picture.png'));
    expect(await readFile(path)).toEqual(content);
    expect(fetched).toEqual([`${options.baseUrl}/a%20picture.png`]);
    await download(known, options);
    expect(requests).toEqual(['/examples/a%20picture.png']);
    expect(await readdir(folder)).toEqual(['a picture.png']);
  });

  it('fetches a damaged cached file again', async () => {
    const path = await download(known, options);
    await writeFile(path, 'something else');
    await download(known, options);
    expect(await readFile(path)).toEqual(content);
    expect(requests).toHaveLength(2);
  });

  it.each([
    [
      'a wrong checksum',
      Buffer.from('THE BYTES OF A PICTURE'),
      /a%20picture\.png is not the expected file: its SHA-256 is [0-9a-f]{64} instead of [0-9a-f]{64}; it was not kept$/,
    ],
    ['too few bytes', content.subarray(0, 10), /it has 10 bytes instead of 22; it was not kept$/],
    ['too many bytes', Buffer.concat([content, content]), /cannot download http.*it has more than 22 bytes/],
  ])('refuses %s, names the file and keeps nothing', async (_, body, message) => {
    answer = { status: 200, body };
    await expect(download(known, options)).rejects.toThrow(message);
    await expect(download(known, options)).rejects.toMatchObject({ code: 'io' });
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
  });

  it('refuses an answer that is not the file', async () => {
    answer = { status: 404, body: content };
    await expect(download(known, options)).rejects.toThrow(
      /^cannot download http.*picture\.png: the server answered 404$/,
    );
  });

  it('says in one line that a server cannot be reached', async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await expect(download(known, options)).rejects.toThrow(/^cannot download http.*: connect ECONNREFUSED[^\n]*$/);
  });

  it('says that the cache folder cannot be made', async () => {
    const file = join(folder, '..', 'file');
    await writeFile(file, '');
    await expect(download(known, { ...options, folder: join(file, 'cache') })).rejects.toThrow(
      /^cannot make the cache folder /,
    );
  });

  it('stops when asked', async () => {
    await expect(download(known, { ...options, signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow(
      'stopped',
    );
  });
});
