/**
 * The network as callable parts. An image is encoded once for any number of prompts; text is encoded once per text.
 * Nothing here knows about files, windows or thresholds: numbers in, numbers out.
 */
import type { ModelConfig } from '../model/config.ts';
import type { Precision } from '../model/precision.ts';

/** What the image encoder made of one image; opaque to callers, freed by `dispose`. */
export interface ImageFeatures {
  /** Mean and standard deviation of every mask feature over the image, `[2 * maskDim]`. */
  summary(): Float32Array;
  dispose(): void;
}

/** Embeddings of one text. */
export interface TextFeatures {
  /** Token embeddings `[length, dim]`. */
  readonly tokens: Float32Array;
  /** Class embedding `[dim]` (the end-of-text token). */
  readonly classEmbedding: Float32Array;
  readonly length: number;
}

export interface Decoded {
  /** Mask logits `[prompts, height, width]` at mask-feature resolution (a quarter or a half of the input). */
  readonly logits: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Chosen query per prompt. */
  readonly queries: Int32Array;
  /** Existence logit per prompt; null if the model has no existence head or no text was given. */
  readonly existence: Float32Array | null;
}

export interface DecodeOptions {
  /** All texts in one sequence, as published; otherwise each prompt on its own. */
  readonly joint?: boolean;
  /**
   * Region prompt: a mask `[height, width]` of the network's input with a pixel inside. It is seen beside every text and
   * decides which query answers, as published. Only for a network whose configuration has `decoder.regions`.
   */
  readonly region?: Uint8Array;
}

export interface Network {
  readonly config: ModelConfig;
  /** Number of parameters (learned values). */
  readonly parameters: number;
  /** Device that really runs it: `cpu`, `webgpu`, `cuda`. */
  readonly device: string;
  /** Numbers that the image encoder computes in. */
  readonly precision: Precision;
  /** pixels: `[3, size, size]` RGB planes, 0..255; normalisation is part of the network. */
  encodeImage(pixels: Float32Array, height: number, width: number): Promise<ImageFeatures>;
  /** ids: token ids of one text, start and end tokens included, no padding. */
  encodeText(ids: readonly number[]): Promise<TextFeatures>;
  /** One mask per text; with a region, texts may be none, which gives one mask for the region alone. */
  decode(image: ImageFeatures, texts: readonly TextFeatures[], options?: DecodeOptions): Promise<Decoded>;
  dispose(): Promise<void>;
}
