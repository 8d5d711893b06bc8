/**
 * Every pixel of a label map to one object, where masks overlap.
 *
 * - Two objects of one category that are the same pixels are one thing under two names: the surer stays, the other is `covered`.
 *   Half in common is enough for kinds of one thing, which exclude each other; others must be nearly the same.
 * - A pixel that two objects claim goes to the part before the whole; else to what lies in the other, small over large, where
 *   it is certain; else to what is in an organ (a tumor, a tube) before the organ, unless both are much alike; else to the higher
 *   probability.
 * - An object left with under a tenth of its pixels is not in the map. Where those that took them are its parts or kinds or lie
 *   in it, it is a whole that is made of them and yields ("kidney" to left and right kidney): it is named in the answer. Where
 *   they do not, it is `covered`.
 */
import type { Mask } from '../image/types.ts';
import { type Concept, conceptNamed } from '../ontology/concepts/index.ts';

/** A present object on its way to the label map. */
export interface Found {
  readonly concept: Concept;
  readonly answer: {
    readonly presence: number;
    readonly probability: number;
    readonly mask: Mask;
    readonly areaPx: number;
  };
  /** `[height, width]` probabilities as 0..255: enough to compare, a quarter of the memory. */
  readonly levels: Uint8Array;
}

export interface Overlaps<One extends Found = Found> {
  /** `[height, width]`: 0 nothing, else the place in `order`, from 1. */
  readonly labels: Uint8Array;
  readonly order: readonly One[];
  /** Wholes that yielded, with what they are made of. */
  readonly yielded: ReadonlyMap<One, readonly string[]>;
  /** Objects that other objects cover, with the name of one. */
  readonly covered: ReadonlyMap<One, string>;
}

/** Share of an object's pixels that others must leave it for it to stay in the label map. */
const LEAST_KEPT = 0.1;

/** Intersection over union above which two masks are alike: kinds of one thing are then the same, and neither lies in the other. */
const ALIKE = 0.5;
/** The same above which any two names are one thing. */
const SAME = 0.8;

/** Share of its pixels that an object must have in another to lie in it. */
const INSIDE = 0.8;
/** Largest size, as a share of the other, of what is laid over an object that it lies in. */
const SMALL = 0.5;
/** Share of a whole's pixels that must go to its parts and to what lies in it for it to be made of them. */
const MADE_OF = 0.8;

/** From this product of presence and probability on an object is certain enough to lie over a larger one. */
const CERTAIN = 0.5;

/** Pixels that pairs of objects have in common, by their places. */
function intersections(found: readonly Found[], pixels: number): (a: number, b: number) => number {
  const counts = new Uint32Array(found.length * found.length);
  const here: number[] = [];
  for (let i = 0; i < pixels; i++) {
    here.length = 0;
    for (let j = 0; j < found.length; j++) if (found[j].answer.mask.data[i] === 1) here.push(j);
    for (const a of here) for (const b of here) counts[a * found.length + b]++;
  }
  return (a, b) => counts[a * found.length + b];
}

function isUnder(concept: Concept, ancestor: string): boolean {
  for (let at = concept.parent; at !== null; at = conceptNamed(at)?.parent ?? null) if (at === ancestor) return true;
  return false;
}

const scoreOf = ({ answer }: Found): number => answer.presence * answer.probability;
const isOrgan = ({ concept }: Found): boolean => concept.category === 'organ';

/** Whether the first takes the pixels that both claim; null where the probability of the pixel decides. */
type Precedence<One> = (a: One, b: One) => boolean | null;

/** Every pixel to one of the objects: its place in their order, from 1. */
function assign<One extends Found>(order: readonly One[], pixels: number, goesBefore: Precedence<One>): Uint8Array {
  const before = order.map((a) => order.map((b) => goesBefore(a, b)));
  const labels = new Uint8Array(pixels);
  for (const [j, { answer, levels }] of order.entries()) {
    for (let i = 0; i < pixels; i++) {
      if (answer.mask.data[i] === 0) continue;
      const holder = labels[i] - 1;
      if (holder < 0 || (before[j][holder] ?? levels[i] > order[holder].levels[i])) labels[i] = j + 1;
    }
  }
  return labels;
}

