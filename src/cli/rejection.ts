/** The rejection test as options: `--reject ks`, with `--reject-threshold`, `--distributions file.json`, `--image-type`. */
import { findImageType, imageTypes } from '../ontology/index.ts';
import { publishedDistributions, readDistributions } from '../parse/distributions.ts';
import { checkImageType } from '../parse/rejection.ts';
import type { SegmentOptions } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';

/** Values of the options. */
export interface RejectionCommand {
  readonly reject?: 'ks';
  readonly rejectThreshold?: number;
  readonly distributions?: string;
  readonly imageType?: string;
}

/** The name of an image type as published; a `usage` error lists them where there is none. */
function publishedType(name: string): string {
  const found = findImageType(name);
  if (found !== undefined) return found.name;
  const allowed = imageTypes.map((one) => one.name).join(', ');
  throw new BiomedParseError('usage', `--image-type ${name}: allowed: ${allowed}`, { imageType: name });
}

/** The options of a call, distributions read from their file; options that would do nothing are refused. */
export async function readRejection(
  command: RejectionCommand,
): Promise<Pick<SegmentOptions, 'rejection' | 'imageType'>> {
  const { reject, rejectThreshold, distributions: file, imageType } = command;
  if (reject === undefined) {
    const idle = rejectThreshold !== undefined ? '--reject-threshold' : file !== undefined ? '--distributions' : null;
    if (idle !== null) throw new BiomedParseError('usage', `${idle} is for the rejection test; give --reject ks too`);
    return imageType === undefined ? {} : { imageType: publishedType(imageType) };
  }
  const distributions = file === undefined ? publishedDistributions : await readDistributions(file);
  if (imageType !== undefined) checkImageType(imageType, distributions);
  return {
    rejection: { distributions, ...(rejectThreshold === undefined ? {} : { threshold: rejectThreshold }) },
    ...(imageType === undefined ? {} : { imageType }),
  };
}
