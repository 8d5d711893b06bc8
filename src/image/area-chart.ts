/**
 * The area of an object in every slice as a chart: a bar per slice in their order, its presence as a dot (the whole height is a
 * presence of 1), and in words which slices, and where the largest area lies. Slices that are more than the pixels across
 * share a bar, which shows the largest.
 */
import { type Colour, drawText, fillRectangle, LINE_ADVANCE } from './text.ts';
import type { Image } from './types.ts';

/** What a chart shows of one slice. */
export interface ChartSlice {
  readonly index: number;
  readonly areaMm2: number;
  /** 0..1. */
  readonly presence: number;
}

const HEIGHT = 96;
const MARGIN = 4;
const BACKGROUND: Colour = [24, 24, 28];
const BASE: Colour = [110, 110, 118];
const BAR: Colour = [0, 150, 170];
const DOT: Colour = [255, 205, 0];
const TEXT: Colour = [235, 235, 235];

/** Draws the chart, 8-bit RGB, `width` by 96 pixels. */
export function areaChart(slices: readonly ChartSlice[], width: number): Image {
  const canvas = { data: new Uint8Array(3 * width * HEIGHT), width, height: HEIGHT };
  fillRectangle(canvas, 0, 0, width, HEIGHT, BACKGROUND);
  const top = MARGIN + LINE_ADVANCE;
  const bottom = HEIGHT - MARGIN - 1;
  const across = Math.max(1, width - 2 * MARGIN);
  const largest = slices.reduce((best, one) => (one.areaMm2 > best.areaMm2 ? one : best));
  fillRectangle(canvas, MARGIN, bottom, across, 1, BASE);
  const bars = Math.min(across, slices.length);
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * slices.length) / bars);
    const share = slices.slice(from, Math.max(from + 1, Math.floor(((bar + 1) * slices.length) / bars)));
    const area = Math.max(...share.map((one) => one.areaMm2));
    const presence = Math.max(...share.map((one) => one.presence));
    const left = MARGIN + Math.floor((bar * across) / bars);
    const room = Math.max(1, MARGIN + Math.floor(((bar + 1) * across) / bars) - left);
    const high = largest.areaMm2 > 0 ? Math.ceil((area / largest.areaMm2) * (bottom - top)) : 0;
    fillRectangle(canvas, left, bottom - high, Math.max(1, room - (room > 2 ? 1 : 0)), high, BAR);
    fillRectangle(canvas, left + Math.floor((room - 1) / 2), bottom - Math.round(presence * (bottom - top)), 2, 2, DOT);
  }
  const [first, last] = [slices[0].index, slices[slices.length - 1].index];
  const most = largest.areaMm2 > 0 ? `, most ${Number(largest.areaMm2.toPrecision(4))} mm2 in ${largest.index}` : '';
  drawText(canvas, `area (bars) and presence (dots), slices ${first} to ${last}${most}`, MARGIN, MARGIN, 1, TEXT);
  return { ...canvas, channels: 3 };
}

/** Two 8-bit RGB images of one width, one above the other. */
export function stacked(above: Image, below: Image): Image {
  const data = new Uint8Array(above.data.length + below.data.length);
  data.set(above.data as Uint8Array);
  data.set(below.data as Uint8Array, above.data.length);
  return { data, width: above.width, height: above.height + below.height, channels: 3 };
}
