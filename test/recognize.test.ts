/** Recognition and detection on a fake network, and the resolution of overlaps on made masks. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRaster, writePng } from '../src/formats/raster.ts';
import { measure } from '../src/image/measure.ts';
import { detect } from '../src/parse/detect.ts';
import { candidates, chooseView, recognize } from '../src/parse/recognize.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';

/** Two white squares on black, 80 x 60. */
function squares() {
  const data = new Uint8Array(80 * 60);
  for (let y = 10; y < 26; y++) {
    data.fill(255, y * 80 + 8, y * 80 + 24);
    data.fill(255, (y + 24) * 80 + 50, (y + 24) * 80 + 74);
  }
  return { data, width: 80, height: 60, channels: 1 as const };
}

describe('recognize', () => {
  it('asks for what the model knows in such images, and maps what is there', async () => {
    const { model, calls } = fakeModel();
    const result = await recognize(model, squares(), { modality: 'Fundus', site: 'eye' });
    expect(calls.images).toBe(1);
    expect([...calls.texts].sort()).toEqual([
      'hard exudates in retinal fundus',
      'optic cup in retinal fundus',
      'optic disc in retinal fundus',
      'retinal vessel in retinal fundus',
    ]);
    expect([result.modality, result.site]).toEqual(['fundus', 'retinal']);
    // all find the same bright pixels: the disc yields to its cup, the others lose nothing or everything to one another
    expect(result.objects.find(({ name }) => name === 'optic disc')).toMatchObject({
      label: null,
      yieldedTo: ['optic cup'],
    });
    const areas = result.objects.filter(({ label }) => label !== null).map(({ areaPx }) => areaPx);
    expect(areas.reduce((a, b) => a + b)).toBe(result.labels.filter((label) => label !== 0).length);
    expect(result.objects[0].components).toHaveLength(2);
    expect(result.absent).toEqual([]);
  });

  it('names what is absent', async () => {
    const result = await recognize(fakeModel().model, squares(), { modality: 'fundus', presenceThreshold: 0.99 });
    expect(result.objects).toEqual([]);
    expect(result.absent).toHaveLength(4);
    expect(result.labels.every((label) => label === 0)).toBe(true);
  });

  it('guesses what the image is where the model can and nobody says', async () => {
    const views = ['fundus', 'OCT', 'CT'].map((modality) => ({
      modality,
      site: modality === 'CT' ? 'chest' : 'retinal',
    }));
    const zeros = () => new Array(8).fill(0);
    const classifier = (bias: number[]) => {
      return { views, mean: zeros(), scale: zeros().fill(1), weights: views.map(zeros), bias };
    };
    const sure = await recognize(fakeModel({}, classifier([5, 0, 0])).model, squares());
    expect([sure.modality, sure.site]).toEqual(['fundus', 'retinal']);
    expect(sure.guesses?.[0]).toMatchObject({ modality: 'fundus', site: 'retinal' });
    expect(sure.guesses?.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
    const told = await recognize(fakeModel({}, classifier([5, 0, 0])).model, squares(), { modality: 'OCT' });
    expect([told.modality, told.guesses]).toEqual(['OCT', null]);
    const unsure = recognize(fakeModel({}, classifier([0.1, 0, 0])).model, squares());
    await expect(unsure).rejects.toThrow(
      /Cannot tell what kind of image this is \(most probable: retinal fundus 0\.36,/,
    );
  });

  it('is refused where the image does not look like one that can show it, unless its kind is told', async () => {
    const views = [
      { modality: 'fundus', site: 'retinal' },
      { modality: 'endoscope', site: 'colon' },
    ];
    const zeros = () => new Array(8).fill(0);
    const classifier = { views, mean: zeros(), scale: zeros().fill(1), weights: views.map(zeros), bias: [12, 0] };
    const { model } = fakeModel({}, classifier);
    const ask = async (text: string, options = {}) => (await model.segment(squares(), [text], options))[0];
    const polyp = await ask('polyp');
    expect(polyp).toMatchObject({ present: false, areaPx: 0 });
    expect(polyp.reason).toBe(
      'absent: presence 0.00 < 0.50, as the image looks like retinal fundus, where it cannot be',
    );
    expect((await ask('optic disc')).present).toBe(true);
    expect((await ask('something nobody knows')).present).toBe(true);
    expect((await ask('polyp', { modality: 'endoscope' })).present).toBe(true);
    expect((await ask('polyp', { presenceThreshold: 0 })).present).toBe(true);
    expect((await recognize(model, squares(), { modality: 'endoscope', site: 'colon' })).absent).toEqual([]);
  });

  it('chooses the modality by all its sites together, and a site only where one stands out', () => {
    const guess = (modality: string, site: string, probability: number) => ({ modality, site, probability });
    const mixed = [guess('OCT', 'retinal', 0.4), guess('CT', 'chest', 0.25), guess('CT', 'abdomen', 0.35)];
    expect(chooseView(mixed)).toEqual({ modality: 'CT', site: 'abdomen' });
    const many = [guess('CT', 'chest', 0.34), guess('CT', 'abdomen', 0.33), guess('CT', 'brain', 0.33)];
    expect(chooseView(many)).toEqual({ modality: 'CT', site: null });
  });

  it('refuses what the default model was not trained on', async () => {
    const { model, calls } = fakeModel();
    const ask = (modality: string, site: string) => recognize(model, squares(), { modality, site });
    await expect(ask('CT', 'eye')).rejects.toThrow(
      /not trained on CT of the site "retinal"; allowed: abdomen, bone, brain/,
    );
    await expect(ask('smell', 'eye')).rejects.toThrow(expect.objectContaining({ code: 'usage' }));
    expect(calls.images).toBe(0);
  });

  it('has candidates for every modality, sites in one', () => {
    for (const modality of [
      'CT',
      'MRI',
      'X-Ray',
      'ultrasound',
      'endoscope',
      'fundus',
      'OCT',
      'dermoscopy',
      'pathology',
    ]) {
      expect(candidates(modality).found.length, modality).toBeGreaterThan(1);
    }
    const inHeart = candidates('MRI', 'cardiac').found.map(({ name }) => name);
    expect(inHeart).toContain('myocardium');
    expect(inHeart).not.toContain('brain tumor');
  });
});

describe('detect', () => {
  it('gives each connected part as an instance, the surest first', async () => {
    const [spots, absent] = await detect(fakeModel().model, squares(), ['spots', 'absent thing']);
    expect(spots.answer).toMatchObject({ text: 'spots', present: true });
    expect(spots.instances).toHaveLength(2);
    expect(spots.instances[0].score).toBeGreaterThanOrEqual(spots.instances[1].score);
    const total = spots.instances.reduce((sum, { areaPx }) => sum + areaPx, 0);
    expect(total).toBe(spots.answer.areaPx);
    for (const { box, mask, areaPx } of spots.instances) expect(measure(mask)).toMatchObject({ box, areaPx });
    expect(absent.instances).toEqual([]);
  });

  it('leaves out small ones, and refuses a size that is none', async () => {
    const [all] = await detect(fakeModel().model, squares(), ['spots']);
    const leastPx = 1 + Math.min(...all.instances.map(({ areaPx }) => areaPx));
    const [large] = await detect(fakeModel().model, squares(), ['spots'], { leastPx });
    expect(large.instances).toHaveLength(1);
    await expect(detect(fakeModel().model, squares(), ['spots'], { leastPx: 0 })).rejects.toThrow(
      expect.objectContaining({ code: 'usage', message: 'leastPx must be a whole number from 1, got 0' }),
    );
  });
});

describe('on the command line', () => {
  let folder: string;
  let image: string;
  let out: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'biomedparse-recognize-'));
    image = join(folder, 'eye.png');
    out = join(folder, 'out');
    await writePng(image, squares());
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function call(...argv: string[]) {
    const { model, calls } = fakeModel();
    return { ...(await callCli(argv, { loadModel: async () => model })), calls };
  }
  const files = () => (existsSync(out) ? readdirSync(out).sort() : []);

  it('recognize writes label map, legend, overlay, and JSON', async () => {
    const { status, stdout, stderr } = await call('recognize', image, '--modality', 'fundus', '--out', out, '--json');
    expect([status, stderr]).toEqual([0, '']);
    expect(files()).toEqual(['eye_labels.png', 'eye_legend.json', 'eye_overlay.png']);
    const [result] = JSON.parse(stdout).results;
    const map = await readRaster(join(out, 'eye_labels.png'));
    expect([map.width, map.height, map.channels]).toEqual([80, 60, 1]);
    const legend = JSON.parse(readFileSync(result.legend, 'utf8'));
    expect(legend).toMatchObject({ modality: 'fundus', site: null });
    for (const { label, name, area_px } of result.objects) {
      if (label === null) continue;
      expect(map.data.filter((value) => value === label)).toHaveLength(area_px);
      expect(legend.labels.find((one: { label: number }) => one.label === label).name).toBe(name);
    }
    expect((await call('recognize', image, '--modality', 'fundus', '--out', out)).stdout).toMatch(
      /image +label +object/,
    );
  });

  it('recognize refuses a missing or unknown modality, and leaves nothing', async () => {
    const none = await call('recognize', image, '--out', out);
    expect(none.stderr).toMatch(/cannot guess what kind of image it sees/);
    const unknown = await call('recognize', image, '--modality', 'smell', '--out', out);
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toMatch(/^biomedparse: Unknown modality "smell"; allowed: CT, [^\n]+\n$/);
    expect(files()).toEqual([]);
  });

  it('detect writes COCO and an overlay; an image that fails does not stop the others', async () => {
    const missing = join(folder, 'none.png');
    const { status, stdout, stderr } = await call('detect', missing, image, '-p', 'polyp', '--out', out, '--json');
    expect(status).toBe(1);
    expect(stderr).toMatch(/none\.png: no such file/);
    expect(files()).toEqual(['detections.json', 'eye_detections.png']);
    const { results, errors, coco } = JSON.parse(stdout);
    expect(errors).toHaveLength(1);
    const document = JSON.parse(readFileSync(coco, 'utf8'));
    expect(document.images).toEqual([{ id: 1, file_name: image, width: 80, height: 60 }]);
    expect(document.categories).toEqual([{ id: 1, name: 'polyp', supercategory: 'abnormality' }]);
    expect(document.annotations).toHaveLength(2);
    for (const [i, { bbox, area, score, segmentation }] of document.annotations.entries()) {
      const [left, top, right, bottom] = results[0].prompts[0].instances[i].box;
      expect(bbox).toEqual([left, top, right - left, bottom - top]);
      const inside = segmentation.counts
        .filter((_: number, n: number) => n % 2 === 1)
        .reduce((a: number, b: number) => a + b);
      expect([inside, segmentation.size]).toEqual([area, [60, 80]]);
      expect(score).toBeLessThanOrEqual(1);
    }
    expect((await call('detect', image, '-p', 'absent', '--out', out)).stdout).toMatch(/Nothing was found/);
  });

  it('detect says how it took masks apart, and does as --instances says', async () => {
    const separations = async (...more: string[]) => {
      const argv = ['detect', image, '-p', 'polyp', '-p', 'cell nuclei', '--out', out, '--json', ...more];
      const [{ prompts }] = JSON.parse((await call(...argv)).stdout).results;
      return prompts.map(({ separation }: { separation: string }) => separation);
    };
    expect(await separations()).toEqual(['components', 'watershed']);
    expect(await separations('--instances', 'watershed')).toEqual(['watershed', 'watershed']);
    expect(await separations('--instances', 'components')).toEqual(['components', 'components']);
    const wrong = await call('detect', image, '-p', 'polyp', '--instances', 'all', '--out', out);
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('Allowed choices are auto, components, watershed'),
    ]);
  });

  it('detect draws many instances in the colours that there are', async () => {
    const data = new Uint8Array(128 * 128);
    for (let i = 0; i < data.length; i++) if ((i % 32) % 32 < 12 && Math.floor(i / 128) % 32 < 12) data[i] = 255;
    const grid = join(folder, 'grid.png');
    await writePng(grid, { data, width: 128, height: 128, channels: 1 });
    const { status, stdout, stderr } = await call('detect', grid, '-p', 'spots', '--out', out, '--json');
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout).results[0].prompts[0].instances).toHaveLength(16);
    const { height } = await readRaster(join(out, 'grid_detections.png'));
    expect(height).toBeLessThan(384 + 200); // a legend of ten lines, not of sixteen or a thousand
  });
});
