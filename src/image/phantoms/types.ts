/** What a phantom is, and the raster that phantoms are painted on. */
import type { Image, Mask } from '../types.ts';

/** The kinds of phantom, which are also names of their files. */
export const phantomKinds = ['chest-radiograph', 'abdomen-ct', 'fundus', 'dermoscopy', 'histology'] as const;
export type PhantomKind = (typeof phantomKinds)[number];

/** An object of a phantom, by the name it is asked for. */
export interface PhantomMask {
  readonly target: string;
  /** `[height, width]` of the image. */
  readonly mask: Mask;
}

/** A drawn image whose masks are known. */
export interface Phantom {
  readonly kind: PhantomKind;
  /** Words of the data sets, for example `X-Ray` and `chest`. */
  readonly modality: string;
  readonly site: string;
  readonly image: Image;
  readonly masks: readonly PhantomMask[];
}

/** A point in parts of the side: x to the right, y down, 0..1. */
export type Point = readonly [number, number];

/** One value per pixel `[size, size]`: a colour channel or how much of a pixel is covered, 0..1. */
export type Plane = Float32Array;
