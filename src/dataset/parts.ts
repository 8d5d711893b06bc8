/** The bytes of a dataset's files, whether they lie in folders or inside tar shards. */
import { open } from 'node:fs/promises';
import { readMask, readRaster } from '../formats/raster.ts';
import type { Image, Mask } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readError, readFileChecked } from '../util/files.ts';
import type { Dataset, DatasetItem } from './layout.ts';

/** Where a file lies inside a tar file. */
export interface Part {
  /** Path of the tar file. */
  readonly tar: string;
  /** Bytes. */
  readonly offset: number;
  readonly size: number;
}

interface Parts {
  readonly parts?: Dataset['parts'] | undefined;
}

async function readPart(name: string, { tar, offset, size }: Part): Promise<Uint8Array> {
  const file = await open(tar).catch((error) => {
    throw readError(tar, error);
  });
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(size), 0, size, offset);
    if (bytesRead === size) return buffer;
    throw new BiomedParseError('input', `${tar} ends inside ${name}; its index is of another file`, { tar });
  } finally {
    await file.close();
  }
}

/** The bytes of an image or mask of the dataset. */
export function readItemFile({ parts }: Parts, file: string): Promise<Uint8Array> {
  const part = parts?.get(file);
  return part === undefined ? readFileChecked(file) : readPart(file, part);
}

/** The decoded image of an item. */
export async function readItemImage(dataset: Parts, { file }: Pick<DatasetItem, 'file'>): Promise<Image> {
  return readRaster(await readItemFile(dataset, file), file);
}

/** What a model is asked about: the path of an image in a folder, the decoded image out of a shard. */
export async function itemImage(dataset: Parts, item: Pick<DatasetItem, 'file'>): Promise<Image | string> {
  return dataset.parts === undefined ? item.file : readItemImage(dataset, item);
}

/** The decoded mask of an item's target. */
export async function readItemMask(dataset: Parts, maskFile: string): Promise<Mask> {
  return readMask(await readItemFile(dataset, maskFile), maskFile);
}
