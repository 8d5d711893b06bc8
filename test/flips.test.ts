/** `--flips` on the shipped model: answers of the mirror image count as much as those of the image. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writePng } from '../src/formats/raster.ts';
import { phantom } from '../src/image/phantoms.ts';
import type { Image } from '../src/image/types.ts';
import { defaultModelDirectory, loadModel } from '../src/parse/load.ts';
import { callCli } from './helpers/cli.ts';

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

test('reports say that mirror images were asked', async () => {
  const file = join(folder, 'skin.png');
  await writePng(file, image);
  const argv = ['segment', file, '-p', prompt, '--out', join(folder, 'out'), '--threads', '1', '--json'];
  const plain = JSON.parse((await callCli(argv, { loadModel })).stdout);
  const flipped = JSON.parse((await callCli([...argv, '--flips'], { loadModel })).stdout);
  expect(plain.model.flips).toBeUndefined();
  expect(flipped.model.flips).toBe(true);
});
