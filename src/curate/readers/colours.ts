/** Colours that stand for labels: each pixel takes the nearest one within a tolerance. Black is nothing unless it is named. */

export interface LabelColour {
  /** As the recipe writes it. */
  readonly key: string;
  readonly rgb: readonly [number, number, number];
}

/** Colours `#rrggbb` as numbers. */
export function parseColours(keys: readonly string[]): LabelColour[] {
  return keys.map((key) => {
    const value = Number.parseInt(key.slice(1), 16);
    return { key, rgb: [value >> 16, (value >> 8) & 255, value & 255] };
  });
}

/** Places of the nearest colours, from 1, 0 for black and the transparent; or what colour is near none. */
export function closestColours(
  data: ArrayLike<number>,
  channels: number,
  colours: readonly LabelColour[],
  tolerance: number,
): Uint8Array | string {
  const out = new Uint8Array(data.length / channels);
  const all = [...colours.map(({ rgb }) => rgb), [0, 0, 0]];
  const known = new Map<number, number>();
  for (let i = 0; i < out.length; i++) {
    const at = i * channels;
    if (channels === 4 && data[at + 3] === 0) continue;
    const rgb = channels === 1 ? [data[at], data[at], data[at]] : [data[at], data[at + 1], data[at + 2]];
    const key = rgb[0] * 65536 + rgb[1] * 256 + rgb[2];
    if (key === 0 && colours.every(({ rgb: own }) => own.some((value) => value !== 0))) continue;
    let found = known.get(key);
    if (found === undefined) {
      const far = all.map((own) => Math.max(...own.map((value, c) => Math.abs(value - rgb[c]))));
      const least = Math.min(...far);
      if (least > tolerance) {
        const hex = rgb.map((value) => value.toString(16).padStart(2, '0')).join('');
        return `colour #${hex} of pixel ${i} is no label (tolerance ${tolerance})`;
      }
      found = far.indexOf(least);
      known.set(key, found === colours.length ? -1 : found);
      if (found === colours.length) found = -1;
    }
    out[i] = found + 1;
  }
  return out;
}
