import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import { mediaType, onePart, readParts } from './multipart.ts';

async function* inPieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  for (const [i, from] of places.slice(0, -1).entries()) yield bytes.subarray(from, places[i + 1]);
}

async function parts(body: Uint8Array | string, cuts: readonly number[] = [], boundary = 'b') {
  const found: { headers: Record<string, string>; bytes: Buffer }[] = [];
  for await (const { headers, body: pieces } of readParts(inPieces(Buffer.from(body), cuts), boundary)) {
    const bytes: Uint8Array[] = [];
    for await (const piece of pieces) bytes.push(piece);
    found.push({ headers: Object.fromEntries(headers), bytes: Buffer.concat(bytes) });
  }
  return found;
}

describe('parts', () => {
  it('are read with their headers, whatever stands around them', async () => {
    const body = 'before\r\n--b  \r\nContent-Type: a/b\r\nX-Y : z: 1\r\n\r\none\r\n--b\r\n\r\n\r\n--b--\r\nafter';
    expect(await parts(body)).toEqual([
      { headers: { 'content-type': 'a/b', 'x-y': 'z: 1' }, bytes: Buffer.from('one') },
      { headers: {}, bytes: Buffer.from('') },
    ]);
    expect(await parts('--b--')).toEqual([]);
  });

  it('come back as they were written, wherever the body is cut', async () => {
    const random = createRandom(11);
    for (let round = 0; round < 200; round++) {
      // bytes of which boundaries are made, so that many places look like the start of one
      const bytes = Buffer.from(
        Array.from({ length: random.integer(60) }, () => '\r\n--boundary'.charCodeAt(random.integer(12))),
      );
      if (bytes.includes('\r\n--boundary')) continue;
      const body = Buffer.concat(onePart('boundary', 'application/dicom', bytes));
      const cuts = Array.from({ length: random.integer(20) }, () => random.integer(body.length));
      expect(await parts(body, cuts, 'boundary')).toEqual([
        { headers: { 'content-type': 'application/dicom', 'content-length': String(bytes.length) }, bytes },
      ]);
    }
  });

  it.each([
    ['', 'the answer ends in the middle of a part'],
    ['--b\r\nContent-Type: a/b', 'the answer ends in the middle of a part'],
    ['--b\r\n\r\nhalf', 'the answer ends in the middle of a part'],
    ['--b\r\n\r\nwhole\r\n--b', 'the answer ends in the middle of a part'],
    ['--b\r\nContent-Length: 4\r\n\r\none\r\n--b--', 'a part has 3 bytes and says 4'],
    [`--b\r\nX: ${'y'.repeat(20_000)}\r\n\r\none\r\n--b--`, 'the header of a part has more than 16384 bytes'],
  ])('are refused: %j', async (body, reason) => {
    await expect(parts(body)).rejects.toThrow(reason);
  });
});

it('media types are read with their parameters', () => {
  const { type, parameters } = mediaType('Multipart/Related; type="application/dicom";boundary=a-b') ?? {};
  expect([type, parameters?.get('boundary'), parameters?.get('type')]).toEqual([
    'multipart/related',
    'a-b',
    'application/dicom',
  ]);
  expect([mediaType(undefined), mediaType(' ')]).toEqual([null, null]);
});
