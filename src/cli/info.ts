/** `biomedparse info`: what a model folder holds, as a table or JSON on standard output. */
import { maskStride } from '../model/config.ts';
import { COUNTED_TOKENS, describeModel, type ModelDescription, type PartFigures } from '../parse/describe.ts';
import { defaultModelDirectory } from '../parse/load.ts';
import type { CliIo } from './io.ts';
import { table } from './table.ts';

export interface InfoCommand {
  readonly json?: boolean;
}

const whole = (value: number): string => value.toLocaleString('en-US');

function architecture({ settings }: ModelDescription): string[] {
  const { backbone, pixelDecoder, text, decoder } = settings;
  const kernels = backbone.focalKernels.map((stage) => stage.join('/')).join(', ');
  return [
    `backbone       FocalNet, ${backbone.embedDim} channels, ${backbone.depths.join('+')} blocks, focal kernels ${kernels}`,
    `pixel decoder  ${pixelDecoder.transformerLayers} layers, width ${pixelDecoder.dim}, ${pixelDecoder.heads} heads, mask width ${pixelDecoder.maskDim}, masks at 1/${maskStride(pixelDecoder)}`,
    `text encoder   ${text.layers} layers, width ${text.width}, ${text.heads} heads, at most ${text.contextLength} tokens`,
    `decoder        ${decoder.layers} layers, width ${decoder.dim}, ${decoder.heads} heads, ${decoder.queries} queries, ${decoder.existence ? 'with' : 'no'} existence head`,
  ];
}

function printInfo(io: CliIo, model: ModelDescription): void {
  const { settings, parts, parameters, types, tokenizer, provenance } = model;
  const right = { align: 'right' } as const;
  const total = (of: (part: PartFigures) => number): string =>
    parts.reduce((sum, part) => sum + of(part), 0).toFixed(2);
  const figures = table(
    [
      { title: 'part' },
      { title: 'parameters', ...right },
      { title: 'GFLOP', ...right },
      { title: 'in int8', ...right },
    ],
    [
      ...parts.map((one) => [one.part, whole(one.parameters), one.gflop.toFixed(2), one.gflopInt8.toFixed(2)]),
      ['all', whole(parameters), total((one) => one.gflop), total((one) => one.gflopInt8)],
    ],
  );
  const weights = Object.entries(types).map(([type, count]) => `${count} tensors ${type}`);
  const origin =
    provenance === null ? ['none written down'] : Object.entries(provenance).map(([k, v]) => `${k} ${String(v)}`);
  io.out(
    [
      `${settings.name} (${model.directory})`,
      `images of ${settings.imageSize} x ${settings.imageSize}, fit: ${settings.fit}; weights: ${weights.join(', ')}`,
      '',
      ...architecture(model),
      '',
      ...figures,
      `GFLOP: products and convolutions for one image and one prompt of ${COUNTED_TOKENS} tokens, a multiply-add counted as 2;`,
      'in int8: what --precision int8 computes in 8-bit integers; the rest stays float32, as do norms, activations and sums',
      '',
      `tokenizer: ${whole(tokenizer.tokens)} tokens, start ${tokenizer.start}, end ${tokenizer.end}`,
      `provenance: ${origin.join(', ')}`,
      '',
    ].join('\n'),
  );
}

/** Runs the command; gives the exit status. */
export async function runInfo(directory: string | undefined, command: InfoCommand, io: CliIo): Promise<number> {
  const model = await describeModel(directory ?? defaultModelDirectory);
  if (command.json) {
    const { settings, parts, parameters, types, tokenizer, provenance } = model;
    const { name, imageSize, fit, backbone, pixelDecoder, text, decoder } = settings;
    const report = {
      model: { name, directory: model.directory, image_size: imageSize, fit, parameters },
      architecture: { backbone, pixelDecoder, text, decoder },
      parts,
      types,
      tokenizer,
      provenance,
    };
    io.out(`${JSON.stringify(report)}\n`);
    return 0;
  }
  printInfo(io, model);
  return 0;
}
