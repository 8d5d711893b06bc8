/** The text of model.py: the parameters' table and the class with one method per part of the network. */
import type { ModelConfig } from '../model/config.ts';
import type { ParameterSpec } from '../model/parameters.ts';
import { networkMethods } from './parts.ts';

function head(config: ModelConfig): string {
  return `"""
${config.name} for PyTorch 1.13 and newer, written by \`biomedparse export --to torch\` from the graph that biomedparse itself runs.

In the comments: B images, P prompts an image, L text tokens a prompt, images of 32 * s pixels a side; features are channels
last. Changes made here are lost at the next export.
"""
import math

import torch
import torch.nn.functional as F

from functions import Branch, causal_mask, depthwise, fourier_position, linear, norm, sine_position
`;
}

/** model.py of a configuration, and its parameters in the order of training checkpoints. */
export function moduleText(config: ModelConfig): { text: string; specs: ReadonlyMap<string, ParameterSpec> } {
  const { methods, specs } = networkMethods(config);
  const tuple = (shape: readonly number[]): string => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const table = [...specs].map(([name, { shape }]) => `    "${name}": ${tuple(shape)},`);
  const indented = methods.map((method) => method.replaceAll(/^(?=.)/gm, '    '));
  const text = `${head(config)}
# Names and shapes, in the order of checkpoints.
PARAMETERS = {
${table.join('\n')}
}


class BiomedParse(Branch):
    """The network. A batch goes through encode_image, encode_text and decode; answer gives masks, the losses train it."""

    def __init__(self):
        super().__init__()
        for name, shape in PARAMETERS.items():
            self.add(name, shape)

${indented.join('\n\n')}
`;
  return { text, specs };
}
