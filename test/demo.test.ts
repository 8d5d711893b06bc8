/** `npm run demo` with the shipped model: phantoms, published images from a local server, and no network. */
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realExamples } from '../src/cli/demo/examples.ts';
import { realSource, runRealDemo } from '../src/cli/demo/real.ts';
import { runDemo } from '../src/cli/demo/run.ts';
import type { CliIo } from '../src/cli/io.ts';
import { readRaster } from '../src/formats/raster.ts';
import { loadModel } from '../src/parse/load.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-demo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function recorder(): { io: CliIo; text: { out: string; err: string } } {
  const text = { out: '', err: '' };
  const io: CliIo = {
    out: (line) => {
      text.out += line;
    },
    err: (line) => {
      text.err += line;
    },
    terminal: false,
    loadModel,
    signal: new AbortController().signal,
  };
  return { io, text };
}

describe('the demonstration on phantoms', () => {
  it('prints what was found with its Dice, refuses some absent objects, and writes overlays', async () => {
    const { io, text } = recorder();
    const out = join(folder, 'phantoms');
    expect(await runDemo(['--out', out, '--threads', '2'], io)).toBe(0);
    expect(text.out).toMatch(/Model biomedparse-compact .* Not a medical device/);
    const rows = text.out.split('\n').filter((line) => /^\S+\.png /.test(line));
    const found = rows.filter((row) => /\byes\b/.test(row));
    const dice = found.map((row) => Number(/ (\d\.\d+)\s*$/.exec(row)?.[1] ?? 'NaN')).filter(Number.isFinite);
    // phantoms are no patients: that several objects are found well is what is asked here
    expect(dice.filter((value) => value > 0.7).length).toBeGreaterThanOrEqual(4);
    expect(rows.some((row) => /\bno\b/.test(row))).toBe(true);
    const overlays = readdirSync(out).filter((file) => file.endsWith('_overlay.png'));
    expect(overlays.length).toBe(5);
    for (const file of overlays) expect((await readRaster(join(out, file))).channels).toBe(3);
  });
});

describe('without a network', () => {
  it('the demonstration on real images ends with one clear line and status 1', async () => {
    const before = { url: process.env.BIOMEDPARSE_EXAMPLES_URL, cache: process.env.XDG_CACHE_HOME };
    process.env.BIOMEDPARSE_EXAMPLES_URL = 'http://127.0.0.1:9/';
    process.env.XDG_CACHE_HOME = join(folder, 'empty-cache');
    try {
      const { io, text } = recorder();
      expect(await runDemo(['--real', '--out', join(folder, 'none')], io)).toBe(1);
      const line = text.err.split('\n').filter((one) => one.startsWith('demo: '));
      expect(line).toHaveLength(1);
      expect(line[0]).toContain('http://127.0.0.1:9/');
    } finally {
      for (const [name, value] of [
        ['BIOMEDPARSE_EXAMPLES_URL', before.url],
        ['XDG_CACHE_HOME', before.cache],
      ] as const) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
});

describeShared('samples/images', 'the demonstration on published images', () => {
  let server: Server;
  let base: string;
  const asked: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const file = join(sharedPath('samples/images'), basename(request.url ?? ''));
      asked.push(basename(file));
      if (!existsSync(file)) response.writeHead(404).end();
      else createReadStream(file).pipe(response);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => server.close());

  it('downloads from the named server, checks, segments, names the origin; the second time nothing is fetched', async () => {
    const env = {
      BIOMEDPARSE_EXAMPLES_URL: base,
      XDG_CACHE_HOME: join(folder, 'cache'),
      HOME: folder,
      LOCALAPPDATA: folder,
    };
    const examples = realExamples.filter(({ file }) => existsSync(join(sharedPath('samples/images'), file)));
    expect(examples.length).toBe(3);
    const source = { ...realSource(env), examples };
    for (const expected of [3, 3]) {
      const { io, text } = recorder();
      await runRealDemo({ out: join(folder, 'real'), threads: 2 }, io, source);
      expect(asked.length).toBe(expected);
      expect(text.out).toContain('https://github.com/microsoft/BiomedParse');
      for (const { file, prompts } of examples) {
        for (const prompt of prompts)
          expect(text.out.split('\n').some((row) => row.includes(file) && row.includes(prompt))).toBe(true);
      }
    }
  });
});
