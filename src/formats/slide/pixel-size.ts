/**
 * How large a slide's pixels are, in microns, from what its file says: Aperio's description ("MPP = 0.4990"), OME-XML
 * (PhysicalSizeX, PhysicalSizeY with their units), or TIFF's resolution tags. Descriptions are searched as text, never parsed as XML.
 * Sizes that no microscope has (below 0.01 or above 20 microns) are left out: programs write 72 or 300 dpi where they know nothing.
 * Source: Aperio SVS as OpenSlide reads it; OME data model, Pixels; TIFF 6.0, section 8.
 */

/** Microns a pixel across and down, and who says so. */
export interface PixelSize {
  readonly x: number;
  readonly y: number;
  readonly source: string;
}

const [LEAST, MOST] = [0.01, 20];
/** Microns in a unit of OME. */
const OME_UNITS: Readonly<Record<string, number>> = { µm: 1, μm: 1, um: 1, nm: 1e-3, mm: 1e3, cm: 1e4, m: 1e6 };
/** Microns in TIFF's units of resolution, inch and centimetre. */
const TIFF_UNITS: Readonly<Record<number, number>> = { 2: 25400, 3: 10000 };

const plausible = (x: number, y: number): boolean => x >= LEAST && x <= MOST && y >= LEAST && y <= MOST;

/** Whether a description is one of Aperio's. */
export const isAperio = (description: string): boolean => description.startsWith('Aperio');

/** Whether a description is OME-XML. */
export const isOme = (description: string): boolean => /<OME\b/.test(description.slice(0, 4096));

function omeSize(description: string): PixelSize | null {
  const pixels = /<Pixels\b[^>]*>/.exec(description)?.[0] ?? '';
  const [x, y] = ['X', 'Y'].map((axis) => {
    const value = new RegExp(`\\bPhysicalSize${axis}="([^"]*)"`).exec(pixels)?.[1];
    const unit = new RegExp(`\\bPhysicalSize${axis}Unit="([^"]*)"`).exec(pixels)?.[1] ?? 'µm';
    return Number(value ?? Number.NaN) * (OME_UNITS[unit] ?? Number.NaN);
  });
  return plausible(x, y) ? { x, y, source: 'OME-XML' } : null;
}

function aperioSize(description: string): PixelSize | null {
  const value = Number(/\|\s*MPP\s*=\s*(\d+(?:\.\d*)?)/.exec(description)?.[1] ?? Number.NaN);
  return plausible(value, value) ? { x: value, y: value, source: 'Aperio description' } : null;
}

/** The pixel size that a file states; null if it states none that can be meant. `resolution` is in pixels a unit. */
export function statedPixelSize(
  description: string,
  resolution: { readonly x: number; readonly y: number; readonly unit: number },
): PixelSize | null {
  if (isAperio(description)) return aperioSize(description);
  const [x, y] = [resolution.x, resolution.y].map((value) => (TIFF_UNITS[resolution.unit] ?? Number.NaN) / value);
  return (
    (isOme(description) ? omeSize(description) : null) ?? (plausible(x, y) ? { x, y, source: 'resolution tags' } : null)
  );
}
