/** Images and masks as plain data. Row-major, channels last, origin at the top left, x to the right, y down. */

/** A raster `[height, width, channels]`; 8-bit samples are 0..255, 16-bit 0..65535, floats as they come. */
export interface Image {
  readonly data: Uint8Array | Uint16Array | Float32Array;
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 3 | 4;
}

/** A binary mask `[height, width]`: 1 inside, 0 outside. */
export interface Mask {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A box in pixels: left, top, right, bottom; right and bottom are exclusive. */
export type Box = readonly [number, number, number, number];
