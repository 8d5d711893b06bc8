/** "Everything" on answers made by hand, and on the command line with the fake network. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRaster, writePng } from '../src/formats/raster.ts';
import { segmentEverything } from '../src/parse/everything.ts';
import type { EncodedImage, Segmentation, SegmentOptions } from '../src/parse/segment.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { dicomFile, greyImage } from './helpers/dicom.ts';

/** An encoded row of five pixels that answers with the given probabilities and p per target, null for "not found". */
function answering(maps: readonly (readonly number[] | null)[], p: readonly number[]) {
  const asked: { prompts: readonly string[]; options: SegmentOptions | undefined }[] = [];
  const image: EncodedImage = {
    width: 5,
    height: 1,
    image: { data: new Uint8Array(15), width: 5, height: 1, channels: 3 },
    warnings: [],
    seconds: { image: 0, text: 0, decode: 0 },
    fit: { width: 5, height: 1, size: 5, inner: { left: 0, top: 2, width: 5, height: 1 } },
    ask: () => {
      throw new Error('everything asks for finished answers');
    },
    async *segment(prompts, options) {
      asked.push({ prompts, options });
      for (const [i, text] of prompts.entries()) {
        const map = maps[i] ?? null;
        const probabilities = Float32Array.from(map ?? [0, 0, 0, 0, 0]);
        const data = Uint8Array.from(probabilities, (value) => (value > 0.5 ? 1 : 0));
        const answer: Segmentation = {
          text,
          concept: null,
          note: null,
          present: map !== null,
          presence: 0.9,
          probability: 0,
          reason: map === null ? 'absent: presence 0.10 < 0.50' : null,
          mask: { data, width: 5, height: 1 },
          areaPx: 0,
          areaFraction: 0,
          box: null,
          probabilities,
          rejection: { imageType: 'MRI-Cardiac', target: null, pValue: p[i] as number },
        };
        yield answer;
      }
    },
    summary: () => new Float32Array(8),
    guessViews: () => null,
    plausibility: () => ({ possible: 1, looksLike: null }),
    dispose: () => undefined,
  };
  return { image, asked };
}

describe('segmentEverything', () => {
  it('asks all targets of the type in the published form, each with its p', async () => {
    const { image, asked } = answering([[0.9, 0.9, 0, 0, 0], null, [0, 0, 0, 0.8, 0.7]], [0.5, 0, 0.4]);
    const found = await segmentEverything(image, 'mri-cardiac');
    expect(asked[0]?.prompts).toEqual([
      'left heart ventricle in cardiac MRI',
      'myocardium in cardiac MRI',
      'right heart ventricle in cardiac MRI',
    ]);
    expect(asked[0]?.options).toMatchObject({ imageType: 'MRI-Cardiac', rejection: { threshold: 0 } });
    expect([...found.labels]).toEqual([1, 1, 0, 3, 3]);
    expect(found.targets.map(({ label, pValue, areaPx, box }) => [label, pValue, areaPx, box])).toEqual([
      [1, 0.5, 2, [0, 0, 2, 1]],
      [null, 0, 0, null],
      [3, 0.4, 2, [3, 0, 5, 1]],
    ]);
    expect(found.targets[1]?.reason).toMatch(/^absent/);
  });

  it('drops the double with the lower p, and what others outdo', async () => {
    const doubles = answering([[0.9, 0.9, 0.9, 0, 0], [0.8, 0.8, 0.8, 0.9, 0], null], [0.1, 0.7, 0]);
    const kept = await segmentEverything(doubles.image, 'MRI-Cardiac');
    expect([...kept.labels]).toEqual([2, 2, 2, 2, 0]);
    expect(kept.targets[0]?.reason).toBe('double: more than half of it lies in myocardium');
    // the second mask is no double (half of it lies in the first), but wins one of its three candidates
    const outdone = answering([[0.9, 0.9, 0.9, 0, 0], [0, 0.3, 0.6, 0.6, 0], null], [0.7, 0.1, 0]);
    const left = await segmentEverything(outdone.image, 'MRI-Cardiac');
    expect([...left.labels]).toEqual([1, 1, 1, 0, 0]);
    expect(left.targets[1]).toMatchObject({ label: null, areaPx: 0, reason: expect.stringMatching(/^outdone/) });
  });

  it('gives an empty label map where nothing is found', async () => {
    const found = await segmentEverything(answering([null, null, null], [0, 0, 0]).image, 'MRI-Cardiac');
    expect([...found.labels]).toEqual([0, 0, 0, 0, 0]);
    expect(found.targets.every(({ label }) => label === null)).toBe(true);
  });

  it('refuses image types without targets and images that are too large', async () => {
    const { image, asked } = answering([], []);
    await expect(segmentEverything(image, 'CT-Pelvis')).rejects.toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/"CT-Pelvis"; allowed: CT-Abdomen, /) }),
    );
    const large = { ...image, width: 20_000, height: 20_000 };
    await expect(segmentEverything(large, 'MRI-Cardiac')).rejects.toThrow(/at most 2147483648 are allowed/);
    expect(asked).toEqual([]);
  });
});

