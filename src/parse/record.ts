/** One image through the network, its answers to all prompts as the record that a store keeps. */
import type { Image } from '../image/types.ts';
import type { Decoded } from '../runtime/network.ts';
import type { ImageContext } from './image-context.ts';
import type { EncodeOptions, Model, SegmentOptions } from './segment.ts';
import type { SliceRecord } from './slice-store.ts';

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Encodes an image, whose kind is `known` as far as it can be without the prompts, and asks all prompts. */
export async function askRecord(
  model: Model,
  pixels: Image,
  prompts: readonly string[],
  { modality, site }: ImageContext,
  { signal, joint = false, terms }: Pick<SegmentOptions, 'signal' | 'joint' | 'terms'>,
  encoding: Pick<EncodeOptions, 'pixelSpacing'> = {},
): Promise<SliceRecord> {
  const stop = signal === undefined ? {} : { signal };
  const known = { ...(modality === null ? {} : { modality }), ...(site === null ? {} : { site }) };
  const image = await model.encode(pixels, { ...stop, ...known, ...encoding });
  try {
    const parts: Decoded[] = [];
    const asked = image.ask(prompts, { ...stop, joint, ...(terms === undefined ? {} : { terms }) });
    for await (const { decoded } of asked) parts.push(decoded);
    const [{ height, width, existence }] = parts;
    return {
      logits: joined(parts.map(({ logits }) => logits)),
      existence: existence === null ? null : joined(parts.map((part) => part.existence as Float32Array)),
      height,
      width,
      summary: image.guessViews() === null ? null : image.summary(),
      fit: image.fit,
    };
  } finally {
    image.dispose();
  }
}
