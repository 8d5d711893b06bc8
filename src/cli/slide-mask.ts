/** One prompt's mask of a slide: written as a TIFF pyramid, kept in small for the picture, and read back for the receipt. */
import { createHash } from 'node:crypto';
import { openSlide } from '../formats/slide/slide.ts';
import { createMaskTiff } from '../formats/tiff/write-mask.ts';
import type { Mask } from '../image/types.ts';
import type { ScannedSlide } from '../parse/slide.ts';
import type { SlideBand } from '../parse/slide-blend.ts';
import { BiomedParseError } from '../util/errors.ts';

const ROWS = 256;

export interface SlideMask {
  take(band: SlideBand): Promise<void>;
  /** Ends the file and reads it back; refuses (`internal`) one that does not hold the same pixels. */
  end(): Promise<{ readonly thumbnail: Mask; readonly roundTrip: { readonly pixels_equal: true } }>;
  close(): Promise<void>;
}

/** Hash of the pixels of a written mask. */
async function hashMask(path: string): Promise<string> {
  const slide = await openSlide(path);
  try {
    const { width, height } = slide;
    const hash = createHash('sha256');
    for (let top = 0; top < height; top += ROWS) {
      const rows = Math.min(ROWS, height - top);
      const rgb = await slide.read(0, { left: 0, top, width, height: rows });
      hash.update(Uint8Array.from({ length: width * rows }, (_, i) => (rgb[3 * i] === 0 ? 0 : 1)));
    }
    return hash.digest('hex');
  } finally {
    await slide.close();
  }
}

/** Starts a mask file of a slide's grid. */
export async function createSlideMask(path: string, scanned: ScannedSlide, text: string): Promise<SlideMask> {
  const { grid, mpp, thumbnail } = scanned;
  const { factor, image } = thumbnail;
  const description = `biomedparse mask of "${text}"`;
  const file = await createMaskTiff(path, { width: grid.width, height: grid.height, microns: mpp, description });
  const hash = createHash('sha256');
  const small = new Uint8Array(image.width * image.height);
  return {
    async take({ top, height, mask }) {
      hash.update(mask);
      for (let y = 0; y < height; y++) {
        const row = Math.floor((top + y) / factor) * image.width;
        for (let x = 0, i = y * grid.width; x < grid.width; x++, i++) {
          if (mask[i] !== 0) small[row + Math.floor(x / factor)] = 1;
        }
      }
      await file.write(mask);
    },
    async end() {
      await file.end();
      if ((await hashMask(path)) !== hash.digest('hex')) {
        throw new BiomedParseError('internal', `${path} does not read back with the same pixels`, { path });
      }
      const { width, height } = image;
      return { thumbnail: { data: small, width, height }, roundTrip: { pixels_equal: true } };
    },
    close: () => file.close(),
  };
}
