/** `segment` on slides in process, on the fake network that finds pixels with much red: files, resuming, refusals. */

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRaster, writePng } from '../src/formats/raster.ts';
import { openSlide } from '../src/formats/slide/slide.ts';
import { stoppedCall } from './helpers/stopped-call.ts';
import { aperioPages, page, scene, tiffFile } from './helpers/tiff.ts';

const [TISSUE, OBJECT, GLASS] = [
  [60, 20, 90],
  [230, 60, 120],
  [110, 110, 110],
];

/** A square of 100 x 100 that lies across seams of tiles in both directions, with a hole; a square of 24; a speck of 3. */
const inside = (x: number, y: number): boolean => {
  const within = (left: number, top: number, side: number) =>
    x >= left && x < left + side && y >= top && y < top + side;
  return (within(150, 150, 100) && !within(180, 180, 40)) || within(400, 96, 24) || within(420, 300, 3);
};
const whole = scene(520, 400, (x, y) =>
  inside(x, y) ? OBJECT : x >= 60 && x < 480 && y >= 50 && y < 360 ? TISSUE : GLASS,
);
const slideBytes = tiffFile(aperioPages(whole, 0.5, 112));

let folder: string;
let out: string;
let slide: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-slides-'));
  out = join(folder, 'out');
  slide = join(folder, 'case.svs');
  writeFileSync(slide, slideBytes);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const call = stoppedCall;

const segment = (...rest: string[]) => ['segment', slide, '--out', out, ...rest];
const files = (at = out) => (existsSync(at) ? readdirSync(at).sort() : []);
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

async function expectRefusal(argv: string[], status: number, line: RegExp) {
  const result = await call(argv);
  expect(result.stderr).toMatch(/^biomedparse: [^\n]+\n$/);
  expect(result.stderr).toMatch(line);
  expect([result.status, files()]).toEqual([status, []]);
}

type Ring = readonly (readonly [number, number])[];
const ringArea = (ring: Ring): number =>
  Math.abs(ring.slice(1).reduce((sum, [x, y], i) => sum + (ring[i][0] * y - ring[i][1] * x) / 2, 0));

