/** Reader and labels of masks by the values of their pixels. */
import { type FoundLabel, type FoundMasks, targetName } from './found.ts';
import type { LabelNames } from './label-names.ts';
import type { MaskValues } from './values.ts';

/** How masks are to be read. */
export interface Labelled extends Pick<FoundMasks, 'reader' | 'labels' | 'threshold'> {
  readonly why: string;
  readonly open: readonly string[];
}

/** Reader and labels of masks by their values. */
export function readLabels(values: MaskValues, names: LabelNames | null, marked: string, masks: string): Labelled {
  const seen = `in ${values.read} masks that were read`;
  const target = marked === '' ? 'object' : targetName(marked);
  const openTarget = marked === '' ? [`${masks}: what is marked is not named; the draft calls it "object"`] : [];
  if (values.colours.length > 0) {
    const labels = values.colours.map((label, i) => ({ label, target: `label ${i + 1}`, named: false }));
    const open = [`${masks}: what the colours ${values.colours.join(', ')} mean`];
    return { reader: 'colour', labels, threshold: null, why: `${values.colours.length} colours ${seen}`, open };
  }
  const found = values.labels;
  const isNamed = names !== null && (found === null || found.every((label) => names.names.has(label)));
  if (found !== null && names === null && found.length === 1 && (found[0] === 255 || marked !== '')) {
    const labels = [{ label: String(found[0]), target, named: marked !== '' }];
    const why = `only 0 and ${found[0]} ${seen}${marked === '' ? '' : `; the name says "${marked}"`}`;
    return { reader: 'binary', labels, threshold: null, why, open: openTarget };
  }
  if (!isNamed && (found === null || (names === null && found.length > 32 && found.at(-1) === 255))) {
    const labels = [{ label: 'marked', target, named: marked !== '' }];
    // shares of 1, as networks give them, have another middle than grey levels
    const threshold = !values.whole && values.most <= 1 ? 0.5 : 127;
    const why = `too many values for labels, or fractions of numbers, ${seen}`;
    const open = [
      ...openTarget,
      `${masks}: whether what is above ${threshold} is marked, or numbers are single objects (reader instances)`,
    ];
    return { reader: 'binary', labels, threshold, why, open };
  }
  const numbers = [...new Set([...(found ?? []), ...(names?.names.keys() ?? [])])].filter((label) => label !== 0);
  const labels = numbers
    .sort((a, b) => a - b)
    .map((label): FoundLabel => {
      const name = names?.names.get(label);
      return {
        label: String(label),
        target: name === undefined ? `label ${label}` : targetName(name),
        named: name !== undefined,
      };
    });
  const unnamed = labels.filter(({ named }) => !named).map(({ label }) => label);
  const open = unnamed.length === 0 ? [] : [`${masks}: what the labels ${unnamed.join(', ')} mean`];
  const named = names === null ? '' : `; ${names.file} names ${names.names.size}`;
  return {
    reader: 'labels',
    labels,
    threshold: null,
    why: `numbers ${(found ?? []).slice(0, 12).join(', ')}${(found ?? []).length > 12 ? ' …' : ''} ${seen}${named}`,
    open,
  };
}
