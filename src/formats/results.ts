/**
 * Results in the formats of other programs: the one table of what can be written of an image's and of a volume's masks.
 *
 * A format writes a file per prompt or one for all prompts of an input, and says by null what it cannot write. To add one,
 * add its line here; the command's option, names, refusals and receipts follow from the table.
 * Masks of volumes keep the volume's grid in NIfTI, NRRD and NumPy arrays `[slices, rows, columns]`; COCO and GeoJSON
 * are of single slices in the usual display.
 */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { measure } from '../image/measure.ts';
import { type Plane, sliceLayout } from '../image/slice.ts';
import type { Mask } from '../image/types.ts';
import type { MaskVolume, Volume } from '../image/volume.ts';
import { NOTICE } from '../util/notice.ts';
import { type CocoDocument, cocoBox, runLengths } from './coco.ts';
import type { ObjectConcept } from './dicom/codes.ts';
import { type DicomOrigin, writeDicomResults } from './dicom/results.ts';
import { geoJson } from './geojson.ts';
import { encodeMaskPng } from './mask-png.ts';
import { encodeNifti } from './nifti.ts';
import { encodeNpy } from './npy.ts';
import { encodeNrrd } from './nrrd.ts';

/** What was found of one prompt. */
export interface Finding<M> {
  readonly name: string;
  readonly mask: M;
  readonly presence: number;
  /** Every voxel's, 0..1, where a format asks for them. */
  readonly probabilities?: Float32Array;
  /** Mean over the mask, 0..1. */
  readonly probability: number;
  /** Preferred term, category, side and SNOMED CT code, where the prompt was understood. */
  readonly concept: ObjectConcept | null;
}

/** An image's masks. */
export interface ImageResult {
  readonly source: string;
  readonly model: string;
  readonly findings: readonly Finding<Mask>[];
}

/** A volume's masks, all in its grid. */
export interface VolumeResult {
  readonly source: string;
  readonly model: string;
  readonly volume: Volume;
  /** The plane and the slices that the model saw. */
  readonly plane: Plane;
  readonly indices: readonly number[];
  /** The series that DICOM objects refer to; null for other volumes. */
  readonly dicom: DicomOrigin | null;
  readonly findings: readonly Finding<MaskVolume>[];
}

/** How one format is written. */
export interface ResultWriter<R> {
  /** A file per prompt (it is given one finding), or one per input. */
  readonly per: 'prompt' | 'input';
  readonly ending: string;
  /** It refers to the images of a DICOM series, and can be written of nothing else. */
  readonly dicom?: true;
  write(result: R): Promise<Uint8Array>;
}

export interface ResultFormat {
  readonly image: ResultWriter<ImageResult> | null;
  readonly volume: ResultWriter<VolumeResult> | null;
}