describe('segment of a slide', () => {
  it('writes mask, report and picture per prompt, annotations and a receipt', async () => {
    const { status, stdout } = await call(segment('-p', 'Red things', '-p', 'absent', '--json'));
    expect(status).toBe(0);
    const names = ['absent', 'red-things'].flatMap((name) =>
      ['mask.tif', 'overlay.png', 'report.json'].map((ending) => `case_${name}_${ending}`),
    );
    expect(files()).toEqual(['case_annotations.geojson', 'case_receipt.json', ...names].sort());
    const [result] = JSON.parse(stdout).results;
    expect(result).toMatchObject({
      input: slide,
      kind: 'Aperio',
      width: 520,
      height: 400,
      mpp: 0.5,
      mask_size: [520, 400],
    });
    expect(result.pixel_size).toEqual({ x: 0.5, y: 0.5, source: 'Aperio description' });
    expect(result.tiles).toMatchObject({ side: 64, overlap: 16 });
    expect(result.notes).toEqual(['3 more images in the file (thumbnails, labels, other planes) left out']);

    const [found, absent] = result.prompts;
    // the one across four tiles counts once, and the speck, of 3 square microns at most, not at all
    expect(found).toMatchObject({ text: 'Red things', present: true, count: 2, reason: null });
    const area = ((100 * 100 - 40 * 40 + 24 * 24) * 0.25) / 1e6;
    expect(found.area_mm2 / area).toBeGreaterThan(0.93);
    expect(found.area_mm2 / area).toBeLessThan(1.07);
    expect(absent).toMatchObject({
      present: false,
      count: 0,
      area_mm2: 0,
      reason: 'absent: presence 0.02 < 0.50 in every tile',
    });

    const mask = await openSlide(found.mask);
    expect([mask.width, mask.height, mask.pixelSize]).toEqual([
      520,
      400,
      { x: 0.5, y: 0.5, source: 'resolution tags' },
    ]);
    const pixels = await mask.read(0, { left: 0, top: 0, width: 520, height: 400 });
    await mask.close();
    const areaPx = pixels.reduce((sum, value) => sum + (value === 255 ? 1 : 0), 0) / 3;
    expect((areaPx * 0.25) / 1e6).toBeCloseTo(found.area_mm2, 6);
    expect(pixels.filter((value) => value !== 0 && value !== 255)).toHaveLength(0);

    const report = json(found.report);
    expect(report).toMatchObject({ notice: expect.stringMatching(/^Not a medical/), model: 'fake', count: 2 });
    const [small, large] = report.objects;
    expect([small.id, large.id]).toEqual([1, 2]);
    // the fake network answers in steps of four pixels, up to three too far to the upper left
    expect(Math.abs(small.centroid[0] - 412)).toBeLessThanOrEqual(3);
    expect(Math.abs(large.centroid[1] - 200)).toBeLessThanOrEqual(3);
    for (const [i, side] of [150, 150, 250, 250].entries())
      expect(Math.abs(large.box[i] - side)).toBeLessThanOrEqual(3);
    expect(report.objects[1].probability).toBeGreaterThan(0.9);
    expect((await readRaster(found.overlay)).width).toBe(520);
  });

  it('gives annotations in pixels of the slide, as QuPath reads them', async () => {
    const { stdout } = await call(
      segment('-p', 'red', '-p', 'absent', '-p', 'more red', '--mpp', '1', '--least-um2', '50', '--json'),
    );
    const [result] = JSON.parse(stdout).results;
    const { type, features } = json(result.annotations);
    expect([type, features.length]).toEqual(['FeatureCollection', 4]);
    for (const [i, feature] of features.entries()) {
      const name = i < 2 ? 'red' : 'more red';
      expect(feature.type).toBe('Feature');
      expect(feature.properties).toMatchObject({
        objectType: 'detection',
        name: `${name} ${(i % 2) + 1}`,
        classification: { name },
      });
      const { type, coordinates } = feature.geometry;
      expect(type).toBe('Polygon');
      for (const ring of coordinates) expect(ring.at(-1)).toEqual(ring[0]);
      // outer ring less holes is the area that is stated, 0.25 square microns a pixel of the slide
      const [outer, ...holes] = coordinates.map(ringArea);
      const area = outer - holes.reduce((sum: number, one: number) => sum + one, 0);
      expect(area * 0.25).toBeCloseTo(feature.properties.measurements['Area µm^2'], 6);
    }
    const large = features[1].geometry.coordinates;
    expect(large).toHaveLength(2);
    const xs = large[0].map(([x]: [number, number]) => x);
    expect(Math.abs(Math.min(...xs) - 150)).toBeLessThanOrEqual(6);
    expect(Math.abs(Math.max(...xs) - 250)).toBeLessThanOrEqual(6);
  });

  it('counts smaller objects where it is asked, and prints a table', async () => {
    const { status, stdout } = await call(segment('-p', 'red', '--least-um2', '0'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/slide +prompt +found +presence +objects +mm2 +of tissue\n/);
    expect(stdout).toMatch(/case\.svs +red +yes +0\.982 +3 +0\.00/);
    expect(stdout).toMatch(
      /Masks, annotations, reports, pictures and receipts are in [^\n]+\nModel fake\. Not a medical device/,
    );
  });

  it('cuts what lies crowded where it is narrow', async () => {
    const touching = scene(300, 200, (x, y) => {
      const cell = Math.hypot(x - 120, y - 100) <= 30 || Math.hypot(x - 174, y - 100) <= 30;
      return cell ? OBJECT : x > 20 && x < 280 ? TISSUE : GLASS;
    });
    writeFileSync(slide, tiffFile(aperioPages(touching, 0.5, 112)));
    const { stdout } = await call(segment('-p', 'cell nuclei', '-p', 'red', '--json'));
    const [nuclei, red] = JSON.parse(stdout).results[0].prompts;
    expect([nuclei.separation, nuclei.count]).toEqual(['watershed', 2]);
    expect([red.separation, red.count]).toEqual(['components', 1]);
    expect(nuclei.area_mm2).toBe(red.area_mm2);
  });

  it('gives a receipt whose hashes and round trip are true', async () => {
    expect((await call(segment('-p', 'red', '--tissue', 'all', '--overlap', '8'))).status).toBe(0);
    const receipt = json(join(out, 'case_receipt.json'));
    const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(receipt.input).toEqual({
      name: 'case.svs',
      kind: 'Aperio',
      files: [{ file: 'case.svs', bytes: slideBytes.length, sha256: sha256(slide) }],
    });
    expect(receipt.settings).toMatchObject({
      mpp: 0.5,
      tiles: { side: 64, overlap: 8, asked: 70, of: 70 },
      tissue: { how: 'all' },
    });
    expect(receipt.geometry).toMatchObject({ size: [520, 400], mask_size: [520, 400], mask_step: [1, 1] });
    expect(receipt.prompts).toMatchObject([{ text: 'red', present: true, count: 2 }]);
    expect(receipt.results.map((one: { format: string }) => one.format)).toEqual(['tiff', 'geojson']);
    for (const one of receipt.results) expect(one.sha256).toBe(sha256(join(out, one.file)));
    expect(receipt.results[0].round_trip).toEqual({ pixels_equal: true });
  });

  it('goes on where it was ended, with the same bytes in every file', async () => {
    const [full, parts] = [join(folder, 'full'), join(folder, 'parts')];
    const ask = (to: string) => ['segment', slide, '-p', 'red', '-p', 'absent', '--out', to];
    const once = await call(ask(full));
    expect(once.status).toBe(0);
    const ended = await call(ask(parts), 20);
    expect([ended.status, ended.calls.images]).toEqual([130, 20]);
    expect(ended.stderr).toMatch(/20 tiles are kept in [^\n]+\.work; the same call goes on from there\n/);
    expect(files(parts)).toHaveLength(1);
    const again = await call(ask(parts));
    expect([again.status, again.calls.images]).toEqual([0, once.calls.images - 20]);
    expect(again.stderr).toContain(`20 of ${once.calls.images} tiles were kept by an earlier run\n`);
    expect(files(parts)).toEqual(files(full));
    for (const name of files(full)) {
      expect(readFileSync(join(parts, name)).equals(readFileSync(join(full, name))), name).toBe(true);
    }
  });

  it('leaves plain TIFF files to be images, unless they are wished to be slides', async () => {
    const plain = join(folder, 'plain.tif');
    writeFileSync(plain, tiffFile([page(whole, 112)]));
    expect((await call(['segment', plain, '-p', 'red', '--out', out])).status).toBe(0);
    expect(files()).toEqual(['plain_red_mask.png', 'plain_red_overlay.png']);
    const asSlide = await call(['segment', plain, '-p', 'red', '--source-mpp', '0.5', '--out', join(folder, 'slide')]);
    expect(asSlide.status).toBe(0);
    expect(files(join(folder, 'slide'))).toContain('plain_red_mask.tif');
  });

  it('goes on with the next slide where one fails', async () => {
    const broken = join(folder, 'broken.svs');
    writeFileSync(broken, slideBytes.subarray(0, 5000));
    const { status, stdout, stderr } = await call(['segment', broken, slide, '-p', 'red', '--out', out, '--json']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/cannot read .*broken\.svs: it is damaged or truncated/);
    const answer = JSON.parse(stdout);
    expect([answer.results.length, answer.errors.length]).toEqual([1, 1]);
    expect(files().some((name) => name.startsWith('broken'))).toBe(false);
  });
});

describe('segment refuses of slides', () => {
  it('one whose microns per pixel nobody says, before the model runs', async () => {
    const unknown = join(folder, 'unknown.tif');
    writeFileSync(
      unknown,
      tiffFile([
        page(whole, 112),
        page(
          scene(260, 200, () => GLASS),
          112,
        ),
      ]),
    );
    const line = /unknown\.tif does not say how many microns a pixel is, .*; give it with --source-mpp/;
    await expectRefusal(['segment', unknown, '-p', 'red', '--out', out], 1, line);
    expect((await call(['segment', unknown, '-p', 'red', '--out', out, '--source-mpp', '0.5'])).status).toBe(0);
  });

  it('values outside their limits', async () => {
    await expectRefusal(segment('-p', 'x', '--mpp', '0'), 2, /allowed: a number from 0\.05 to 50/);
    await expectRefusal(segment('-p', 'x', '--source-mpp', 'fine'), 2, /allowed: a number from 0\.01 to 1000/);
    await expectRefusal(segment('-p', 'x', '--tile', '16'), 2, /allowed: a whole number from 32 to 4096/);
    await expectRefusal(
      segment('-p', 'x', '--overlap', '33'),
      2,
      /overlap must be a whole number from 0 to 32, got 33/,
    );
    await expectRefusal(segment('-p', 'x', '--tissue', 'some'), 2, /Allowed choices are detect, all/);
    await expectRefusal(segment('-p', 'x', '--least-um2', '-1'), 2, /allowed: a number from 0 to/);
    await expectRefusal(segment(), 2, /no prompt/i);
  });

  it('options that are for images and volumes, and kinds mixed', async () => {
    const image = join(folder, 'a.png');
    await writePng(image, { data: new Uint8Array(64), width: 8, height: 8, channels: 1 });
    await expectRefusal(
      segment('-p', 'x', '--plane', 'axial'),
      2,
      /--plane is for volumes, and .*case\.svs is read as a slide/,
    );
    await expectRefusal(
      segment('-p', 'x', '--instances'),
      2,
      /--instances is for images, and .*case\.svs is read as a slide/,
    );
    await expectRefusal(segment('-p', 'x', '--format', 'png'), 2, /--format is for images/);
    await expectRefusal(segment('-p', 'x', '--modality', 'CT'), 2, /--modality is for images/);
    await expectRefusal(segment('-p', 'x', '--frame', '1'), 2, /--frame is for images/);
    await expectRefusal(
      ['segment', image, '-p', 'x', '--mpp', '1', '--out', out],
      2,
      /--mpp is for slides, and .*a\.png is read as an image/,
    );
    await expectRefusal(
      ['segment', slide, image, '-p', 'x', '--out', out],
      2,
      /a\.png is an image and .*case\.svs a slide; one kind at a time/,
    );
  });
});
