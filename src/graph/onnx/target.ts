/** What a lowering may use beyond the standard operators; one entry per kind of execution provider. */

export interface OnnxTarget {
  /** com.microsoft FusedMatMul: products of transposed matrices without a Transpose. */
  readonly fusedMatMul: boolean;
  /**
   * Channels per block of the CPU provider's blocked convolutions (com.microsoft.nchwc), or 0 to use plain Conv.
   * They take weights that are not constant, which plain Conv cannot do fast; internal to ONNX Runtime, so probed first.
   */
  readonly blockedChannels: 0 | 8 | 16;
  /**
   * Weights of 8-bit products stay signed. Several times as fast as unsigned ones where the processor has VNNI; without it
   * ONNX Runtime's sums overflow 16 bits and are wrong, so probed first.
   */
  readonly signedBytes: boolean;
}

/** Standard ONNX only: every provider runs it. */
export const portableTarget: OnnxTarget = { fusedMatMul: false, blockedChannels: 0, signedBytes: false };

/** The CPU provider, without its internal operators: what inference uses. */
export const cpuTarget: OnnxTarget = { fusedMatMul: true, blockedChannels: 0, signedBytes: false };
