/**
 * MetaImage volumes in and out: `.mha`, and an `.mhd` header whose data file lies beside it (in only).
 * In: raw and zlib, all integer and float types, both byte orders, two to four axes (the fourth are frames), 1, 3 or 4
 * channels. Out: little-endian, zlib or raw. Places are LPS millimetres, as ITK has it.
 * Refused: text samples, lists and patterns of data files, data files with a path.
 * Source: ITK's MetaIO documentation (MetaImage).
 */
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { cross, type MaskVolume, splitSteps, type Vector, type Volume } from '../image/volume.ts';
import { readFileChecked, writeFileAtomic } from '../util/files.ts';
import {
  besidePath,
  chooseFrame,
  inflateRange,
  rawRange,
  refuseVolume,
  type SampleType,
  sampleType,
  toBytes,
  toSamples,
  type VolumeFile,
  type VolumeReadOptions,
  volumeBytes,
} from './volume-bytes.ts';

const FORMAT = 'MetaImage';
/** Most bytes that are searched for the end of the header. */
const MAX_HEADER_BYTES = 2 ** 16;

const TYPES: Readonly<Record<string, SampleType>> = {
  MET_CHAR: 'int8',
  MET_UCHAR: 'uint8',
  MET_SHORT: 'int16',
  MET_USHORT: 'uint16',
  MET_INT: 'int32',
  MET_UINT: 'uint32',
  MET_LONG_LONG: 'int64',
  MET_ULONG_LONG: 'uint64',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};

interface MetaHeader {
  readonly fields: ReadonlyMap<string, string>;
  readonly end: number;
}

/** Lines `Name = value`; `ElementDataFile` is the last. */
function parseHeader(bytes: Uint8Array, label: string): MetaHeader {
  const text = Buffer.from(bytes.subarray(0, MAX_HEADER_BYTES)).toString('latin1');
  const fields = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const line = text.slice(at, newline < 0 ? text.length : newline).trim();
    at = newline < 0 ? text.length : newline + 1;
    if (line === '') continue;
    const field = /^(\w+)\s*=\s*(.*)$/.exec(line);
    if (field === null) break;
    fields.set(field[1], field[2].trim());
    if (field[1] === 'ElementDataFile') return { fields, end: at };
  }
  return refuseVolume(label, FORMAT, 'its header has no ElementDataFile');
}