describe('segment --everything', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'biomedparse-everything-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function call(...argv: string[]) {
    const image = join(folder, 'scan.png');
    const data = new Uint8Array(64 * 64).fill(255, 0, 64 * 32);
    await writePng(image, { data, width: 64, height: 64, channels: 1 });
    const command = ['segment', image, '--everything', '--out', join(folder, 'out'), ...argv];
    return callCli(command, { loadModel: async () => fakeModel().model });
  }

  it('writes a 16-bit label map, an overlay and JSON', async () => {
    const { status, stdout } = await call('--image-type', 'Fundus', '--json');
    expect(status).toBe(0);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual([
      'scan_everything_mask.png',
      'scan_everything_overlay.png',
      'scan_everything_report.json',
    ]);
    const [{ warnings, ...report }] = JSON.parse(stdout).results;
    expect(warnings.map(({ code }: { code: string }) => code)).toEqual(['unexpected-grey']);
    expect(JSON.parse(readFileSync(join(folder, 'out', 'scan_everything_report.json'), 'utf8'))).toEqual(report);
    // the fake network finds the same bright pixels for both targets
    expect(report.targets.map((one: { label: number | null }) => one.label).filter(Boolean)).toHaveLength(1);
    expect(report.targets.find((one: { label: null }) => one.label === null).reason).toMatch(/^double/);
    const map = await readRaster(report.label_map);
    expect([map.data instanceof Uint16Array, map.channels, map.data[0], map.data[64 * 64 - 1]]).toEqual([
      true,
      1,
      report.targets.find((one: { label: number | null }) => one.label !== null).label,
      0,
    ]);
  });

  it('prints a table, and tests nothing where nothing is published', async () => {
    const { status, stdout } = await call('--image-type', 'CT-Liver');
    expect(status).toBe(0);
    expect(stdout).toMatch(/scan\.png +vessel +1 +- +\d+/);
    expect(stdout).toMatch(/scan\.png +tumor +- +- +0 +double/);
  });

  it('rejects below the threshold only with --reject', async () => {
    const { stdout } = await call('--image-type', 'Fundus', '--reject', 'ks', '--reject-threshold', '1', '--json');
    const [{ targets }] = JSON.parse(stdout).results;
    expect(targets.map((one: { reason: string }) => one.reason.slice(0, 8))).toEqual(['rejected', 'rejected']);
  });

  it('takes the frame and the window that are given', async () => {
    const file = join(folder, 'two.dcm');
    // the first frame is black, half of the second has the value 40
    const samples = new Uint16Array(2 * 64 * 64).fill(40, 64 * 64, 64 * 96);
    writeFileSync(file, dicomFile(greyImage(64, 64, samples, { NumberOfFrames: 2 })));
    const labels = async (frame: number, window: string): Promise<number> => {
      const how = ['--frame', String(frame), '--window', window, '--json', '--out', join(folder, 'out')];
      const command = ['segment', file, '--everything', '--image-type', 'CT-Liver', ...how];
      const { status, stdout } = await callCli(command, { loadModel: async () => fakeModel().model });
      expect(status).toBe(0);
      const [{ targets }] = JSON.parse(stdout).results;
      return targets.filter(({ label }: { label: number | null }) => label !== null).length;
    };
    expect([await labels(0, '0,40'), await labels(1, '0,40'), await labels(1, '0,400')]).toEqual([0, 1, 0]);
  });

  it.each<[string, string[], RegExp]>([
    ['no image type', [], /--everything needs --image-type/],
    ['an unknown image type', ['--image-type', 'PET'], /image type "PET"; allowed: CT-Abdomen/],
    ['prompts', ['--image-type', 'OCT', '-p', 'edema'], /--prompt cannot be given with --everything/],
    ['a modality', ['--image-type', 'OCT', '--modality', 'CT'], /--modality cannot be given with --everything/],
    ['points', ['--image-type', 'OCT', '--point', '1,1'], /--point cannot be given with --everything/],
    ['instances', ['--image-type', 'OCT', '--instances'], /--instances cannot be given with --everything/],
    ['a threshold without a test', ['--image-type', 'OCT', '--reject-threshold', '0.1'], /give --reject ks too/],
  ])('refuses %s', async (_, argv, line) => {
    const { status, stdout, stderr } = await call(...argv);
    expect([status, stdout, existsSync(join(folder, 'out'))]).toEqual([2, '', false]);
    expect(stderr).toMatch(/^biomedparse: [^\n]+\n$/);
    expect(stderr).toMatch(line);
  });
});
