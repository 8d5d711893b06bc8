/** `--flips` on the shipped model: answers of the mirror image count as much as those of the image. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writePng } from '../src/formats/raster.ts';
import { phantom } from '../src/image/phantoms.ts';
import type { Image } from '../src/image/types.ts';
import type { Volume } from '../src/image/volume.ts';
import { defaultModelDirectory, loadModel } from '../src/parse/load.ts';
import { segmentVolume } from '../src/parse/volume.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { dicomFile, greyImage } from './helpers/dicom.ts';

const { image, masks, modality, site } = phantom('dermoscopy', 256, 3);
const prompt = `${masks[0].target} in ${site} ${modality}`;
const folder = mkdtempSync(join(tmpdir(), 'biomedparse-flips-'));
afterAll(() => rmSync(folder, { recursive: true }));

function mirrored({ data, ...rest }: Image): Image {
  const { width, channels } = rest;
  const turned = data.map((_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    return data[(row * width + width - 1 - column) * channels + channel] as number;
  });
  return { ...rest, data: turned };
}

async function presences(flips: boolean, pictures: readonly Image[]): Promise<number[]> {
  const model = await loadModel(defaultModelDirectory, { flips, threads: 1 });
  try {
    expect(model.flips).toBe(flips);
    const found: number[] = [];
    for (const picture of pictures) found.push((await model.segment(picture, [prompt]))[0].presence);
    return found;
  } finally {
    await model.dispose();
  }
}

test('an image and its mirror image get the same presence, halfway between what each gets alone', async () => {
  const pictures = [image, mirrored(image)];
  const logit = (p: number): number => Math.log(p / (1 - p));
  const alone = await presences(false, pictures);
  const both = await presences(true, pictures);
  expect(alone[0]).not.toBeCloseTo(alone[1], 5);
  // what kind of image it is is guessed from the image alone
  expect(both[0]).toBeCloseTo(both[1], 3);
  expect(logit(both[0])).toBeCloseTo((logit(alone[0]) + logit(alone[1])) / 2, 2);
});

/** How many images a question of one picture had the network encode: 2 where the mirror image was asked too. */
async function looks(source: Image | string, text: string, options: object = {}): Promise<number> {
  const { model, calls } = fakeModel({}, null, true);
  await model.segment(source, [text], options);
  return calls.images;
}

test('whether an image may be mirrored is told by the call, else by a DICOM header, else by the prompt', async () => {
  const grey = { data: new Uint8Array(64 * 64), width: 64, height: 64, channels: 1 as const };
  const file = (Modality: string): string => {
    const path = join(folder, `${Modality}.dcm`);
    writeFileSync(path, dicomFile(greyImage(64, 64, new Uint16Array(64 * 64), { Modality })));
    return path;
  };
  // the liver is on one side of a CT, and on no side of an ultrasound
  expect(await looks(grey, 'liver tumor')).toBe(1);
  expect(await looks(grey, 'liver tumor in liver ultrasound')).toBe(2);
  expect(await looks(grey, 'liver tumor', { modality: 'us' })).toBe(2);
  expect(await looks(file('US'), 'liver tumor')).toBe(2);
  expect(await looks(file('OT'), 'liver tumor')).toBe(1);
  expect(await looks(file('CT'), 'liver tumor in liver ultrasound')).toBe(1);
  expect(await looks(file('CT'), 'liver tumor', { modality: 'ultrasound', site: 'liver' })).toBe(2);
});

test('slices of a volume are mirrored by what is known of the volume', async () => {
  const ask = async (modality: string | undefined, options: object = {}): Promise<number> => {
    const { model, calls } = fakeModel({}, null, true);
    const volume: Volume = {
      ...{ size: [16, 16, 3], spacing: [1, 1, 1], origin: [0, 0, 0] },
      direction: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      data: new Uint8Array(16 * 16 * 3),
      channels: 1,
      identifiers: modality === undefined ? {} : { modality },
    };
    await segmentVolume(model, volume, ['liver tumor'], options);
    return calls.images;
  };
  expect([await ask('US'), await ask('CT'), await ask(undefined)]).toEqual([6, 3, 3]);
  expect(await ask('CT', { modality: 'ultrasound', site: 'liver' })).toBe(6);
});

test('reports say that mirror images were asked', async () => {
  const file = join(folder, 'skin.png');
  await writePng(file, image);
  const argv = ['segment', file, '-p', prompt, '--out', join(folder, 'out'), '--threads', '1', '--json'];
  const plain = JSON.parse((await callCli(argv, { loadModel })).stdout);
  const flipped = JSON.parse((await callCli([...argv, '--flips'], { loadModel })).stdout);
  expect(plain.model.flips).toBeUndefined();
  expect(flipped.model.flips).toBe(true);
});
