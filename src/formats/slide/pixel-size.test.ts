import { describe, expect, it } from 'vitest';
import { statedPixelSize } from './pixel-size.ts';

const none = { x: Number.NaN, y: Number.NaN, unit: 2 };

describe('the pixel size that a slide states', () => {
  it('is read from OME-XML in its units', () => {
    const source = 'OME-XML';
    const ome = (attributes: string) =>
      statedPixelSize(`<?xml version="1.0"?><OME xmlns="x"><Image><Pixels ${attributes}/></Image></OME>`, none);
    expect(ome('PhysicalSizeX="0.25" PhysicalSizeY="0.5"')).toEqual({ x: 0.25, y: 0.5, source });
    const units = 'PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="0.0005" PhysicalSizeYUnit="mm"';
    expect(ome(units)).toEqual({ x: 0.25, y: 0.5, source });
    expect(ome('PhysicalSizeX="1" PhysicalSizeXUnit="pixel" PhysicalSizeY="1"')).toBeNull();
    expect(ome('SizeX="5"')).toBeNull();
  });

  it('is read from resolutions, but not from what programs write where they know nothing', () => {
    const resolution = (x: number, y: number, unit: number) => statedPixelSize('', { x, y, unit });
    expect(resolution(40_000, 20_000, 3)).toEqual({ x: 0.25, y: 0.5, source: 'resolution tags' });
    expect(resolution(50_800, 50_800, 2)).toEqual({ x: 0.5, y: 0.5, source: 'resolution tags' });
    for (const [value, unit] of [
      [72, 2],
      [300, 2],
      [0, 3],
      [Number.NaN, 3],
      [40_000, 1],
      [1e12, 3],
    ]) {
      expect(resolution(value, value, unit)).toBeNull();
    }
  });

  it('of Aperio is its own, and nothing else', () => {
    const resolution = { x: 40_000, y: 40_000, unit: 3 };
    const aperio = (text: string) => statedPixelSize(`Aperio Image Library v1\r\n${text}`, resolution);
    expect(aperio('AppMag = 20|MPP = 0.4990|Left = 2')).toEqual({ x: 0.499, y: 0.499, source: 'Aperio description' });
    expect(aperio('AppMag = 20')).toBeNull();
    expect(aperio('AppMag = 20|MPP = 0')).toBeNull();
  });
});
