/** What a gradient rule is: from the gradient of the result to those of the operands. */
import type { Tensor } from '../tensor.ts';

/** `dy` has the shape of `y`; the result holds one gradient per input of `y`, null where none flows. */
export type GradientRule = (y: Tensor, dy: Tensor) => readonly (Tensor | null)[];