const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`);
const round = (value: number): number => Number(value.toFixed(6));

/** A mask's slice as a person sees it. */
function maskSlice({ data }: MaskVolume, volume: Volume, plane: Plane, index: number): Mask {
  const { width, height, first, stepAcross, stepDown } = sliceLayout(volume, plane, index);
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels[y * width + x] = data[first + y * stepDown + x * stepAcross];
  }
  return { data: pixels, width, height };
}

/** Masks on one or more images as a COCO document; an annotation per image and prompt that was found there. */
function coco(
  model: string,
  images: readonly { readonly name: string; readonly findings: readonly Finding<Mask>[] }[],
): CocoDocument {
  const prompts = images[0].findings;
  const found = images.flatMap(({ findings }, image) =>
    findings.flatMap(({ mask, probability }, prompt) => {
      const { areaPx, box } = measure(mask);
      return box === null ? [] : [{ image, prompt, mask, score: probability, areaPx, box }];
    }),
  );
  return {
    info: { description: `Found by ${model}. ${NOTICE}` },
    images: images.map(({ name, findings: [{ mask }] }, i) => ({
      id: i + 1,
      file_name: name,
      width: mask.width,
      height: mask.height,
    })),
    categories: prompts.map(({ name, concept }, i) => ({
      id: i + 1,
      name,
      supercategory: concept?.category ?? 'other',
    })),
    annotations: found.map(({ image, prompt, mask, score, areaPx, box }, i) => ({
      id: i + 1,
      image_id: image + 1,
      category_id: prompt + 1,
      bbox: cocoBox(box),
      area: areaPx,
      iscrowd: 0,
      score: round(score),
      segmentation: runLengths(mask),
    })),
  };
}

const slicesOf = ({ volume, plane, indices, findings }: VolumeResult) =>
  indices.map((index) => ({
    index,
    findings: findings.map((one) => ({ ...one, mask: maskSlice(one.mask, volume, plane, index) })),
  }));

const scores = ({ presence, probability }: Finding<unknown>) => ({
  presence: round(presence),
  probability: round(probability),
});

/** The formats by the names that the command line has for them. */
export const RESULT_FORMATS: Readonly<Record<string, ResultFormat>> = {
  png: {
    image: { per: 'prompt', ending: 'mask.png', write: async ({ findings: [{ mask }] }) => encodeMaskPng(mask) },
    volume: null,
  },
  npy: {
    image: {
      per: 'prompt',
      ending: 'mask.npy',
      write: async ({ findings: [{ mask }] }) => encodeNpy(mask.data, [mask.height, mask.width]),
    },
    volume: {
      per: 'prompt',
      ending: 'mask.npy',
      write: async ({ findings: [{ mask }] }) => encodeNpy(mask.data, mask.size.toReversed()),
    },
  },
  nifti: {
    image: null,
    volume: {
      per: 'prompt',
      ending: 'mask.nii.gz',
      write: ({ findings: [{ mask }] }) => promisify(gzip)(Buffer.concat(encodeNifti(mask))),
    },
  },
  nrrd: {
    image: null,
    volume: {
      per: 'prompt',
      ending: 'mask.nrrd',
      write: async ({ findings: [{ mask }] }) => Buffer.concat(await encodeNrrd(mask)),
    },
  },
  'dicom-seg': {
    image: null,
    volume: {
      per: 'input',
      ending: 'segmentation.dcm',
      dicom: true,
      write: async ({ dicom, findings }) => writeDicomResults('SEG', dicom as DicomOrigin, findings),
    },
  },
  rtstruct: {
    image: null,
    volume: {
      per: 'input',
      ending: 'structures.dcm',
      dicom: true,
      write: async ({ dicom, findings }) => writeDicomResults('RTSTRUCT', dicom as DicomOrigin, findings),
    },
  },
  coco: {
    image: {
      per: 'input',
      ending: 'coco.json',
      write: async ({ source, model, findings }) => json(coco(model, [{ name: source, findings }])),
    },
    volume: {
      per: 'input',
      ending: 'coco.json',
      write: async (result) => {
        const name = (index: number): string => `${result.source}#${result.plane}-${index}`;
        const images = slicesOf(result).map(({ index, findings }) => ({ name: name(index), findings }));
        return json(coco(result.model, images));
      },
    },
  },
  geojson: {
    image: {
      per: 'input',
      ending: 'annotations.geojson',
      write: async ({ findings }) =>
        json(geoJson(findings.map((one) => ({ name: one.name, mask: one.mask, measurements: scores(one) })))),
    },
    volume: {
      per: 'input',
      ending: 'annotations.geojson',
      write: async (result) =>
        json(
          geoJson(
            slicesOf(result).flatMap(({ index, findings }) =>
              findings.map((one) => ({ name: one.name, mask: one.mask, z: index, measurements: scores(one) })),
            ),
          ),
        ),
    },
  },
};

/** The formats that can hold the masks of an image, or of a volume. */
export function formatsOf(kind: 'image' | 'volume'): string[] {
  return Object.keys(RESULT_FORMATS).filter((name) => RESULT_FORMATS[name][kind] !== null);
}
