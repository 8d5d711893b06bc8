/** The command line in process, on a fake network: output, names, JSON, exit status, and every refusal in one line. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeNpy } from '../src/formats/npy.ts';
import { encodePng, readMask, readRaster, writePng } from '../src/formats/raster.ts';
import type { ModelSettings } from '../src/parse/config.ts';
import { loadModel } from '../src/parse/load.ts';
import { fakeConfig, fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { dicomFile, greyImage } from './helpers/dicom.ts';

let folder: string;
let image: string;
let out: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-cli-'));
  image = join(folder, 'scan.png');
  out = join(folder, 'out');
  await writePng(image, square(80, 60));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A white square in the upper left quarter of a black image. */
function square(width: number, height: number) {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height / 2; y++) data.fill(255, y * width, y * width + width / 2);
  return { data, width, height, channels: 1 as const };
}

/** Runs a call; `real` opens model folders for real instead of the fake network. */
async function call(
  argv: string[],
  { real = false, signal = new AbortController().signal, settings = {} as Partial<ModelSettings> } = {},
) {
  const { model, calls } = fakeModel(settings);
  return { ...(await callCli(argv, { loadModel: real ? loadModel : async () => model, signal })), calls };
}

const segment = (...rest: string[]) => ['segment', image, '--out', out, ...rest];
const files = () => (existsSync(out) ? readdirSync(out).sort() : []);

/** A refusal: its exit status, one line on standard error that matches, nothing on standard output, no files. */
async function expectRefusal(argv: string[], status: number, line: RegExp, options = {}) {
  const result = await call(argv, options);
  expect(result.stderr).toMatch(/^biomedparse: [^\n]+\n$/);
  expect(result.stderr).toMatch(line);
  expect([result.status, result.stdout, files()]).toEqual([status, '', []]);
}

describe('inputs that do not exist', () => {
  it('are reported as such beside volumes and with options of volumes', async () => {
    const missing = join(folder, 'typo');
    for (const given of [
      [missing, '--plane', 'coronal'],
      [image, missing],
      [join(folder, 'a.nii.gz'), missing],
    ]) {
      const { status, stderr } = await call(['segment', ...given, '-p', 'liver', '--out', out]);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/typo: no such file\n/)]);
    }
  });
});

