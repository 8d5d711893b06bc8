/**
 * The left and the right of a target that is annotated as one: its connected parts by the side of the middle of the image that they lie on, as the
 * patient has it. A part with more than a tenth of its voxels on the lesser side cannot be told, and then neither can the image.
 */
import { type MaskVolume, nearestAxes } from '../../image/volume.ts';
import { findParts } from '../../image/volume-parts.ts';

/** Share of a part that may lie beyond the middle. */
const BEYOND = 0.1;

/** Voxels of both sides, or why they cannot be told apart. */
export function sidesOf(mask: MaskVolume): { readonly left: Uint8Array; readonly right: Uint8Array } | string {
  const axes = nearestAxes(mask);
  const axis = axes.findIndex(({ patient }) => patient === 0);
  const stride = [1, mask.size[0], mask.size[0] * mask.size[1]][axis];
  const length = mask.size[axis];
  /** Towards the patient's left (1), right (-1), or in the middle (0). */
  const side = (at: number): number =>
    Math.sign((Math.floor(at / stride) % length) - (length - 1) / 2) * axes[axis].sign;
  const { starts, ends, roots } = findParts(mask, 1, true);
  const counts = new Map<number, { left: number; right: number }>();
  for (const [run, root] of roots.entries()) {
    const count = counts.get(root) ?? { left: 0, right: 0 };
    counts.set(root, count);
    for (let at = starts[run]; at < ends[run]; at++) {
      const towards = side(at);
      if (towards > 0) count.left++;
      else if (towards < 0) count.right++;
    }
  }
  for (const { left, right } of counts.values()) {
    if (Math.min(left, right) > BEYOND * (left + right)) {
      return `a part of ${left + right} voxels lies on both sides of the middle (${left} on the left)`;
    }
  }
  const both = { left: new Uint8Array(mask.data.length), right: new Uint8Array(mask.data.length) };
  for (const [run, root] of roots.entries()) {
    const { left, right } = counts.get(root) as { left: number; right: number };
    both[left >= right ? 'left' : 'right'].fill(1, starts[run], ends[run]);
  }
  return both;
}
