/** Whether `segment` was given images, volumes or slides, and which of its options go with which. */
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
const NOT_OF_SLIDES = ['window', 'format'] as const satisfies readonly (keyof SegmentCommand)[];

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

async function kindOf(input: string, asSlide: boolean, frame: number | undefined): Promise<InputKind> {
  const kind = await inputKind(input);
  // one frame of a DICOM file is an image, of another volume file a volume
  const oneFrame = frame !== undefined && (kind === 'DICOM multi-frame' || kind === 'DICOM cine');
  if (kind !== null && !oneFrame) return 'volume';
  return (await isSlide(input, asSlide)) ? 'slide' : 'image';
}

/** What the inputs are; refuses (`usage`) a mixture, and options that are for another kind. */
export async function segmentKind(inputs: readonly string[], command: SegmentCommand): Promise<InputKind> {
  const asSlide = SLIDE_ONLY.some((name) => command[name] !== undefined);
  const shown = inputs.map((input) => (isDicomWeb(input) ? withoutSearch(input) : input));
  const kinds = await Promise.all(inputs.map((input) => kindOf(input, asSlide, command.frame)));
  const [kind] = kinds as readonly InputKind[];
  const named = (one: InputKind): string => `${one === 'image' ? 'an' : 'a'} ${one}`;
  const other = kinds.findIndex((one) => one !== kind);
  if (other !== -1) {
    const [first, second] = [0, other].sort((a, b) => kinds[a].localeCompare(kinds[b]));
    throw new BiomedParseError(
      'usage',
      `${shown[first]} is ${named(kinds[first])} and ${shown[second]} ${named(kinds[second])}; one kind at a time is allowed`,
    );
  }
  for (const [whose, names] of FOREIGN[kind]) {
    const wrong = names.find((name) => command[name] !== undefined);
    if (wrong === undefined) continue;
    throw new BiomedParseError('usage', `${flag(wrong)} is for ${whose}s, and ${shown[0]} is read as ${named(kind)}`);
  }
  checkRemote(inputs, command);
  if (command.everything && command.format !== undefined) {
    throw new BiomedParseError('usage', '--format goes with prompts, not with --everything');
  }
  return kind;
}