describe('segment', () => {
  it("writes a mask of the image's own size and an overlay, and prints a table", async () => {
    const { status, stdout, stderr } = await call(segment('-p', 'Left lung', '-p', 'absent thing'));
    expect([status, stderr]).toEqual([0, '']);
    expect(files()).toEqual([
      'scan_absent-thing_mask.png',
      'scan_absent-thing_overlay.png',
      'scan_left-lung_mask.png',
      'scan_left-lung_overlay.png',
    ]);
    const mask = await readMask(join(out, 'scan_left-lung_mask.png'));
    expect([mask.width, mask.height, mask.data[10 * 80 + 10], mask.data[50 * 80 + 70]]).toEqual([80, 60, 1, 0]);
    const png = await readRaster(join(out, 'scan_left-lung_mask.png'));
    expect([png.channels, [...new Set(png.data)].sort()]).toEqual([1, [0, 255]]);
    const empty = await readMask(join(out, 'scan_absent-thing_mask.png'));
    expect(empty.data.some((value) => value !== 0)).toBe(false);
    const overlay = await readRaster(join(out, 'scan_left-lung_overlay.png'));
    expect(overlay.channels).toBe(3);
    expect(overlay.width).toBeGreaterThanOrEqual(80);
    expect(stdout).toMatch(/image +prompt +found/);
    expect(stdout).toMatch(/scan\.png +Left lung +yes +0\.982/);
    expect(stdout).toMatch(/scan\.png +absent thing +no +0\.018/);
    expect(stdout).toMatch(/Model fake\. Not a medical device/);
  });

  it('prints only JSON on standard output with --json', async () => {
    const { status, stdout, stderr } = await call(segment('-p', 'lung', '-p', 'absent thing', '--json'));
    expect([status, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout);
    expect(report.model).toEqual({
      name: 'fake',
      parameters: 1234,
      image_size: 64,
      device: 'cpu',
      precision: 'float32',
    });
    expect(report.errors).toEqual([]);
    expect(report.results).toHaveLength(1);
    const [result] = report.results;
    expect(result).toMatchObject({ input: image, width: 80, height: 60 });
    expect(Object.keys(result.seconds)).toEqual(['image', 'text', 'decode']);
    const [found, absent] = result.prompts;
    expect(found).toMatchObject({
      text: 'lung',
      present: true,
      reason: null,
      mask: join(out, 'scan_lung_mask.png'),
      overlay: join(out, 'scan_lung_overlay.png'),
    });
    expect(found.box).toHaveLength(4);
    expect(found.area_fraction).toBeCloseTo(found.area_px / 4800, 7);
    expect(found.presence).toBeCloseTo(0.982, 3);
    expect(found.probability).toBeGreaterThan(0.9);
    expect(absent).toMatchObject({ present: false, probability: 0, area_px: 0, area_fraction: 0, box: null });
    expect(absent.reason).toMatch(/^absent: presence 0\.02 < 0\.50$/);
  });

  it('says what each prompt was understood as, and notes those outside the training', async () => {
    const { stdout, calls } = await call(segment('-p', '左肺', '-p', 'uterus', '-p', 'my thing', '--json'));
    const [lung, uterus, thing] = JSON.parse(stdout).results[0].prompts;
    expect(calls.texts).toEqual(['left lung', 'uterus', 'my thing']);
    expect(lung).toMatchObject({
      text: '左肺',
      concept: { name: 'left lung', side: 'left', trained: true },
      note: null,
    });
    expect(lung.concept.snomed).toBe('44029006');
    expect(uterus.concept).toMatchObject({ name: 'uterus', trained: false });
    expect(uterus.note).toMatch(/^"uterus" is outside what the default model was trained on; nearest known terms: \w+/);
    expect(thing).toMatchObject({ concept: null, note: expect.stringMatching(/"my thing" is outside/) });
    expect((await call(segment('-p', 'my thing'))).stdout).toMatch(/\nNote: "my thing" is outside[^\n]+\n/);
  });

  it('takes terms of your own', async () => {
    const terms = join(folder, 'terms.json');
    writeFileSync(terms, JSON.stringify({ terms: [{ name: 'left lung', synonyms: ['LL-1'] }] }));
    const { stdout, calls } = await call(segment('-p', 'LL-1', '--terms', terms, '--json'));
    expect(calls.texts).toEqual(['left lung']);
    expect(JSON.parse(stdout).results[0].prompts[0]).toMatchObject({ text: 'LL-1', concept: { name: 'left lung' } });
    writeFileSync(terms, '{"terms": [{"name": 3}]}');
    const refused = await call(segment('-p', 'x', '--terms', terms));
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^biomedparse: [^\n]*terms\.json: field "terms\[0\]\.name" must be a text[^\n]*\n$/);
  });

  it('writes probabilities as float32 [prompts, height, width]', async () => {
    const { stdout } = await call(segment('-p', 'a', '-p', 'b', '--save-probabilities', '--json'));
    const file = JSON.parse(stdout).results[0].probabilities;
    expect(file).toBe(join(out, 'scan_probabilities.npy'));
    const { data, shape } = decodeNpy(readFileSync(file), file);
    expect(shape).toEqual([2, 60, 80]);
    expect(data).toBeInstanceOf(Float32Array);
    expect(data[60 * 80 + 10 * 80 + 10]).toBeGreaterThan(0.9);
    expect(data[50 * 80 + 70]).toBeLessThan(0.1);
  });

  it('cuts masks into instances with --instances', async () => {
    const data = new Uint8Array(80 * 60);
    for (let y = 20; y < 40; y++) {
      data.fill(255, y * 80 + 4, y * 80 + 28);
      data.fill(255, y * 80 + 52, y * 80 + 76);
    }
    await writePng(image, { ...square(80, 60), data });
    const { stdout } = await call(segment('-p', 'cell', '-p', 'absent cell', '--instances', '--json'));
    const [cell, absent] = JSON.parse(stdout).results[0].prompts;
    expect(cell.instances).toEqual({ count: 2, labels: join(out, 'scan_cell_instances.png') });
    expect(absent.instances.count).toBe(0);
    const labels = await readRaster(cell.instances.labels);
    expect(labels.data).toBeInstanceOf(Uint16Array);
    expect([labels.width, labels.height, labels.channels]).toEqual([80, 60, 1]);
    expect([10, 40, 70].map((x) => labels.data[30 * 80 + x])).toEqual([1, 0, 2]);
  });

  it('takes thresholds and the joint layout', async () => {
    const strict = JSON.parse((await call(segment('-p', 'a', '--presence-threshold', '0.99', '--json'))).stdout);
    expect(strict.results[0].prompts[0].present).toBe(false);
    const low = JSON.parse((await call(segment('-p', 'a', '--threshold', '0', '--json'))).stdout);
    expect(low.results[0].prompts[0].area_px).toBe(4800);
    expect((await call(segment('-p', 'a', '-p', 'b', '--joint'))).calls.joint).toEqual([true]);
  });

  it('reads a DICOM image through the window that is asked for', async () => {
    const dicom = join(folder, 'slice.dcm');
    writeFileSync(
      dicom,
      dicomFile(
        greyImage(
          80,
          60,
          Array.from(square(80, 60).data, (value) => value * 4),
        ),
      ),
    );
    const area = async (window: string): Promise<number> => {
      const { stdout } = await call(['segment', dicom, '--out', out, '-p', 'a', '--json', '--window', window]);
      return JSON.parse(stdout).results[0].prompts[0].area_px;
    };
    expect(await area('0,1000')).toBeGreaterThan(1000);
    expect(await area('2000,3000')).toBe(0);
    expect(await area('liver')).toBeGreaterThan(1000);
  });

  it('gives images of one name and prompts of one slug their own files', async () => {
    mkdirSync(join(folder, 'other'));
    const second = join(folder, 'other', 'scan.png');
    await writePng(second, { ...square(80, 60), data: new Uint8Array(80 * 60) });
    const argv = ['segment', image, second, '--out', out, '-p', 'lung', '-p', 'Lung!', '--json'];
    const { status, stdout } = await call(argv);
    expect(status).toBe(0);
    const masks = JSON.parse(stdout).results.flatMap((one: { prompts: { mask: string }[] }) =>
      one.prompts.map((prompt) => prompt.mask),
    );
    expect(new Set(masks).size).toBe(4);
    expect(files()).toHaveLength(8);
    expect((await readMask(masks[0])).data[0]).toBe(1);
    expect((await readMask(masks[2])).data[0]).toBe(0);
  });

  it('leaves no hidden folder behind when interrupted, and exits with 130', async () => {
    const { status, stderr } = await call(segment('-p', 'lung'), { signal: AbortSignal.abort() });
    expect([status, stderr, files(), existsSync(out)]).toEqual([130, 'biomedparse: interrupted\n', [], false]);
  });
});

