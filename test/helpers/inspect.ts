/** Small sources that `data inspect` looks at, and what `data build` makes of the draft. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Inspection } from '../../src/curate/inspect/found.ts';
import { encodeNifti } from '../../src/formats/nifti.ts';
import type { Volume } from '../../src/image/volume.ts';
import { callCli } from './cli.ts';
import { type Built, buildTree, temporaryFolder, writeTree } from './sources.ts';

/** Rows of an image and of a mask of 4 x 4 pixels. */
export const ROWS = ['0123', '4567', '8901', '2345'];
export const MASK = ['0100', '0120', '0002', '0000'];
/** The mask of one label. */
export const only = (label: string): string[] =>
  MASK.map((row) => [...row].map((digit) => (digit === label ? '1' : '0')).join(''));

/** A NIfTI file of 4 x 4 x 2 voxels whose slices are alike; rows as they are shown (the volume's first voxel is at the upper left). */
export function nii(rows: readonly string[], scale = 1, first = 0): Uint8Array {
  const slice = rows.flatMap((row) => [...row].map((digit) => Number(digit) * scale + first));
  const volume: Volume = {
    ...{ data: Int16Array.from([...slice, ...slice]), size: [4, 4, 2], channels: 1, identifiers: {} },
    ...{ spacing: [1, 1, 2], origin: [0, 0, 0] },
    direction: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  };
  return Buffer.concat(encodeNifti(volume));
}

/** What is seen in files of a folder of its own, without a draft. */
export async function seenIn(files: Readonly<Record<string, string | Uint8Array>>): Promise<Inspection> {
  const root = await temporaryFolder();
  await writeTree(root, files);
  const { status, stdout, stderr } = await callCli(['data', 'inspect', root, '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Inspects files in a folder of this name (or, without files, a folder that is there), and builds them with the draft. */
export async function inspected(
  name: string,
  files: Readonly<Record<string, string | Uint8Array>> | null,
  side = 4,
): Promise<{ readonly found: Inspection; readonly draft: string; readonly built: Built }> {
  const root = await temporaryFolder();
  const folder = files === null ? name : join(root, name);
  if (files !== null) await writeTree(folder, files);
  const recipe = join(root, 'new', 'draft.yaml');
  const { status, stdout, stderr } = await callCli(['data', 'inspect', folder, '--recipe', recipe, '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const draft = await readFile(recipe, 'utf8');
  return { found: JSON.parse(stdout), draft, built: await buildTree(draft, folder, side) };
}
