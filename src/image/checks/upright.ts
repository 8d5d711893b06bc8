/**
 * Images that are not shown the way up that models were trained on: axial with the front up and the patient's left on the
 * right, coronal and sagittal with the head up.
 *
 * Decided by what a file says of its orientation. From pixels only for axial CT of the abdomen, where the spine is the
 * brightest thing and lies behind the middle of the body; nothing of the kind holds of other images.
 */
import { nativePlane, sliceLayout } from '../slice.ts';
import type { Image } from '../types.ts';
import { cross, type Vector } from '../volume.ts';
import { plain, type Warning } from './warning.ts';

/** Levels, of 255, of an abdominal window: above the first is body, from the second on bone. */
const BODY = 40;
const BONE = 245;
/** Least share of bone in the image for the test to mean anything. */
const LEAST_BONE = 0.002;
/** How far the bones have to lie in front of the body's middle, as a share of the height. */
const MARGIN = 0.05;

const SHOWN = 'give the folder of its series: volumes are shown upright; or turn the image';

/** Warns of an image whose columns and rows do not count up as usual; unit LPS vectors in which they do. */
export function checkOrientation(across: Vector, down: Vector): Warning[] {
  const grid = {
    size: [2, 2, 1] as const,
    spacing: [1, 1, 1] as const,
    origin: [0, 0, 0] as const,
    direction: [across, down, cross(across, down)] as const,
  };
  const plane = nativePlane(grid);
  const { stepAcross, stepDown } = sliceLayout(grid, plane, 0);
  const warn = (code: Warning['code'], what: string): Warning => ({
    code,
    reason: `its orientation says that this ${plane} image is ${what}`,
    proposal: SHOWN,
  });
  if (Math.abs(stepAcross) !== 1) return [warn('sideways', 'stored on its side')];
  return [
    ...(stepDown < 0 ? [warn('upside-down', 'stored upside down')] : []),
    ...(stepAcross < 0 ? [warn('mirrored', 'stored with left and right exchanged')] : []),
  ];
}

/** Warns of a radiograph by DICOM's Patient Orientation: letters of what columns and rows count up to. */
export function checkPatientOrientation([across = '', down = '']: readonly string[]): Warning[] {
  const said = `its header says that columns count up to ${across} and rows to ${down}`;
  const warn = (code: Warning['code'], what: string): Warning => ({
    code,
    reason: `${said}: ${what}`,
    proposal: 'turn the image before it is given',
  });
  return [
    ...(down.startsWith('H') ? [warn('upside-down', 'the head is below')] : []),
    ...(/^[HF]/.test(across) ? [warn('sideways', 'head and feet are at the sides')] : []),
    ...(across.startsWith('R') && down.startsWith('F') ? [warn('mirrored', 'left and right are exchanged')] : []),
  ];
}

/** How far bones lie behind (positive) or in front of the body's middle, as a share of the height; null if there are none. */
export function boneOffset({ data, width, height, channels }: Image): number | null {
  const body = { rows: 0, count: 0 };
  const bone = { rows: 0, count: 0 };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += channels) {
      if (data[i] > BODY) {
        body.rows += y;
        body.count++;
      }
      if (data[i] >= BONE) {
        bone.rows += y;
        bone.count++;
      }
    }
  }
  if (bone.count < LEAST_BONE * width * height) return null;
  return (bone.rows / bone.count - body.rows / body.count) / height;
}

/** Warns of an axial CT of the abdomen, in the abdominal window and 8 bits, whose spine is at the top. */
export function checkSpine(image: Image): Warning[] {
  const offset = boneOffset(image);
  if (offset === null || offset >= -MARGIN) return [];
  return [
    {
      code: 'upside-down',
      reason: `its bones lie ${plain(-100 * offset, 0)} % of the height above the middle of the body, and the spine of an axial CT is below: it looks upside down`,
      proposal: 'turn the image, or give the original with its orientation',
    },
  ];
}