describe('segment with region prompts', () => {
  const decoder = { ...fakeConfig.decoder, regions: true };
  const trained = { settings: { decoder: { ...decoder, regionsTrained: true } } };
  it('takes points, boxes and scribbles without a text', async () => {
    const scribble = join(folder, 'scribble.png');
    await writePng(scribble, square(80, 60));
    const places = ['--point', '3,4', '--point', '5,4', '--box', '0,0,40,30', '--scribble', scribble];
    const { status, stdout, stderr, calls } = await call(segment(...places, '--json'), trained);
    expect([status, stderr]).toEqual([0, '']);
    expect(files()).toEqual(['scan_region_mask.png', 'scan_region_overlay.png']);
    const [result] = JSON.parse(stdout).results;
    expect(result.regions).toEqual([{ point: [3, 4] }, { point: [5, 4] }, { box: [0, 0, 40, 30] }, { scribble }]);
    expect(result.prompts).toHaveLength(1);
    expect(result.prompts[0]).toMatchObject({ text: '', present: true });
    expect(calls.regions).toEqual([32 * 24]);
    expect((await call(segment('--point', '1,1'), trained)).stdout).toMatch(/scan\.png +region +yes/);
  });
  it('takes them beside texts', async () => {
    const { stdout, calls } = await call(segment('-p', 'lung', '-p', 'heart', '--point', '3,4', '--json'), trained);
    expect(JSON.parse(stdout).results[0].prompts).toHaveLength(2);
    expect([calls.decodes, calls.regions]).toEqual([[2], [1]]);
  });
  it('asks a model that was not trained for them only with --force', async () => {
    const untrained = { settings: { decoder } };
    await expectRefusal(segment('--point', '1,1'), 2, /not trained for region prompts.*--force/, untrained);
    expect((await call(segment('--point', '1,1', '--force'), untrained)).status).toBe(0);
  });
  it('refuses a model without weights for them, forced or not', () =>
    expectRefusal(segment('--point', '1,1', '--force'), 2, /no weights for region prompts.*cannot be forced/));
  it('refuses places that are none, and more than one image', async () => {
    const refused = (argv: string[], line: RegExp, status = 2) => expectRefusal(argv, status, line, trained);
    await refused(segment('--point', '80,0'), /point 80,0 lies outside the image of 80 x 60 pixels/);
    await refused(segment('--point', '1'), /'1' is invalid\. allowed: x,y, whole numbers in pixels/);
    await refused(segment('--point', '1,-2'), /'1,-2' is invalid/);
    await refused(segment('--box', '1,2,3'), /'1,2,3' is invalid\. allowed: x0,y0,x1,y1/);
    await refused(segment('--box', '5,5,5,9'), /box 5,5,5,9 is empty/);
    await refused(segment('--box', '0,0,80,61'), /reaches outside the image of 80 x 60/);
    const scribble = join(folder, 'scribble.png');
    await refused(segment('--scribble', scribble), /scribble\.png: no such file/, 1);
    await writePng(scribble, { ...square(80, 60), data: new Uint8Array(80 * 60) });
    await refused(segment('--scribble', scribble), /scribble is empty/);
    await writePng(scribble, square(60, 80));
    await refused(segment('--scribble', scribble), /has 60 x 80 pixels; .* 80 x 60/);
    await refused(['segment', image, image, '--out', out, '--point', '1,1'], /2 images given .* one image is allowed/);
    await refused(segment('-p', 'lung', '--force'), /--force is for --point, --box and --scribble/);
  });
});

