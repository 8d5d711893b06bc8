/**
 * Test-time flips: the mirror image is asked too, and the logits of both are averaged (Krizhevsky et al., NeurIPS 2012, for
 * classification). A mirror image is one of another patient: "left" and "right" change places in what is asked, and where the body's sides
 * differ in looks (ontology/laterality.ts) or nobody says what the image shows it is not asked.
 */
import { type Concept, mirrorAllowed, modalityFamily, type Resolution } from '../ontology/index.ts';
import type { Decoded, Network, TextFeatures } from '../runtime/network.ts';
import type { ImageContext } from './image-context.ts';

/** Rows of a stack of maps of that width, each turned round. */
export function mirrorRows<T extends Float32Array | Uint8Array>(maps: T, width: number): T {
  const mirrored = maps.slice() as T;
  for (let start = 0; start < mirrored.length; start += width) mirrored.subarray(start, start + width).reverse();
  return mirrored;
}

/** Where an object may be seen, as far as it is said. */
function viewsOf(
  { trainedViews }: Concept,
  modality: string | null,
  site: string | null,
): { modality: string; site: string }[] {
  if (modality && site) return [{ modality: modalityFamily(modality), site }];
  const family = modality ? modalityFamily(modality) : null;
  return trainedViews.filter((view) => (family === null || view.modality === family) && (!site || view.site === site));
}

/** What the mirror image is asked instead; null where it must not be asked. What is `known` of the image goes before what the prompt says. */
export function mirrorPrompt(
  { concept, side, modality, site, prompt }: Resolution,
  known: ImageContext,
): string | null {
  if (concept === null) return null;
  const views = viewsOf(concept, known.modality ?? modality, known.site ?? site);
  const allowed = views.every((view) => mirrorAllowed(view.modality, view.site, concept.targets));
  if (views.length === 0 || !allowed) return null;
  const mirrored = prompt.replace(/\b(left|right)\b/gi, (word) => (word.toLowerCase() === 'left' ? 'right' : 'left'));
  // a side that is not written as a word ("kidney (L)") cannot be exchanged
  return side !== null && mirrored === prompt ? null : mirrored;
}

/** Answers averaged with those that the mirror image gave to some of the prompts, whose numbers are `asked`. */
export function averageMirrored(plain: Decoded, mirrored: Decoded, asked: readonly number[]): Decoded {
  const { height, width } = plain;
  const logits = plain.logits.slice();
  const existence = plain.existence?.slice() ?? null;
  const back = mirrorRows(mirrored.logits, width);
  const area = height * width;
  for (const [row, prompt] of asked.entries()) {
    for (let i = 0; i < area; i++) {
      logits[prompt * area + i] = (logits[prompt * area + i] + back[row * area + i]) / 2;
    }
    if (existence !== null && mirrored.existence !== null) {
      existence[prompt] = (existence[prompt] + mirrored.existence[row]) / 2;
    }
  }
  return { ...plain, logits, existence };
}

/** A question as the network got it. */
export interface MirrorQuestion {
  readonly resolutions: readonly Resolution[];
  readonly known: ImageContext;
  readonly joint: boolean;
  readonly region?: Uint8Array;
}

/** The mirror image of `pixels` `[3, size, size]`, encoded when it is first asked. */
export interface MirrorImage {
  /** The answers `plain` averaged with those of the mirror image. */
  average(plain: Decoded, question: MirrorQuestion): Promise<Decoded>;
  dispose(): void;
}

/** A mirror image for an open network and its way of encoding texts. */
export function createMirrorImage(
  network: Network,
  pixels: Float32Array,
  size: number,
  encodeText: (text: string) => Promise<TextFeatures>,
): MirrorImage {
  let encoded: ReturnType<Network['encodeImage']> | undefined;
  return {
    async average(plain, { resolutions, known, joint, region }) {
      const prompts = resolutions.map((resolution) => mirrorPrompt(resolution, known));
      const asked = prompts.flatMap((prompt, i) => (prompt === null ? [] : [i]));
      // prompts of one sequence influence one another: all or none
      if (asked.length === 0 || (joint && asked.length < prompts.length)) return plain;
      const texts: TextFeatures[] = [];
      for (const i of asked) texts.push(await encodeText(prompts[i] as string));
      encoded ??= network.encodeImage(mirrorRows(pixels, size), size, size);
      const turned = region === undefined ? {} : { region: mirrorRows(region, size) };
      return averageMirrored(plain, await network.decode(await encoded, texts, { joint, ...turned }), asked);
    },
    dispose() {
      // who asked has had the error of an encoding that failed
      encoded?.then(
        (features) => features.dispose(),
        () => undefined,
      );
    },
  };
}
