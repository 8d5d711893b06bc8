/** How alike two words are written. */

/** Optimal string alignment distance: letters left out, put in, changed, or swapped with their neighbour. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}

/** Likeness of a word to a known one, 0..1; 0 where they are too far apart, too short, or begin differently. */
export function likeness(word: string, known: string): number {
  if (word === known) return 1;
  const longest = Math.max(word.length, known.length);
  const most = longest >= 8 ? 2 : longest >= 5 ? 1 : 0;
  if (word[0] !== known[0] || Math.abs(word.length - known.length) > most || /\d/.test(word + known)) return 0;
  const distance = editDistance(word, known);
  return distance <= most ? 1 - distance / longest : 0;
}

function trigrams(text: string): Set<string> {
  const padded = `  ${text.toLowerCase()} `;
  return new Set(Array.from({ length: padded.length - 2 }, (_, i) => padded.slice(i, i + 3)));
}

/** Share of letter triples that two texts have in common (Dice), 0..1. */
export function trigramLikeness(a: string, b: string): number {
  const [left, right] = [trigrams(a), trigrams(b)];
  let shared = 0;
  for (const triple of left) if (right.has(triple)) shared++;
  return (2 * shared) / (left.size + right.size);
}
