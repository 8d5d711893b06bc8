/**
 * The header of a safetensors file: 8-byte little-endian length, then JSON (github huggingface/safetensors, format
 * description). Offsets count from the end of the header. Refused: a header past the file or above 100 MB, unknown data
 * types, byte sizes that disagree with the shape, overlaps, holes, bytes after the last tensor, names given twice.
 */
import { BiomedParseError } from '../util/errors.ts';
import { DTYPE_BYTES, type Dtype, elementCount } from './tensor.ts';

const MAX_HEADER_BYTES = 100_000_000;
/** Name in the header that is no tensor. */
export const METADATA = '__metadata__';

/** A tensor's place: bytes `start` to `end` after the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: number[];
  readonly start: number;
  readonly end: number;
}

/** The refusal of a file, naming it. */
export function refuse(label: string, reason: string, fields: Record<string, unknown> = {}): never {
  throw new BiomedParseError('input', `${label} is not a usable safetensors file: ${reason}`, {
    file: label,
    ...fields,
  });
}

/** The header's length from the first 8 bytes, checked against the file's size. */
export function headerLength(first: Uint8Array, fileBytes: number, label: string): number {
  if (fileBytes < 8 || first.byteLength < 8) refuse(label, `it has ${fileBytes} bytes, at least 8 are needed`);
  const length = Number(new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    refuse(label, `its header would have ${length} bytes, at most ${MAX_HEADER_BYTES} are allowed`, { length });
  }
  if (length > fileBytes - 8) {
    refuse(label, `its header would have ${length} bytes, the file has ${fileBytes} (truncated?)`, { length });
  }
  return length;
}

/** The first key that the outermost object of a JSON text holds twice; JSON.parse itself keeps the last one silently. */
function duplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === '"') {
      const start = i;
      for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++;
      if (depth !== 1 || !/^\s*:/.test(json.slice(i + 1, i + 32))) continue;
      const key = JSON.parse(json.slice(start, i + 1)) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseEntry(name: string, value: unknown, dataBytes: number, label: string): Entry {
  const quoted = JSON.stringify(name);
  if (typeof value !== 'object' || value === null) refuse(label, `tensor ${quoted} has no description`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    const allowed = Object.keys(DTYPE_BYTES).join(', ');
    refuse(label, `tensor ${quoted} has data type ${JSON.stringify(dtype)}; allowed: ${allowed}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    refuse(label, `tensor ${quoted} has shape ${JSON.stringify(shape)}; a list of whole numbers is needed`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    refuse(label, `tensor ${quoted} has data offsets ${JSON.stringify(offsets)}; two whole numbers are needed`);
  }
  const [start, end] = offsets as [number, number];
  const bytes = elementCount(shape) * DTYPE_BYTES[dtype as Dtype];
  if (start > end || end > dataBytes) {
    refuse(label, `tensor ${quoted} lies at bytes ${start} to ${end}, the data has ${dataBytes} (truncated?)`);
  }
  if (end - start !== bytes) {
    refuse(label, `tensor ${quoted} holds ${end - start} bytes, ${dtype} [${shape.join(', ')}] needs ${bytes}`);
  }
  return { name, dtype: dtype as Dtype, shape, start, end };
}

/** Entries in the order of the data, and the map of strings; `dataBytes` is what follows the header. */
export function parseHeader(
  bytes: Uint8Array,
  dataBytes: number,
  label: string,
): { entries: Entry[]; metadata: Record<string, string> } {
  let header: unknown;
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    refuse(label, 'its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    refuse(label, 'its header is not a JSON object');
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) refuse(label, `tensor ${JSON.stringify(twice)} is described twice`);

  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name !== METADATA) {
      entries.push(parseEntry(name, value, dataBytes, label));
      continue;
    }
    const pairs = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : null;
    if (pairs === null || !pairs.every(([, text]) => typeof text === 'string')) {
      refuse(label, `its ${METADATA} is not a map of strings`);
    }
    metadata = Object.fromEntries(pairs) as Record<string, string>;
  }

  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  let reached = 0;
  for (const { name, start, end } of entries) {
    if (start !== reached) {
      const what =
        start < reached ? 'overlaps the tensor before it' : `leaves a hole of ${start - reached} bytes before it`;
      refuse(label, `tensor ${JSON.stringify(name)} ${what}`);
    }
    reached = end;
  }
  if (reached !== dataBytes) refuse(label, `${dataBytes - reached} bytes after the last tensor belong to nothing`);
  return { entries, metadata };
}