describe('segment with the rejection test', () => {
  const own = (parameters: [number, number]) => {
    const file = join(folder, 'own.json');
    const colour = [1, 1];
    const lung = { probability: parameters, red: colour, green: colour, blue: colour };
    writeFileSync(
      file,
      JSON.stringify({ format: 'biomedparse-distributions', imageTypes: { 'X-Ray-Chest': { lung } } }),
    );
    return file;
  };
  it('reports p and rejects what does not look like its target', async () => {
    // the white square has red, green and blue of 255/256 inside: p of a uniform distribution is 1/128
    const argv = segment('-p', 'lung in chest X-Ray', '-p', 'other', '--reject', 'ks', '--distributions', own([1, 1]));
    const { status, stdout } = await call([...argv, '--json']);
    expect(status).toBe(0);
    const [lung, other] = JSON.parse(stdout).results[0].prompts;
    expect(lung).toMatchObject({ present: false, area_px: 0, box: null });
    expect(lung.rejection).toMatchObject({ image_type: 'X-Ray-Chest', target: 'lung' });
    expect(lung.rejection.p).toBeGreaterThan(0);
    expect(lung.rejection.p).toBeLessThan(0.05);
    expect(lung.reason).toMatch(/^rejected: the mask does not look like lung in X-Ray-Chest, p 0\.0\d+ < 0\.0?50?$/);
    expect(other).toMatchObject({ present: true, rejection: { image_type: null, target: null, p: null } });
    expect((await call(argv)).stdout).toMatch(/lung in chest X-Ray +rejected/);
    const kept = await call([...argv, '--json', '--reject-threshold', '0']);
    expect(JSON.parse(kept.stdout).results[0].prompts[0].present).toBe(true);
  });
  it('takes the image type from its option and tests against the published distributions', async () => {
    const argv = segment('-p', 'left lung', '--reject', 'ks', '--image-type', 'x-ray-chest', '--json');
    const [found] = JSON.parse((await call(argv)).stdout).results[0].prompts;
    expect(found.rejection).toMatchObject({ image_type: 'X-Ray-Chest', target: 'left lung' });
  });
  it('prepares images as published with --preprocess', async () => {
    const ask = (...rest: string[]) => segment('-p', 'lung', '--preprocess', ...rest);
    await expectRefusal(ask('mine'), 2, /'mine' is invalid\. Allowed choices are published/);
    await expectRefusal(ask('published', '--image-type', 'PET'), 2, /--image-type PET: allowed: CT-Abdomen, /);
    expect((await call(ask('published', '--image-type', 'CT-Chest'))).status).toBe(0);
    expect((await call(ask('published'))).status).toBe(0);
  });
  it('refuses what it cannot use', async () => {
    const ask = (...rest: string[]) => segment('-p', 'lung', ...rest);
    await expectRefusal(ask('--reject', 'beta'), 2, /'beta' is invalid\. Allowed choices are ks/);
    await expectRefusal(ask('--reject', 'ks', '--image-type', 'PET'), 2, /image type "PET"; there are CT-Abdomen/);
    await expectRefusal(ask('--reject', 'ks', '--distributions', join(folder, 'no.json')), 1, /no\.json: no such file/);
    await expectRefusal(ask('--reject-threshold', '0.1'), 2, /--reject-threshold is for the rejection test/);
    await expectRefusal(ask('--distributions', 'a.json'), 2, /--distributions is for the rejection test/);
    await expectRefusal(ask('--reject', 'ks', '--reject-threshold', '2'), 2, /'2' is invalid/);
  });
});