/** Parses a MetaImage file held in memory; `detached` hands out the bytes of a data file named in the header. */
export async function decodeMha(
  bytes: Uint8Array,
  label: string,
  { frame, detached }: VolumeReadOptions & { readonly detached?: (name: string) => Promise<Uint8Array> } = {},
): Promise<VolumeFile> {
  const { fields, end } = parseHeader(bytes, label);
  const field = (...names: string[]): string | undefined =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined);
  const numbers = (text: string | undefined, count: number, otherwise: readonly number[]): readonly number[] => {
    if (text === undefined) return otherwise;
    const values = text.split(/\s+/).map(Number);
    if (values.length !== count || !values.every(Number.isFinite)) {
      refuseVolume(label, FORMAT, `${JSON.stringify(text.slice(0, 80))} is not ${count} numbers`);
    }
    return values;
  };
  const yes = (...names: string[]): boolean => /^(true|1|yes)$/i.test(field(...names) ?? 'False');

  const axes = Number(field('NDims'));
  if (![2, 3, 4].includes(axes)) refuseVolume(label, FORMAT, `NDims is ${field('NDims')}; allowed: 2, 3, 4`);
  if (!yes('BinaryData')) refuseVolume(label, FORMAT, 'its samples are text; BinaryData = True is needed');
  const type = TYPES[field('ElementType') ?? ''];
  if (type === undefined) {
    return refuseVolume(
      label,
      FORMAT,
      `its ElementType is ${field('ElementType')}; allowed: ${Object.keys(TYPES).join(', ')}`,
    );
  }
  const channels = Number(field('ElementNumberOfChannels') ?? 1) as 1 | 3 | 4;
  if (![1, 3, 4].includes(channels)) refuseVolume(label, FORMAT, `it has ${channels} channels; allowed: 1, 3, 4`);
  const sides = numbers(field('DimSize'), axes, []);
  if (sides.length === 0) refuseVolume(label, FORMAT, 'DimSize is missing');
  const size = [...sides, 1].slice(0, 3) as unknown as Vector;
  const frames = axes === 4 ? sides[3] : 1;
  const length = volumeBytes([...size, channels], type, label, FORMAT);
  if (!(Number.isSafeInteger(frames) && frames >= 1)) refuseVolume(label, FORMAT, `it has ${frames} frames`);
  const chosen = chooseFrame(frames, frame, label);

  const at = numbers(field('Offset', 'Position', 'Origin'), axes, [0, 0, 0, 0]);
  const sizes = field('ElementSpacing', 'ElementSize');
  const spacing = numbers(sizes, axes, [1, 1, 1, 1]);
  const identity = Array.from({ length: axes * axes }, (_, i) => (i % (axes + 1) === 0 ? 1 : 0));
  const turn = field('TransformMatrix', 'Rotation', 'Orientation');
  const matrix = numbers(turn, axes * axes, identity);
  // Each row of the matrix is the direction of one axis.
  const row = (axis: number): Vector =>
    [0, 1, 2].map((i) => (i < axes ? matrix[axis * axes + i] * spacing[axis] : 0)) as unknown as Vector;
  const split = splitSteps([row(0), row(1), axes === 2 ? cross([1, 0, 0], [0, 1, 0]) : row(2)]);
  if (split === null) return refuseVolume(label, FORMAT, 'its TransformMatrix and ElementSpacing span no space');

  const name = field('ElementDataFile') ?? '';
  const local = name.toUpperCase() === 'LOCAL';
  if (!local && detached === undefined) {
    return refuseVolume(label, FORMAT, 'its samples are in another file that was not given');
  }
  if (/^LIST\b|%/.test(name)) refuseVolume(label, FORMAT, 'its samples are in several files; one is allowed');
  const source = local || detached === undefined ? bytes.subarray(end) : await detached(name);
  const skip = Number(field('HeaderSize') ?? 0);
  if (!(Number.isSafeInteger(skip) && skip >= -1)) refuseVolume(label, FORMAT, `HeaderSize is ${skip}`);
  const first = skip === -1 ? source.byteLength - frames * length : skip;
  const raw = yes('CompressedData')
    ? await inflateRange(source.subarray(Math.max(0, skip)), chosen * length, length, 'zlib', label, FORMAT)
    : rawRange(source, first + chosen * length, length, label, FORMAT);
  const data = toSamples(raw, type, yes('BinaryDataByteOrderMSB', 'ElementByteOrderMSB'));
  const origin: Vector = [at[0], at[1], axes === 2 ? 0 : at[2]];
  const unknown = [
    ...(sizes === undefined ? (['spacing'] as const) : []),
    ...(turn === undefined ? (['orientation'] as const) : []),
  ];
  return { volume: { size, origin, ...split, data, channels, identifiers: {} }, frames, notes: [], unknown };
}

/** Reads a MetaImage file, with the data file that an `.mhd` header names beside it. */
export async function readMha(path: string, options: VolumeReadOptions = {}): Promise<VolumeFile> {
  const detached = (name: string): Promise<Uint8Array> => readFileChecked(besidePath(path, name, FORMAT));
  return decodeMha(await readFileChecked(path), path, { ...options, detached });
}

/** The parts of an `.mha` file of a volume or mask. */
export async function encodeMha(volume: Volume | MaskVolume, compress = true): Promise<Uint8Array[]> {
  const { data, size, spacing, origin, direction } = volume;
  const channels = 'channels' in volume ? volume.channels : 1;
  const type = sampleType(data);
  const bytes = toBytes(data);
  const stored = compress ? await promisify(deflate)(bytes) : bytes;
  const lines = [
    'ObjectType = Image',
    'NDims = 3',
    'BinaryData = True',
    'BinaryDataByteOrderMSB = False',
    `CompressedData = ${compress ? 'True' : 'False'}`,
    ...(compress ? [`CompressedDataSize = ${stored.byteLength}`] : []),
    `TransformMatrix = ${direction.flat().join(' ')}`,
    `Offset = ${origin.join(' ')}`,
    'CenterOfRotation = 0 0 0',
    `ElementSpacing = ${spacing.join(' ')}`,
    `DimSize = ${size.join(' ')}`,
    ...(channels === 1 ? [] : [`ElementNumberOfChannels = ${channels}`]),
    `ElementType = ${Object.keys(TYPES).find((key) => TYPES[key] === type)}`,
    'ElementDataFile = LOCAL',
  ];
  return [Buffer.from(`${lines.join('\n')}\n`, 'latin1'), stored];
}

/** Writes an `.mha` file, whole or not at all. */
export async function writeMha(path: string, volume: Volume | MaskVolume, compress = true): Promise<void> {
  await writeFileAtomic(path, await encodeMha(volume, compress));
}
