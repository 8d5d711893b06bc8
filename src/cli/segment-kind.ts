/** Whether `segment` was given images or volumes, and which of its options go with which. */
import { volumeKind } from '../formats/volume.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { SegmentCommand } from './segment.ts';

const VOLUME_ONLY = [
  'plane',
  'slices',
  'frame',
  'series',
  'deidentify',
  'modality',
  'site',
  'smooth',
  'fillHoles',
  'largestComponent',
] as const satisfies readonly (keyof SegmentCommand)[];

const IMAGE_ONLY = [
  'point',
  'box',
  'scribble',
  'force',
  'reject',
  'rejectThreshold',
  'distributions',
  'imageType',
  'preprocess',
  'everything',
  'instances',
  'saveProbabilities',
] as const satisfies readonly (keyof SegmentCommand)[];

const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** What the inputs are; refuses (`usage`) a mixture, and options that are for the other kind. */
export async function segmentKind(inputs: readonly string[], command: SegmentCommand): Promise<'image' | 'volume'> {
  const kinds = await Promise.all(
    inputs.map(async (input) => ((await volumeKind(input)) === null ? 'image' : 'volume')),
  );
  if (new Set(kinds).size > 1) {
    const [image, volume] = ['image', 'volume'].map((kind) => inputs[kinds.indexOf(kind as 'image' | 'volume')]);
    throw new BiomedParseError('usage', `${image} is an image and ${volume} a volume; one kind at a time is allowed`);
  }
  const [kind] = kinds as readonly ('image' | 'volume')[];
  const wrong = (kind === 'image' ? VOLUME_ONLY : IMAGE_ONLY).find((name) => command[name] !== undefined);
  if (wrong !== undefined) {
    const other = kind === 'image' ? 'volume' : 'image';
    throw new BiomedParseError(
      'usage',
      `${flag(wrong)} is for ${other}s, and ${inputs[0]} is read as ${kind === 'image' ? 'an image' : 'a volume'}`,
    );
  }
  if (command.everything && command.format !== undefined) {
    throw new BiomedParseError('usage', '--format goes with prompts, not with --everything');
  }
  return kind;
}