/** Pixels of an object's mask that each of the objects in a label map has. */
function pixelsTaken({ answer }: Found, labels: Uint8Array, count: number): Uint32Array {
  const taken = new Uint32Array(count);
  for (let i = 0; i < labels.length; i++) if (answer.mask.data[i] === 1) taken[labels[i] - 1]++;
  return taken;
}

/** Gives every pixel to one object. */
export function resolveOverlaps<One extends Found>(found: readonly One[], pixels: number): Overlaps<One> {
  const bySize = [...found].sort((a, b) => b.answer.areaPx - a.answer.areaPx);
  const places = new Map(bySize.map((one, i) => [one, i]));
  const place = (one: One): number => places.get(one) as number;
  const common = intersections(bySize, pixels);
  const shared = (a: One, b: One): number => common(place(a), place(b));
  const likeness = (a: One, b: One): number => {
    const both = shared(a, b);
    return both === 0 ? 0 : both / (a.answer.areaPx + b.answer.areaPx - both);
  };
  const isPart = (a: One, b: One): boolean => isUnder(a.concept, b.concept.name);
  const isWithin = (a: One, b: One): boolean =>
    a.answer.areaPx < b.answer.areaPx && shared(a, b) >= INSIDE * a.answer.areaPx;
  const liesOver = (a: One, b: One): boolean =>
    isWithin(a, b) && a.answer.areaPx <= SMALL * b.answer.areaPx && (scoreOf(a) >= CERTAIN || scoreOf(a) >= scoreOf(b));
  const isSame = (a: One, b: One): boolean => {
    if (a.concept.category !== b.concept.category || isPart(a, b) || isPart(b, a)) return false;
    const areKinds = a.concept.parent !== null && a.concept.parent === b.concept.parent;
    return likeness(a, b) > (areKinds ? ALIKE : SAME);
  };
  const goesBefore: Precedence<One> = (a, b) => {
    if (isPart(a, b)) return true;
    if (isPart(b, a)) return false;
    if (liesOver(a, b)) return true;
    if (liesOver(b, a)) return false;
    return isOrgan(a) === isOrgan(b) || likeness(a, b) > ALIKE ? null : isOrgan(b);
  };

  const covered = new Map<One, string>();
  const kept: One[] = [];
  for (const one of [...found].sort((a, b) => scoreOf(b) - scoreOf(a))) {
    const same = kept.find((other) => isSame(one, other));
    if (same === undefined) kept.push(one);
    else covered.set(one, same.concept.name);
  }

  const yielded = new Map<One, readonly string[]>();
  const namesOf = (all: readonly One[]): string[] => all.map(({ concept }) => concept.name);
  for (const whole of kept) {
    const parts = kept.filter((other) => isPart(other, whole));
    const { data } = whole.answer.mask;
    let rest = 0;
    for (let i = 0; i < pixels; i++) {
      if (data[i] === 1 && !parts.some((part) => part.answer.mask.data[i] === 1)) rest++;
    }
    if (parts.length > 0 && rest < LEAST_KEPT * whole.answer.areaPx) yielded.set(whole, namesOf(parts));
  }

  const candidates = bySize.filter((one) => kept.includes(one) && !yielded.has(one));
  const first = assign(candidates, pixels, goesBefore);
  const order = candidates.filter((one, j) => {
    const takers = pixelsTaken(one, first, candidates.length);
    if (takers[j] >= LEAST_KEPT * one.answer.areaPx) return true;
    takers[j] = 0;
    const within = candidates.filter((other, k) => takers[k] > 0 && (isPart(other, one) || isWithin(other, one)));
    const taken = within.reduce((sum, other) => sum + takers[candidates.indexOf(other)], 0);
    if (taken >= MADE_OF * one.answer.areaPx) yielded.set(one, namesOf(within));
    else covered.set(one, candidates[takers.indexOf(Math.max(...takers))].concept.name);
    return false;
  });
  const labels = order.length === candidates.length ? first : assign(order, pixels, goesBefore);
  return { labels, order, yielded, covered };
}
