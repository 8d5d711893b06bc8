/** In which numbers an opened network computes. Light on purpose: the command line reads it for its help. */

/** Precisions by name. */
export const PRECISIONS = ['float32', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/**
 * Whether products with a parameter of this name bear 8-bit integers. It is asked in the image encoder only, where nearly
 * all work is: text encoder and decoder stay float32, and so does the first layer, which sees the image itself.
 */
export function bearsInt8(name: string): boolean {
  return !name.startsWith('backbone.patch_embed.');
}
