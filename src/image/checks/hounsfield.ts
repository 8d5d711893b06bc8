/**
 * Whether the values of a CT are Hounsfield units, of which air is -1000 and water 0. Only for samples that could hold them: an
 * ordinary 8-bit picture of a CT is windowed, and is meant to be.
 */
import type { Window } from '../window.ts';
import { plain, type Warning } from './warning.ts';

/** Lowest value of another modality that only Hounsfield units have. */
const AIR = -500;

/** Warns of a CT whose values, from `range[0]` to `range[1]`, cannot be Hounsfield units. */
export function checkHounsfield([low, high]: readonly [number, number]): Warning[] {
  const values = `values ${plain(low)}..${plain(high)} in a CT`;
  if (low < 0) return [];
  if (high <= 255) {
    return [
      {
        code: 'already-windowed',
        reason: `${values}: already windowed, as Hounsfield units go from -1000 (air) to above 1000`,
        proposal: 'give the original file; if there is none, leave out windows meant for Hounsfield units',
      },
    ];
  }
  return [
    {
      code: 'not-hounsfield',
      reason: `${values}: air would be -1000 in Hounsfield units, so that a rescale intercept seems to be lost`,
      proposal:
        "give the original file, or --window low,high in the file's own values (often 1024 above Hounsfield units)",
    },
  ];
}

/** Warns of values that only a CT has in what is said to be something else. */
export function checkNotHounsfield(modality: string, low: number): Warning[] {
  if (low >= AIR) return [];
  return [
    {
      code: 'modality-mismatch',
      reason: `values go down to ${plain(low)}, as only Hounsfield units of a CT do, and it is said to be ${modality}`,
      proposal: 'say --modality CT, or give the file that was meant',
    },
  ];
}

/** Warns of a window that was asked for and has nothing to work on: 8-bit and colour samples are shown as they are. */
export function unusedWindow({ low, high }: Window): Warning {
  return {
    code: 'window-unused',
    reason: `the window ${plain(low)}..${plain(high)} is not used: the samples are 8-bit or coloured and shown as they are`,
    proposal: 'leave the window out, or give a file that still has the original values',
  };
}
