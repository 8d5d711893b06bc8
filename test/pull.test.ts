/** `biomedparse pull` against a local hub that serves the tiny checkpoint, with everything that can go wrong on the way. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadFromHub } from '../src/cli/hub.ts';
import { type PullCommand, runPull } from '../src/cli/pull.ts';
import { run } from '../src/cli/run.ts';
import { loadModel } from '../src/parse/load.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const merges = sharedPath('reference/clip/bpe_simple_vocab_16e6.txt.gz');
const sha256Of = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

let folder: string;
let server: Server;
let hub: string;
let content: Buffer;
let requests: string[];
/** Of the next GETs of the store: how many bytes come before the connection is cut. */
let cuts: number[];
let token: string | undefined;
let stated: string;
/** The tokenizer.json of each repository that has one. */
let tokenizers: Map<string, Buffer>;

/** The hub's own address answers with what it knows of the file and where it is stored; the store knows ranges. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '';
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  requests.push(`${request.method} ${url}${range === null ? '' : ` from ${range[1]}`}`);
  if (url === '/store/1') {
    const start = range === null ? 0 : Number(range[1]);
    const all = content.length;
    if (start >= all) return void response.writeHead(416, { 'content-range': `bytes */${all}` }).end();
    const headers = { 'content-length': all - start };
    if (range === null) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${all - 1}/${all}` });
    const cut = cuts.shift();
    if (cut === undefined) return void response.end(content.subarray(start));
    return void response.write(content.subarray(start, start + cut), () => setTimeout(() => response.destroy(), 200));
  }
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
    return void response.writeHead(401).end();
  const other = tokenizers.get(/^\/(.+)\/resolve\/main\/tokenizer\.json$/.exec(url)?.[1] ?? '');
  if (other !== undefined)
    return void response.writeHead(200, { 'content-length': other.length, etag: '"1"' }).end(other);
  if (url === '/Acme/Tiny/resolve/main/tiny.pt')
    return void response.writeHead(307, { location: '/acme/tiny/resolve/main/tiny.pt' }).end();
  if (url !== '/acme/tiny/resolve/main/tiny.pt') return void response.writeHead(404).end();
  const headers = { 'x-linked-etag': `"${stated}"`, 'x-repo-commit': 'c0ffee', location: '/store/1' };
  response.writeHead(302, headers).end();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-pull-'));
  [requests, cuts, token] = [[], [], undefined];
  tokenizers = new Map();
  content = Buffer.from('0123456789'.repeat(1000));
  stated = sha256Of(content);
  server = createServer(answer);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  hub = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

const wanted = { repository: 'acme/tiny', revision: 'main', file: 'tiny.pt' };
const cached = (): string[] => {
  const at = join(folder, 'acme', 'tiny', 'main');
  return existsSync(at) ? readdirSync(at) : [];
};
const download = (more: object = {}, file: object = {}) =>
  downloadFromHub({ ...wanted, ...file }, { hub, folder, signal: new AbortController().signal, ...more });

it('fetches a file once, with progress, and then finds it in the cache', async () => {
  const steps: [number, number][] = [];
  const { path, commit } = await download({ onProgress: (done: number, total: number) => steps.push([done, total]) });
  expect([path, commit]).toEqual([join(folder, 'acme', 'tiny', 'main', 'tiny.pt'), 'c0ffee']);
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(steps.at(-1)).toEqual([10000, 10000]);
  await download();
  expect(requests.filter((line) => line.startsWith('GET /store'))).toHaveLength(1);
  writeFileSync(path, 'damaged');
  await download();
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(cached()).toEqual(['tiny.pt']);
});

it('follows a repository that was renamed', async () => {
  await download({}, { repository: 'Acme/Tiny' });
  expect(requests.slice(0, 2)).toEqual([
    'HEAD /Acme/Tiny/resolve/main/tiny.pt',
    'HEAD /acme/tiny/resolve/main/tiny.pt',
  ]);
});

it('takes up a cut connection where it stopped', async () => {
  cuts = [4000, 1000];
  const { path } = await download();
  expect(readFileSync(path).equals(content)).toBe(true);
  const starts = requests.flatMap((line) =>
    line.startsWith('GET /store') ? [Number(line.split(' from ')[1] ?? 0)] : [],
  );
  expect(starts).toHaveLength(3);
  // a cut may lose bytes that were still on their way, so the later starts are bounds
  expect(starts[0]).toBe(0);
  expect(starts[1]).toBeLessThanOrEqual(4000);
  expect(starts[2]).toBeGreaterThan(0);
  expect(starts[2]).toBeGreaterThanOrEqual(starts[1]);
});

