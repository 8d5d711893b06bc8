/** Whether `segment` was given images, volumes or slides, and which of its options go with which. */
import { existsSync } from 'node:fs';
import { isDicomWeb, withoutSearch } from '../dicomweb/address.ts';
import { isSlide } from '../formats/slide/slide.ts';
import { type VolumeKind, volumeKind } from '../formats/volume.ts';
import { BiomedParseError } from '../util/errors.ts';
import { checkRemote } from './remote.ts';
import type { SegmentCommand } from './segment.ts';

const VOLUME_ONLY = [
  'plane',
  'slices',
  'series',
  'deidentify',
  'segType',
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

const SLIDE_ONLY = [
  'mpp',
  'sourceMpp',
  'tile',
  'overlap',
  'tissue',
  'leastUm2',
] as const satisfies readonly (keyof SegmentCommand)[];

/** Options of images and volumes that slides do not have. */
const NOT_OF_SLIDES = [
  'window',
  'format',
  'frame',
  'modality',
  'site',
] as const satisfies readonly (keyof SegmentCommand)[];

type InputKind = 'image' | 'volume' | 'slide';

const FOREIGN: Readonly<Record<InputKind, readonly (readonly [InputKind, readonly (keyof SegmentCommand)[]])[]>> = {
  image: [
    ['volume', VOLUME_ONLY],
    ['slide', SLIDE_ONLY],
  ],
  volume: [
    ['image', IMAGE_ONLY],
    ['slide', SLIDE_ONLY],
  ],
  slide: [
    ['volume', VOLUME_ONLY],
    ['image', [...IMAGE_ONLY, ...NOT_OF_SLIDES]],
  ],
};

const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The kind of volume that an input names, a series in a DICOMweb server included; null if it names none. */
export async function inputKind(input: string): Promise<VolumeKind | null> {
  return isDicomWeb(input) ? 'DICOM series' : volumeKind(input);
}

/** What an input is; null where there is nothing of that name, which its reader says later. */
async function kindOf(input: string, asSlide: boolean, frame: number | undefined): Promise<InputKind | null> {
  const kind = await inputKind(input);
  if (kind === null && !existsSync(input)) return null;
  // one frame of a DICOM file is an image, of another volume file a volume
  const oneFrame = frame !== undefined && (kind === 'DICOM multi-frame' || kind === 'DICOM cine');
  if (kind !== null && !oneFrame) return 'volume';
  return (await isSlide(input, asSlide)) ? 'slide' : 'image';
}

/** What the inputs are, those that do not exist left aside; refuses (`usage`) a mixture, and options that are for another kind. */
export async function segmentKind(inputs: readonly string[], command: SegmentCommand): Promise<InputKind> {
  const asSlide = SLIDE_ONLY.some((name) => command[name] !== undefined);
  const shown = inputs.map((input) => (isDicomWeb(input) ? withoutSearch(input) : input));
  const kinds = await Promise.all(inputs.map((input) => kindOf(input, asSlide, command.frame)));
  const known = kinds.flatMap((kind, i) => (kind === null ? [] : [{ kind, input: shown[i] }]));
  if (known.length === 0) return 'image';
  const [{ kind, input }] = known;
  const named = (one: InputKind): string => `${one === 'image' ? 'an' : 'a'} ${one}`;
  const other = known.find((one) => one.kind !== kind);
  if (other !== undefined) {
    const [first, second] = [known[0], other].sort((a, b) => a.kind.localeCompare(b.kind));
    throw new BiomedParseError(
      'usage',
      `${first.input} is ${named(first.kind)} and ${second.input} ${named(second.kind)}; one kind at a time is allowed`,
    );
  }
  for (const [whose, names] of FOREIGN[kind]) {
    const wrong = names.find((name) => command[name] !== undefined);
    if (wrong === undefined) continue;
    throw new BiomedParseError('usage', `${flag(wrong)} is for ${whose}s, and ${input} is read as ${named(kind)}`);
  }
  checkRemote(inputs, command);
  if (command.everything && command.format !== undefined) {
    throw new BiomedParseError('usage', '--format goes with prompts, not with --everything');
  }
  return kind;
}
