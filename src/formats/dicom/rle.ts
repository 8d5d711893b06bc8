/**
 * RLE Lossless: byte planes of a frame, most significant first, packed as PackBits.
 * Refuses segments outside the data, a number of segments other than the pixels need, and planes that come out short.
 * Source: DICOM PS3.5 annex G.
 */
import { refuseDicom } from './dataset.ts';

/** Unpacks into `out[first]`, `out[first + step]` … until `count` bytes are there; false if the data ends before. */
function unpackBits(data: Uint8Array, out: Uint8Array, first: number, step: number, count: number): boolean {
  let done = 0;
  for (let at = 0; done < count; ) {
    if (at >= data.length) return false;
    const control = data[at++];
    if (control < 128) {
      for (let i = 0; i <= control && done < count; i++) {
        if (at >= data.length) return false;
        out[first + step * done++] = data[at++];
      }
    } else if (control > 128) {
      if (at >= data.length) return false;
      const value = data[at++];
      for (let i = 0; i < 257 - control && done < count; i++) out[first + step * done++] = value;
    }
  }
  return true;
}

/** Little-endian samples of a frame, `[pixels, samples]` interleaved, of `width` bytes each. */
export function decodeRle(data: Uint8Array, pixels: number, samples: number, width: number, label: string): Uint8Array {
  if (data.byteLength < 64) refuseDicom(label, 'its RLE header is truncated');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== samples * width) {
    refuseDicom(label, `its RLE data has ${segments} segments, ${samples * width} are needed`);
  }
  const out = new Uint8Array(pixels * samples * width);
  for (let i = 0; i < segments; i++) {
    const start = view.getUint32(4 + 4 * i, true);
    const end = i + 1 < segments ? view.getUint32(8 + 4 * i, true) : data.byteLength;
    if (start < 64 || end < start || end > data.byteLength) {
      refuseDicom(label, `its RLE segment ${i} lies at bytes ${start} to ${end} of ${data.byteLength}`);
    }
    const first = Math.floor(i / width) * width + (width - 1 - (i % width));
    if (!unpackBits(data.subarray(start, end), out, first, samples * width, pixels)) {
      refuseDicom(label, `its RLE segment ${i} ends early`);
    }
  }
  return out;
}
