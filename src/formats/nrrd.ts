/**
 * NRRD volumes in and out: `.nrrd`, and a detached header `.nhdr` whose data file lies beside it (in only).
 * In: raw and gzip, all integer and float types, both byte orders; two or three spatial axes and at most one other, which
 * is colour (kinds RGB-color, RGBA-color) or frames. Out: NRRD0004, little-endian, left-posterior-superior, gzip or raw.
 * Refused: text, hex and bzip2 encodings, several data files, data files with a path, blocks.
 * Source: "Definition of NRRD File Format", teem.sourceforge.net.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type MaskVolume, splitSteps, type Vector, type Volume } from '../image/volume.ts';
import { readFileChecked, writeFileAtomic } from '../util/files.ts';
import {
  besidePath,
  chooseFrame,
  inflateRange,
  rawRange,
  refuseVolume,
  SAMPLE_BYTES,
  type SampleType,
  sampleType,
  toBytes,
  toSamples,
  type VolumeFile,
  type VolumeReadOptions,
  volumeBytes,
} from './volume-bytes.ts';

const FORMAT = 'NRRD';
/** Most bytes that are searched for the end of the header. */
const MAX_HEADER_BYTES = 2 ** 20;

const TYPES: Readonly<Record<string, SampleType>> = Object.fromEntries(
  Object.entries({
    int8: ['signed char', 'int8', 'int8_t'],
    uint8: ['uchar', 'unsigned char', 'uint8', 'uint8_t'],
    int16: ['short', 'short int', 'signed short', 'signed short int', 'int16', 'int16_t'],
    uint16: ['ushort', 'unsigned short', 'unsigned short int', 'uint16', 'uint16_t'],
    int32: ['int', 'signed int', 'int32', 'int32_t'],
    uint32: ['uint', 'unsigned int', 'uint32', 'uint32_t'],
    int64: ['longlong', 'long long', 'long long int', 'signed long long', 'signed long long int', 'int64', 'int64_t'],
    uint64: ['ulonglong', 'unsigned long long', 'unsigned long long int', 'uint64', 'uint64_t'],
    float32: ['float'],
    float64: ['double'],
  }).flatMap(([type, names]) => names.map((name) => [name, type as SampleType])),
);

/** Signs that turn the first two coordinates of a named space to LPS. */
const SPACES: Readonly<Record<string, readonly [number, number]>> = {
  'left-posterior-superior': [1, 1],
  lps: [1, 1],
  'right-anterior-superior': [-1, -1],
  ras: [-1, -1],
  'left-anterior-superior': [1, -1],
  las: [1, -1],
};

interface NrrdHeader {
  readonly fields: ReadonlyMap<string, string>;
  /** First byte after the header. */
  readonly end: number;
}

