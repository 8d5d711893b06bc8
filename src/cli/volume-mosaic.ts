/** The picture that `segment` gives of one prompt in a volume: up to nine key slices with the mask over them, and the area in every slice. */
import { writePng } from '../formats/raster.ts';
import { areaChart, stacked } from '../image/area-chart.ts';
import { keySlices, mosaic } from '../image/mosaic.ts';
import { overlay } from '../image/overlay.ts';
import { cutSlice } from '../image/slice.ts';
import type { Volume } from '../image/volume.ts';
import type { ScannedVolume, VolumeSegmentation } from '../parse/volume.ts';
import { displaySlice } from '../parse/volume-display.ts';

/** Writes the picture of key slices as a PNG. */
export async function writeMosaic(
  path: string,
  volume: Volume,
  scanned: ScannedVolume,
  found: VolumeSegmentation,
  model: string,
) {
  const tiles = keySlices(found.slices.map(({ areaPx }) => areaPx)).map((at) => {
    const { index } = found.slices[at];
    const slice = cutSlice(volume, scanned.plane, index);
    const mask = cutSlice({ ...found.mask, channels: 1, identifiers: {} }, scanned.plane, index);
    const { width, height } = mask;
    return {
      image: displaySlice(slice, scanned.window),
      mask: { data: mask.data as Uint8Array, width, height },
      label: `${scanned.plane} ${index}`,
      spacing: slice.spacing,
    };
  });
  const { image: picture, mask: inside } = mosaic(tiles);
  const image = stacked(picture, areaChart(found.slices, picture.width));
  const mask = { data: new Uint8Array(image.width * image.height), width: image.width, height: image.height };
  mask.data.set(inside.data);
  const { present, text, presence, probability } = found;
  const layer = present
    ? { mask, label: text, presence, probability }
    : { mask, label: `${text}: not found`, presence };
  await writePng(path, overlay(image, [layer], { model }));
}