it('keeps what came when the connection is cut for good, and a later call goes on from there', async () => {
  const path = join(folder, 'acme', 'tiny', 'main', 'tiny.pt');
  cuts = [1000, 1000, 1000];
  await expect(download()).rejects.toMatchObject({ code: 'io' });
  expect(cached()).toEqual([expect.stringMatching(/^tiny\.pt\.[0-9a-f]{12}\.part$/)]);
  const part = join(folder, 'acme', 'tiny', 'main', cached()[0]);
  const { size } = statSync(part);
  expect(size).toBeGreaterThan(0);
  await download();
  expect(requests).toContain(`GET /store/1 from ${size}`);
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(cached()).toEqual(['tiny.pt']);
  // a part that is whole needs no more bytes; one that is too long is fetched anew
  for (const kept of [content, Buffer.concat([content, content])]) {
    rmSync(path);
    writeFileSync(part, kept);
    await download();
    expect(readFileSync(path).equals(content)).toBe(true);
  }
});

it('does not go on with a part of another version', async () => {
  cuts = [1000, 1000, 1000];
  await expect(download()).rejects.toThrow(/what came is kept, and the same call goes on from there$/);
  content = Buffer.from('abcdefghij'.repeat(900));
  stated = sha256Of(content);
  requests = [];
  const { path } = await download();
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(requests).toContain('GET /store/1');
});

it("refuses a wrong checksum, the hub's or the caller's, and keeps nothing", async () => {
  stated = 'a'.repeat(64);
  const message = /is not the expected file: its SHA-256 is [0-9a-f]{64} instead of a{64}; it was not kept$/;
  await expect(download()).rejects.toThrow(message);
  stated = sha256Of(content);
  await expect(download({ sha256: 'a'.repeat(64) })).rejects.toThrow(message);
  expect(cached()).toEqual([]);
});

it('says that a repository is gated, and shows a token to the hub only', async () => {
  token = 'secret';
  await expect(download()).rejects.toThrow(
    /\(401\): accept the conditions at http:.*\/acme\/tiny and give a token by --token or HF_TOKEN$/,
  );
  await expect(download({ token: 'wrong' })).rejects.toMatchObject({ code: 'io', fields: { status: 401 } });
  await download({ token: 'secret' });
  expect(cached()).toEqual(['tiny.pt']);
});

it('refuses files that are not there, and hubs that do not answer', async () => {
  await expect(download({}, { file: 'other.pt' })).rejects.toThrow(
    'acme/tiny has no file other.pt at revision main (404)',
  );
  await expect(download({ hub: 'http://127.0.0.1:1' })).rejects.toThrow(/^cannot download http:[^\n]*$/);
  const silent = createServer(() => undefined);
  await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready));
  const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await expect(download({ hub: address, patience: 50 })).rejects.toThrow('nothing came for 0.05 seconds');
  silent.closeAllConnections();
  await new Promise((closed) => silent.close(closed));
});

it('stops when asked', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(download({ signal })).rejects.toThrow('stopped');
});

it.each([
  ['repository', { repository: 'acme' }, /owner\/name/],
  ['repository', { repository: 'acme/..' }, /owner\/name/],
  ['--file', { file: '../tiny.pt' }, /a path inside the repository/],
  ['--revision', { revision: 'a b' }, /a branch, tag or commit/],
])('refuses a bad %s', async (_, file, message) => {
  await expect(download({}, file)).rejects.toThrow(message);
  await expect(download({}, file)).rejects.toMatchObject({ code: 'usage' });
  expect(requests).toEqual([]);
});

it('refuses a hub that is no address', async () => {
  await expect(download({ hub: 'ftp://hub' })).rejects.toThrow(
    '--hub "ftp://hub": allowed: an address with http or https',
  );
});