function parseHeader(bytes: Uint8Array, label: string): NrrdHeader {
  const text = Buffer.from(bytes.subarray(0, MAX_HEADER_BYTES)).toString('latin1');
  if (!/^NRRD000[1-5]\r?\n/.test(text)) refuseVolume(label, FORMAT, 'it does not start with NRRD0001 to NRRD0005');
  const blank = /\r?\n\r?\n/.exec(text);
  if (blank === null && bytes.byteLength > MAX_HEADER_BYTES) {
    refuseVolume(label, FORMAT, `its header does not end within ${MAX_HEADER_BYTES} bytes`);
  }
  const header = blank === null ? text : text.slice(0, blank.index);
  const fields = new Map<string, string>();
  for (const line of header.split(/\r?\n/).slice(1)) {
    const field = /^([^#:][^:]*): (.*)$/.exec(line);
    if (field === null) continue; // comments, and key:=value pairs, which carry no meaning of the format
    const name = field[1].trim().toLowerCase();
    if (fields.has(name)) refuseVolume(label, FORMAT, `its field "${name}" is given twice`);
    fields.set(name, field[2].trim());
  }
  return { fields, end: blank === null ? bytes.byteLength : blank.index + blank[0].length };
}

/** Per axis a spatial step, or null for an axis that is not spatial. */
function axisSteps(fields: NrrdHeader['fields'], dimension: number, label: string): (Vector | null)[] {
  const directions = fields.get('space directions');
  if (directions !== undefined) {
    const parts = directions.match(/none|\([^)]*\)/gi) ?? [];
    if (parts.length !== dimension) {
      refuseVolume(label, FORMAT, `it has ${parts.length} space directions for ${dimension} axes`);
    }
    return parts.map((part) => (/none/i.test(part) ? null : vector(part, label)));
  }
  const kinds = fields.get('kinds')?.split(/\s+/) ?? [];
  const spacings = (fields.get('spacings')?.split(/\s+/) ?? []).map(Number);
  let spatial = 0;
  return Array.from({ length: dimension }, (_, axis) => {
    const plain = kinds[axis] === undefined || /^(domain|space|\?+)$/i.test(kinds[axis]);
    if (!plain || spatial === 3) return null;
    const step = [0, 0, 0];
    step[spatial++] = spacings[axis] > 0 ? spacings[axis] : 1;
    return step as unknown as Vector;
  });
}

function vector(text: string, label: string): Vector {
  const values = text
    .replace(/[()\s]/g, '')
    .split(',')
    .map(Number);
  if (values.length !== 3 || !values.every(Number.isFinite)) {
    refuseVolume(label, FORMAT, `${JSON.stringify(text.slice(0, 80))} is no vector of three numbers`);
  }
  return values as unknown as Vector;
}

/** A field of whole numbers. */
function whole(fields: NrrdHeader['fields'], name: string, label: string): number[] {
  const text = fields.get(name);
  if (text === undefined) return refuseVolume(label, FORMAT, `its field "${name}" is missing`);
  const values = text.split(/\s+/).map(Number);
  if (!values.every(Number.isSafeInteger)) {
    refuseVolume(
      label,
      FORMAT,
      `its field "${name}" is ${JSON.stringify(text.slice(0, 80))}; whole numbers are needed`,
    );
  }
  return values;
}

/** Bytes after `lines` line ends. */
function skipLines(bytes: Uint8Array, lines: number, label: string): Uint8Array {
  let at = 0;
  for (let i = 0; i < lines; i++) {
    const end = bytes.indexOf(10, at);
    if (end < 0) refuseVolume(label, FORMAT, `it has fewer than the ${lines} lines that are to be skipped`);
    at = end + 1;
  }
  return bytes.subarray(at);
}

/** Parses an NRRD file held in memory; `detached` hands out the bytes of a data file named in the header. */
export async function decodeNrrd(
  bytes: Uint8Array,
  label: string,
  { frame, detached }: VolumeReadOptions & { readonly detached?: (name: string) => Promise<Uint8Array> } = {},
): Promise<VolumeFile> {
  const { fields, end } = parseHeader(bytes, label);
  const [dimension] = whole(fields, 'dimension', label);
  if (dimension < 2 || dimension > 4) refuseVolume(label, FORMAT, `it has ${dimension} axes; allowed: 2 to 4`);
  const sizes = whole(fields, 'sizes', label);
  if (sizes.length !== dimension) refuseVolume(label, FORMAT, `it has ${sizes.length} sizes for ${dimension} axes`);
  const type = TYPES[fields.get('type')?.toLowerCase() ?? ''];
  if (type === undefined) {
    return refuseVolume(
      label,
      FORMAT,
      `its samples are of type ${JSON.stringify(fields.get('type') ?? '')}; allowed: integers of 8 to 64 bits, float, double`,
    );
  }
  const notes: string[] = [];
  const steps = axisSteps(fields, dimension, label);
  const spatial = steps.flatMap((step, axis) => (step === null ? [] : [axis]));
  const others = steps.flatMap((step, axis) => (step === null ? [axis] : []));
  if (spatial.length < 2 || spatial.length > 3 || others.length > 1) {
    refuseVolume(
      label,
      FORMAT,
      `it has ${spatial.length} spatial axes and ${others.length} others; allowed: 2 or 3, and at most 1`,
    );
  }
  const other = others[0];
  if (other !== undefined && other !== 0 && other !== dimension - 1) {
    refuseVolume(label, FORMAT, `its axis ${other} is not spatial; only the first or the last may be so`);
  }

  const space = fields.get('space')?.toLowerCase();
  const signs = SPACES[space ?? 'lps'];
  if (signs === undefined) {
    return refuseVolume(
      label,
      FORMAT,
      `its space is ${JSON.stringify(space)}; allowed: ${Object.keys(SPACES).join(', ')}`,
    );
  }
  if (space === undefined) notes.push('the file names no anatomical space: axes are taken as left, back and up');
  const turn = (v: Vector): Vector => [v[0] * signs[0], v[1] * signs[1], v[2]];
  const found = spatial.map((axis) => turn(steps[axis] as Vector));
  if (found.length === 2) {
    const [[a, b, c], [d, e, f]] = found;
    found.push([b * f - c * e, c * d - a * f, a * e - b * d]);
  }
  const split = splitSteps(found as unknown as readonly [Vector, Vector, Vector]);
  if (split === null) return refuseVolume(label, FORMAT, 'its space directions span no space');
  const originText = fields.get('space origin');
  const origin: Vector = originText === undefined ? [0, 0, 0] : turn(vector(originText, label));

  const size = [...spatial.map((axis) => sizes[axis]), 1].slice(0, 3) as unknown as Vector;
  const kind = other === undefined ? '' : (fields.get('kinds')?.split(/\s+/)[other] ?? '');
  const count = other === undefined ? 1 : sizes[other];
  const colour = other === 0 && /^rgba?-color$/i.test(kind) && (count === 3 || count === 4);
  const channels = colour ? (count as 3 | 4) : 1;
  const frames = colour ? 1 : count;
  const length = volumeBytes([...size, channels], type, label, FORMAT);
  if (!(frames >= 1)) refuseVolume(label, FORMAT, `it has ${frames} frames`);
  const chosen = chooseFrame(frames, frame, label);

  const interleaved = frames > 1 && other === 0;
  const wanted = interleaved ? volumeBytes([...size, frames], type, label, FORMAT) : length;
  const start = interleaved ? 0 : chosen * length;
  const name = fields.get('data file') ?? fields.get('datafile');
  if (name !== undefined && detached === undefined) {
    return refuseVolume(label, FORMAT, 'its samples are in another file that was not given');
  }
  const source = name === undefined || detached === undefined ? bytes.subarray(end) : await detached(name);
  const raw = await readData(source, fields, start, wanted, frames * length, label);
  const stored = toSamples(raw, type, fields.get('endian')?.toLowerCase() === 'big');
  const data = interleaved ? stored.filter((_, i) => i % frames === chosen) : stored;
  const sized = fields.has('space directions') || fields.has('spacings');
  const unknown = [
    ...(sized ? [] : (['spacing'] as const)),
    ...(space === undefined ? (['orientation'] as const) : []),
  ];
  return { volume: { size, origin, ...split, data, channels, identifiers: {} }, frames, notes, unknown };
}

async function readData(
  bytes: Uint8Array,
  fields: NrrdHeader['fields'],
  start: number,
  length: number,
  total: number,
  label: string,
): Promise<Uint8Array> {
  const encoding = fields.get('encoding')?.toLowerCase();
  const skip = (name: string): number => Number(fields.get(name) ?? fields.get(name.replace(' ', '')) ?? 0);
  const lines = skip('line skip');
  const skipped = skip('byte skip');
  if (!(Number.isSafeInteger(lines) && lines >= 0) || !(Number.isSafeInteger(skipped) && skipped >= -1)) {
    refuseVolume(label, FORMAT, `it skips ${lines} lines and ${skipped} bytes; whole numbers are needed`);
  }
  const rest = skipLines(bytes, lines, label);
  if (encoding === 'raw') {
    const from = skipped === -1 ? rest.byteLength - total : skipped;
    return rawRange(rest, from + start, length, label, FORMAT);
  }
  if (encoding === 'gzip' || encoding === 'gz') {
    return inflateRange(rest, Math.max(0, skipped) + start, length, 'gzip', label, FORMAT);
  }
  return refuseVolume(label, FORMAT, `its encoding is ${JSON.stringify(encoding ?? '')}; allowed: raw, gzip`);
}

/** Reads an NRRD file, with the data file that a detached header names beside it. */
export async function readNrrd(path: string, options: VolumeReadOptions = {}): Promise<VolumeFile> {
  const detached = (name: string): Promise<Uint8Array> => readFileChecked(besidePath(path, name, FORMAT));
  return decodeNrrd(await readFileChecked(path), path, { ...options, detached });
}

const NAMES = {
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  int32: 'int32',
  uint32: 'uint32',
  float32: 'float',
  float64: 'double',
} as const;

/** The parts of an `.nrrd` file of a volume or mask. */
export async function encodeNrrd(volume: Volume | MaskVolume, compress = true): Promise<Uint8Array[]> {
  const { data, size, spacing, origin, direction } = volume;
  const channels = 'channels' in volume ? volume.channels : 1;
  const type = sampleType(data);
  const step = (axis: number): string => `(${direction[axis].map((v) => v * spacing[axis]).join(',')})`;
  const colour = channels > 1;
  const lines = [
    'NRRD0004',
    `type: ${NAMES[type]}`,
    `dimension: ${colour ? 4 : 3}`,
    'space: left-posterior-superior',
    `sizes: ${colour ? `${channels} ` : ''}${size.join(' ')}`,
    `space directions: ${colour ? 'none ' : ''}${[0, 1, 2].map(step).join(' ')}`,
    `kinds: ${channels === 3 ? 'RGB-color ' : channels === 4 ? 'RGBA-color ' : ''}domain domain domain`,
    ...(SAMPLE_BYTES[type] > 1 ? ['endian: little'] : []),
    `encoding: ${compress ? 'gzip' : 'raw'}`,
    `space origin: (${origin.join(',')})`,
  ];
  const bytes = toBytes(data);
  return [Buffer.from(`${lines.join('\n')}\n\n`, 'latin1'), compress ? await promisify(gzip)(bytes) : bytes];
}

/** Writes an `.nrrd` file, whole or not at all. */
export async function writeNrrd(path: string, volume: Volume | MaskVolume, compress = true): Promise<void> {
  await writeFileAtomic(path, await encodeNrrd(volume, compress));
}
