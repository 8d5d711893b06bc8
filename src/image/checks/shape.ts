/** Size and shape of an image, in pixels and, where pixels are not square, in millimetres. */
import { plain, type Warning } from './warning.ts';

/** Longer side over shorter side from which an image is far from what a square network sees. */
const EXTREME = 3;
/** Shorter side below which a network sees blur. */
const TINY = 64;

/** Warns of images that are tiny, or much longer than wide; `spacing` is mm between pixels [across, down]. */
export function checkShape(width: number, height: number, spacing: readonly [number, number] = [1, 1]): Warning[] {
  const warnings: Warning[] = [];
  if (Math.min(width, height) < TINY) {
    warnings.push({
      code: 'tiny-image',
      reason: `${width} x ${height} pixels: fewer than ${TINY} on a side show hardly any detail`,
      proposal: 'give the image at its original size, or a larger part of it',
    });
  }
  const [across, down] = [width * spacing[0], height * spacing[1]];
  const ratio = Math.max(across, down) / Math.min(across, down);
  if (ratio > EXTREME) {
    warnings.push({
      code: 'extreme-shape',
      reason: `one side is ${plain(ratio, 1)} times the other (${width} x ${height} pixels): in the network's square little is left of the shorter one`,
      proposal: 'cut the image into squarer parts, or choose another plane of a volume',
    });
  }
  return warnings;
}