describeShared('golden/tiny-model', 'pull', () => {
  const heads = ['MODEL.DECODER.NHEADS=4', 'MODEL.TEXT.HEADS=2'];
  const io = (out: (text: string) => void = () => undefined) => ({
    out,
    err: () => undefined,
    terminal: false,
    loadModel,
    signal: new AbortController().signal,
  });

  it('makes a model folder that says where it came from', async () => {
    content = readFileSync(sharedPath('golden/tiny-model/tiny.pt'));
    stated = sha256Of(content);
    token = 'secret';
    const out = join(folder, 'model');
    const command: PullCommand = {
      ...{
        out,
        file: 'tiny.pt',
        revision: 'main',
        tokenizer: 'acme/clip',
        merges,
        set: heads,
        imageSize: 64,
        sha256: stated,
      },
    };
    const env = { BIOMEDPARSE_HUB_URL: hub, HF_TOKEN: 'secret', XDG_CACHE_HOME: folder };
    expect(await runPull('acme/tiny', command, io(), env)).toBe(0);
    const { provenance } = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
    expect(provenance).toMatchObject({ source: 'tiny.pt', origin: `${hub}/acme/tiny at c0ffee`, sha256: stated });
    const model = await loadModel(out, { threads: 1 });
    const image = { data: new Uint8Array(64 * 64), width: 64, height: 64, channels: 1 as const };
    const [found] = await model.segment(image, ['liver']);
    await model.dispose();
    expect(found.mask.data.length).toBe(64 * 64);

    let info = '';
    expect(
      await run(
        ['info', out],
        io((text) => (info += text)),
      ),
    ).toBe(0);
    for (const line of [
      /^backbone +131,529 +0\.0\d +0\.0\d$/m,
      /^pixel decoder +233,248 +/m,
      /^text encoder +398,153 +/m,
      /^decoder +213,856 +/m,
    ]) {
      expect(info).toMatch(line);
    }
    expect(info).toContain('tokenizer: 49,408 tokens, start 49406, end 49407');
    expect(info).toContain(`sha256 ${stated}`);
  });

  describe('tokenizer', () => {
    let own: Buffer;
    let out: string;
    const pull = (more: Partial<PullCommand> = {}) => {
      const command: PullCommand = { out, file: 'tiny.pt', revision: 'main', set: heads, imageSize: 64, ...more };
      return runPull('acme/tiny', command, io(), { HF_ENDPOINT: hub, XDG_CACHE_HOME: folder });
    };
    const written = (): unknown => JSON.parse(readFileSync(join(out, 'tokenizer.json'), 'utf8'));
    const asked = (): string[] => requests.filter((line) => line.startsWith('HEAD') && line.includes('tokenizer.json'));

    beforeEach(async () => {
      out = join(folder, 'model');
      content = readFileSync(sharedPath('golden/tiny-model/tiny.pt'));
      stated = sha256Of(content);
      // a tokenizer.json as a repository would have it: the one that a conversion writes
      const first = join(folder, 'first');
      const argv = ['convert', sharedPath('golden/tiny-model/tiny.pt'), '--merges', merges, '--out', first];
      expect(await run([...argv, ...heads.flatMap((one) => ['--set', one])], io())).toBe(0);
      own = readFileSync(join(first, 'tokenizer.json'));
    });

    it("is the repository's own", async () => {
      tokenizers.set('acme/tiny', own);
      expect(await pull()).toBe(0);
      expect(asked()).toEqual(['HEAD /acme/tiny/resolve/main/tokenizer.json']);
      expect(written()).toEqual(JSON.parse(own.toString()));
      // the same file by hand
      const again = join(folder, 'again');
      const file = join(folder, 'biomedparse', 'hub', 'acme', 'tiny', 'main', 'tokenizer.json');
      const argv = ['convert', sharedPath('golden/tiny-model/tiny.pt'), '--merges', file, '--out', again];
      expect(await run([...argv, ...heads.flatMap((one) => ['--set', one])], io())).toBe(0);
      expect(readFileSync(join(again, 'tokenizer.json')).equals(readFileSync(join(out, 'tokenizer.json')))).toBe(true);
    });

    it("is the published one's where the repository has none", async () => {
      tokenizers.set('openai/clip-vit-base-patch32', own);
      expect(await pull()).toBe(0);
      expect(asked()).toEqual([
        'HEAD /acme/tiny/resolve/main/tokenizer.json',
        'HEAD /openai/clip-vit-base-patch32/resolve/main/tokenizer.json',
      ]);
      expect(written()).toEqual(JSON.parse(own.toString()));
    });

    it('is the one of --tokenizer, and nothing else is asked', async () => {
      tokenizers.set('acme/tiny', Buffer.from('{}')).set('acme/clip', own);
      expect(await pull({ tokenizer: 'acme/clip' })).toBe(0);
      expect(asked()).toEqual(['HEAD /acme/clip/resolve/main/tokenizer.json']);
      await expect(pull({ tokenizer: 'acme/none', out: join(folder, 'none') })).rejects.toThrow(
        'acme/none has no file tokenizer.json',
      );
    });

    it('is refused where it is none, or not for this network, and nothing is written', async () => {
      tokenizers.set('acme/tiny', Buffer.from('{}'));
      await expect(pull()).rejects.toThrow(/tokenizer\.json/);
      const small = JSON.parse(own.toString());
      small.model.vocab = Object.fromEntries(Object.entries(small.model.vocab).slice(0, 1000));
      for (const [i, one] of small.added_tokens.entries()) one.id = 1000 + i;
      tokenizers.set('acme/tiny', Buffer.from(JSON.stringify(small)));
      await expect(pull()).rejects.toThrow(/it has 1002 tokens, the checkpoint 49408;/);
      expect(existsSync(out)).toBe(false);
    });
  });

  it('refuses a checksum that is none and a folder that holds something before it asks the hub', async () => {
    const command: PullCommand = { out: join(folder, 'model'), file: 'tiny.pt', revision: 'main' };
    const pull = (more: Partial<PullCommand>) =>
      runPull('acme/tiny', { ...command, ...more }, io(), { HF_ENDPOINT: hub });
    await expect(pull({ sha256: 'abc' })).rejects.toThrow('allowed: 64 hexadecimal digits');
    writeFileSync(join(folder, 'mine'), '');
    await expect(pull({ out: folder })).rejects.toThrow('it is there already; a new name or an empty folder is needed');
    expect(requests).toEqual([]);
  });
});
