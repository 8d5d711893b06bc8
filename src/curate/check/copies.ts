/** Pictures and subjects that are in both splits, or twice in one; and which images to leave out so that they are on one side only. */
import type { Split } from '../../dataset/layout.ts';
import { type DuplicateOptions, type Fingerprint, findDuplicates } from '../../image/fingerprint.ts';
import { addTo } from '../../util/groups.ts';
import { type Problem, report } from './problems.ts';

export interface Picture {
  readonly set: string;
  readonly split: Split;
  /** NAME_MODALITY_SITE. */
  readonly name: string;
  readonly file: string;
  readonly subject: string | null;
  readonly print: Fingerprint;
}

/** Two places in a list of pictures. */
export type Pair = readonly [first: number, second: number];

/** Reports subjects of a set that are in train and test, once each; gives pairs of their pictures in which each of both sides is. */
export function reportSharedSubjects(problems: Problem[], pictures: readonly Picture[]): Pair[] {
  const train = new Map<string, number[]>();
  const keyOf = ({ set, subject }: Picture): string => JSON.stringify([set, subject]);
  for (const [i, picture] of pictures.entries()) {
    if (picture.split !== 'train' || picture.subject === null) continue;
    addTo(train, keyOf(picture), i);
  }
  const told = new Set<string>();
  return pictures.flatMap((picture, i): Pair[] => {
    const others = picture.split === 'test' && picture.subject !== null ? (train.get(keyOf(picture)) ?? []) : [];
    const isFirst = !told.has(keyOf(picture));
    if (others.length > 0 && isFirst) {
      told.add(keyOf(picture));
      const message = `subject ${picture.subject} is in train too (${pictures[others[0]].file})`;
      report(problems, 'subject in two splits', picture, message);
    }
    return (isFirst ? others : others.slice(0, 1)).map((other): Pair => [other, i]);
  });
}

/** Reports pictures that are there twice; gives their pairs. */
export async function reportDuplicates(
  problems: Problem[],
  pictures: readonly Picture[],
  options: DuplicateOptions,
): Promise<Pair[]> {
  // slices of one subject in one split are alike by nature
  const skip = (first: number, second: number): boolean => {
    const [a, b] = [pictures[first], pictures[second]];
    return a.subject !== null && a.set === b.set && a.split === b.split && a.subject === b.subject;
  };
  const prints = pictures.map(({ print }) => print);
  const found = await findDuplicates(prints, { ...options, skip });
  return found.map(({ first, second, alike, mirrored, turned, inverted, cropped }): Pair => {
    const [a, b] = [pictures[first], pictures[second]];
    const kind = a.split === b.split ? 'duplicate' : 'duplicate across splits';
    const done = [
      ...(turned ? ['turned'] : mirrored ? ['mirrored'] : []),
      ...(inverted ? ['inverted'] : []),
      ...(cropped ? ['cropped'] : []),
    ];
    const how = done.length === 0 ? '' : `, ${done.join(' and ')}`;
    report(problems, kind, b, `the same picture as ${a.file}${how} (${alike.toFixed(3)})`);
    return [first, second];
  });
}

/** Places of the pictures to leave out, so that of each pair over both splits only the one in `keep` stays. */
export function leaveOut(pictures: readonly Picture[], pairs: readonly Pair[], keep: Split): number[] {
  const out = new Set<number>();
  for (const [first, second] of pairs) {
    if (pictures[first].split === pictures[second].split) continue;
    out.add(pictures[first].split === keep ? second : first);
  }
  return [...out].sort((a, b) => a - b);
}