describe('help and version', () => {
  it('go to standard output with status 0', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(await call(['--version'])).toMatchObject({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
    const help = await call(['--help']);
    expect([help.status, help.stderr]).toEqual([0, '']);
    for (const word of ['segment', 'evaluate', 'train', 'Not a medical device']) expect(help.stdout).toContain(word);
    const segmentHelp = await call(['segment', '--help']);
    for (const word of [
      '--prompt',
      '--model',
      '--out',
      '--threshold',
      '--presence-threshold',
      '--point',
      '--box',
      '--scribble',
      '--force',
      '--image-type',
      '--reject',
      '--reject-threshold',
      '--distributions',
      '--everything',
      '--instances',
      '--preprocess',
      '--joint',
      '--terms',
      '--device',
      '--threads',
      '--precision',
      '--json',
      '--save-probabilities',
    ]) {
      expect(segmentHelp.stdout).toContain(word);
    }
  });
});

describe('a wrong call is refused in one line with status 2', () => {
  it.each<[string, string[], RegExp]>([
    [
      'no command',
      [],
      /no command given; allowed: segment, detect, recognize, evaluate, calibrate, fit-views, train, export, convert, fit-rejection, info, pull, data/,
    ],
    [
      'an unknown command',
      ['sgment'],
      /unknown command 'sgment' \(Did you mean segment\?\); allowed: segment, detect, recognize, evaluate, calibrate, fit-views, train, export, convert, fit-rejection, info, pull, data/,
    ],
    [
      'an unknown option',
      ['segment', 'a.png', '-p', 'x', '--treshold', '1'],
      /unknown option '--treshold' \(Did you mean --threshold\?\); allowed: --prompt, --model/,
    ],
    ['no image', ['segment', '-p', 'x'], /missing required argument 'image'/],
    ['no prompt', ['segment', 'a.png'], /--prompt <text>' not specified/],
    ['an option without its value', ['segment', 'a.png', '-p'], /--prompt <text>' argument missing/],
    [
      'a threshold that is no number',
      ['segment', 'a.png', '-p', 'x', '--threshold', 'high'],
      /'high' is invalid\. allowed: a number from 0 to 1/,
    ],
    [
      'a threshold above 1',
      ['segment', 'a.png', '-p', 'x', '--presence-threshold', '2'],
      /'2' is invalid\. allowed: a number from 0 to 1/,
    ],
    [
      'an unknown device',
      ['segment', 'a.png', '-p', 'x', '--device', 'tpu'],
      /'tpu' is invalid\. Allowed choices are cpu, webgpu, cuda/,
    ],
    [
      'an unknown precision',
      ['segment', 'a.png', '-p', 'x', '--precision', 'int4'],
      /'int4' is invalid\. Allowed choices are float32, int8/,
    ],
    [
      'no threads',
      ['segment', 'a.png', '-p', 'x', '--threads', '0'],
      /'0' is invalid\. allowed: a whole number from 1 to 256/,
    ],
    [
      'an unknown split',
      ['evaluate', 'data', '--split', 'validation'],
      /'validation' is invalid\. Allowed choices are train, test/,
    ],
    ['a limit that is no number', ['evaluate', 'data', '--limit', '1.5'], /'1\.5' is invalid/],
    ['too many arguments', ['train', 'a.json', 'b.json'], /too many arguments/],
  ])('%s', async (_, argv, line) => {
    await expectRefusal(
      argv.includes('segment') ? [...argv, ...(argv.at(-1) === '-p' ? [] : ['--out', out])] : argv,
      2,
      line,
    );
  });
  it.each(['soft', '5,1', '1', '1,2,3', ',', '1,x'])('a window that is none: %s', (window) =>
    expectRefusal(segment('-p', 'a', '--window', window), 2, /allowed: abdomen, lung, .* or two numbers low,high/));
  it('an empty prompt', () => expectRefusal(segment('-p', ' '), 2, /prompt is empty; name an object/));
  it('a prompt of 10,000 characters', () =>
    expectRefusal(segment('-p', 'x'.repeat(10_000)), 2, /has 10000 characters; at most 1000 are allowed/));
  it('257 prompts', () =>
    expectRefusal(
      segment(...Array.from({ length: 257 }, (_, i) => ['-p', `p${i}`]).flat()),
      2,
      /257 prompts given; at most 256/,
    ));
});

/** A PNG header that claims 50,000 x 50,000 pixels. */
async function hugePng(): Promise<Uint8Array> {
  const bytes = Buffer.from(await encodePng(square(8, 8)));
  bytes.writeUInt32BE(50_000, 16);
  bytes.writeUInt32BE(50_000, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

describe('an image that cannot be read', () => {
  const broken: [string, string, () => Promise<Uint8Array | null>, RegExp][] = [
    ['a missing file', 'missing.png', async () => null, /no such file/],
    ['a truncated PNG', 'cut.png', async () => (await encodePng(noise())).subarray(0, 900), /truncated/],
    [
      'a text file named .png',
      'text.png',
      async () => Buffer.from('not an image\n'),
      /it is text; allowed: PNG, JPEG, WebP, TIFF, DICOM/,
    ],
    ['a file of 0 bytes', 'zero.png', async () => new Uint8Array(0), /empty \(0 bytes\); allowed: PNG/],
    ['a header of 50,000 x 50,000', 'huge.png', hugePng, /50000 x 50000.*at most/],
  ];
  it.each(broken)('%s: one line, status 1, and the other images are still done', async (_, name, make, line) => {
    const path = join(folder, name);
    const bytes = await make();
    if (bytes !== null) writeFileSync(path, bytes);
    const { status, stdout, stderr } = await call(['segment', path, image, '--out', out, '-p', 'lung', '--json']);
    const errorLines = stderr.split('\n').filter((one) => one.startsWith('biomedparse: '));
    expect(errorLines).toHaveLength(1);
    expect(errorLines[0]).toContain(path);
    expect(errorLines[0]).toMatch(line);
    expect(status).toBe(1);
    const report = JSON.parse(stdout);
    expect(report.errors).toEqual([{ input: path, error: errorLines[0].replace('biomedparse: ', '') }]);
    expect(report.results.map((one: { input: string }) => one.input)).toEqual([image]);
    expect(files()).toEqual(['scan_lung_mask.png', 'scan_lung_overlay.png']);
  });
  it('alone leaves no output folder', async () => {
    const { status, stderr } = await call(['segment', join(folder, 'missing.png'), '--out', out, '-p', 'lung']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^biomedparse: [^\n]+missing\.png[^\n]+\n$/);
    expect(existsSync(out)).toBe(false);
  });
});

/** An image that does not compress: its PNG can be cut in the middle of the data. */
function noise() {
  const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
  return { data, width: 64, height: 64, channels: 1 as const };
}

describe('an output folder that cannot be written', () => {
  it('is refused before any work', async () => {
    const blocked = join(image, 'below-a-file');
    const { status, stderr, stdout, calls } = await call(['segment', image, '-p', 'lung', '--out', blocked]);
    expect([status, stdout, calls.images]).toEqual([1, '', 0]);
    expect(stderr).toMatch(/^biomedparse: cannot write to the output folder [^\n]+below-a-file: [^\n]+\n$/);
  });
  it('a result whose name is a folder fails alone and leaves nothing of its image', async () => {
    mkdirSync(join(out, 'scan_b_mask.png'), { recursive: true });
    const { status, stderr } = await call(segment('-p', 'a', '-p', 'b'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/scan_b_mask\.png: a folder has this name/);
    expect(files()).toEqual(['scan_b_mask.png']);
  });
});

describe('a model folder', () => {
  const real = { real: true };
  it('that is missing is named', () =>
    expectRefusal(
      segment('-p', 'x', '--model', join(folder, 'nowhere')),
      1,
      /No model folder .*nowhere; a folder with config\.json, model\.safetensors and tokenizer\.json/,
      real,
    ));
  it('without its configuration is refused', async () => {
    mkdirSync(join(folder, 'm'));
    await expectRefusal(segment('-p', 'x', '--model', join(folder, 'm')), 1, /config\.json: no such file/, real);
  });
  it('with a wrong configuration is refused by field', async () => {
    mkdirSync(join(folder, 'm'));
    writeFileSync(join(folder, 'm', 'config.json'), '{"name": "x", "imageSize": 33}');
    await expectRefusal(
      segment('-p', 'x', '--model', join(folder, 'm')),
      1,
      /config\.json: field "imageSize" must be a multiple of 32/,
      real,
    );
    writeFileSync(join(folder, 'm', 'config.json'), '{');
    await expectRefusal(segment('-p', 'x', '--model', join(folder, 'm')), 1, /config\.json is not valid JSON/, real);
  });
});
