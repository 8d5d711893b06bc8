/**
 * The sentences of one target in one kind of image: the published form, and descriptions that were checked by resolving them
 * back. What a mask gets of them is drawn by its name, so that masks of one target differ and the same mask always gets the same.
 */
import { type Concept, publishedPrompt, wordings } from '../../ontology/index.ts';
import { createRandom, mixSeed } from '../../util/random.ts';
import { meaningOf, misreading } from './check.ts';
import { type Description, describeByRules, STYLES } from './rules.ts';

/** A target with the kind of image that it is in. */
export interface TargetOfView {
  readonly set: string;
  readonly target: string;
  readonly modality: string;
  readonly site: string;
}

/** A sentence as it is written, with who made it. */
export interface Sentence extends Description {
  /** `rules`, or `language model NAME`. */
  readonly by: string;
}

/** A description that was dropped. */
export interface Dropped extends Sentence {
  readonly reason: string;
}

/** All that can be said of a target. */
export interface Pool {
  /** Null where it is not certain what the target stands for; then nothing but the published form is said. */
  readonly concept: Concept | null;
  /** Whether the published form resolves back; it is kept anyway, as it is what the published model was trained on. */
  readonly publishedResolves: boolean;
  readonly published: Sentence;
  readonly kept: readonly Sentence[];
  readonly dropped: readonly Dropped[];
}

const WORDINGS = 6;

/** Descriptions that a language model gave for a concept in such an image; empty without a model. */
export type MoreDescriptions = (concept: Concept, where: TargetOfView) => readonly Sentence[];

/** All checked sentences for a target. */
export function poolOf(where: TargetOfView, more: MoreDescriptions = () => []): Pool {
  const { set, target, modality, site } = where;
  const concept = meaningOf(target, set, modality, site);
  const text = publishedPrompt(target, modality, site);
  const published: Sentence = { text, style: 'published', language: 'en', by: 'rules' };
  if (concept === null) return { concept, publishedResolves: false, published, kept: [], dropped: [] };
  const drawn = wordings(target, modality, site, { count: WORDINGS }).map(
    (wording): Description => ({ text: wording, style: 'clinical', language: 'en' }),
  );
  const byRules = [...describeByRules(target, concept, modality, site), ...drawn];
  const proposed = [...byRules.map((one): Sentence => ({ ...one, by: 'rules' })), ...more(concept, where)];
  const [kept, dropped]: [Sentence[], Dropped[]] = [[], []];
  const seen = new Set([text]);
  for (const one of proposed) {
    if (seen.has(one.text)) continue;
    seen.add(one.text);
    const reason = misreading(one.text, concept, modality, site);
    if (reason === undefined) kept.push(one);
    else dropped.push({ ...one, reason });
  }
  return {
    ...{ concept, published, kept, dropped },
    publishedResolves: misreading(text, concept, modality, site) === undefined,
  };
}

const LEAST = 2;

/** The sentences of one mask: the published form, one of each style, and so many more that there are at least two beside it. */
export function sentencesOf({ published, kept }: Pool, maskFile: string): Sentence[] {
  const random = createRandom(mixSeed(...Buffer.from(maskFile)));
  const chosen = STYLES.flatMap((style) => {
    const own = kept.filter((one) => one.style === style);
    return own.length === 0 ? [] : [random.pick(own)];
  });
  const rest = random.shuffle(kept.filter((one) => !chosen.includes(one)));
  return [published, ...chosen, ...rest.slice(0, Math.max(0, LEAST - chosen.length))];
}
