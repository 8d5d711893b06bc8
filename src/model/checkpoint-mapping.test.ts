import { describe, expect, it } from 'vitest';
import { parameterSpecs } from '../runtime/open.ts';
import { type CheckpointShapes, inferConfig, mapCheckpoint, publishedNames } from './checkpoint-mapping.ts';
import { type ModelConfig, publishedConfig } from './config.ts';
import { checkSettingName, publishedSettings, settingsOfTree } from './published-settings.ts';

const options = { label: 'a.pt', name: 'BiomedParse v1', imageSize: 1024 };
const predictor = 'sem_seg_head.predictor';

/** The published checkpoint of a configuration, with the tensors that the network does not read. */
function checkpoint(config: ModelConfig): Map<string, readonly number[]> {
  const { dim } = config.decoder;
  return new Map<string, readonly number[]>([
    ...[...parameterSpecs(config)].map(([name, { shape }]): [string, readonly number[]] => [name, shape]),
    ['dilation_kernel', [1, 1, 3, 3]],
    [`${predictor}.spatial_embed.weight`, [32, dim]],
    [`${predictor}.spatial_featured.weight`, [32, dim]],
    [`${predictor}.lang_encoder.biomed_encoder.pooler.dense.bias`, [4]],
    [`${predictor}.lang_encoder.logit_scale`, []],
    [`${predictor}.pn_indicator.weight`, [2, dim]],
    ...[0, 1, 2].map((i): [string, readonly number[]] => [`${predictor}.mask_sptial_embed.${i}`, [dim, dim]]),
  ]);
}

const small: ModelConfig = {
  ...publishedConfig,
  backbone: {
    ...publishedConfig.backbone,
    embedDim: 16,
    depths: [1, 2, 3, 1],
    focalKernels: [[3], [3, 5], [5, 7, 9], [3, 5]],
    mlpRatio: 2,
    layerScale: false,
  },
  pixelDecoder: {
    ...publishedConfig.pixelDecoder,
    dim: 64,
    maskDim: 48,
    transformerLayers: 3,
    heads: 4,
    feedForward: 72,
  },
  text: { vocabulary: 300, contextLength: 24, width: 24, heads: 3, layers: 2 },
  decoder: { ...publishedConfig.decoder, dim: 64, queries: 9, layers: 4, heads: 4, feedForward: 80 },
};
const heads = new Map<string, unknown>([
  ['MODEL.DECODER.NHEADS', 4],
  ['MODEL.TEXT.HEADS', 3],
]);

/** The same network with the region prompts that its checkpoint holds untrained. */
function withRegions(config: ModelConfig): ModelConfig {
  return { ...config, decoder: { ...config.decoder, regions: true, regionsTrained: false } };
}

describe('inferConfig', () => {
  it('finds every published dimension without any configuration', () => {
    expect(inferConfig(checkpoint(publishedConfig), new Map(), options)).toEqual(withRegions(publishedConfig));
  });

  it('knows a checkpoint without the weights of region prompts', () => {
    const shapes = checkpoint(small);
    shapes.delete(`${predictor}.pn_indicator.weight`);
    expect(inferConfig(shapes, heads, options)).toEqual(small);
  });

  it('finds other dimensions, the settings telling the rest', () => {
    expect(inferConfig(checkpoint(small), heads, options)).toEqual(withRegions(small));
    const settings = settingsOfTree({
      INPUT: { PIXEL_MEAN: [1, 2, 3], PIXEL_STD: [4, 5, 6], SIZE_DIVISIBILITY: 32 },
      MODEL: {
        TEXT: { HEADS: 3, WIDTH: 24, CONTEXT_LENGTH: 24 },
        BACKBONE: {
          FOCAL: {
            USE_POSTLN: false,
            SCALING_MODULATOR: false,
            FOCAL_WINDOWS: [3, 3, 5, 3],
            FOCAL_LEVELS: [1, 2, 3, 2],
          },
        },
        DECODER: { NHEADS: 4, DEC_LAYERS: 5, MAX_SPATIAL_LEN: [1], LOSS: 'of no interest' },
      },
      TRAIN: true,
    });
    const found = inferConfig(checkpoint(small), settings, { ...options, name: 'mine', imageSize: 64 });
    expect(found).toEqual({
      ...withRegions(small),
      name: 'mine',
      imageSize: 64,
      pixelMean: [1, 2, 3],
      pixelStd: [4, 5, 6],
      backbone: { ...small.backbone, postNorm: false, scalingModulator: false },
    });
  });

  it('asks for head counts where the width is not the published one', () => {
    expect(() => inferConfig(checkpoint(small), new Map(), options)).toThrow(
      'the checkpoint does not tell MODEL.DECODER.NHEADS, and its width 64 is not the published 512; give --set MODEL.DECODER.NHEADS=<number>',
    );
  });

  it('has a rule for every told setting that agrees with the published values', () => {
    for (const [name, rule] of publishedSettings) {
      if (rule.from !== 'tensors') continue;
      const value = rule.value(publishedConfig);
      expect(() => inferConfig(checkpoint(publishedConfig), new Map([[name, value]]), options), name).not.toThrow();
      const other = typeof value === 'boolean' ? !value : [value];
      expect(() => inferConfig(checkpoint(publishedConfig), new Map([[name, other]]), options), name).toThrow(
        `${name} is ${JSON.stringify(other)} in the configuration; the checkpoint says ${JSON.stringify(value)}`,
      );
    }
  });

  it.each([
    ['MODEL.DECODER.NHEADS', 0, 'allowed: a whole number from 1'],
    ['MODEL.TEXT.HEADS', 'many', 'allowed: a whole number from 1'],
    ['MODEL.BACKBONE.FOCAL.USE_POSTLN', 1, 'allowed: true or false'],
    ['INPUT.PIXEL_MEAN', [1, 2], 'allowed: three numbers'],
    ['INPUT.PIXEL_STD', [1, 2, 'x'], 'allowed: three numbers'],
    ['MODEL.DECODER.PRE_NORM', true, 'allowed: false'],
    ['MODEL.TEXT.TOKENIZER', 'biomed-clip', 'allowed: "clip"'],
    ['MODEL.ENCODER.NORM', 'BN', 'allowed: "GN"'],
  ])('refuses %s %j', (name, value, allowed) => {
    const settings = new Map<string, unknown>([[name, value]]);
    expect(() => inferConfig(checkpoint(publishedConfig), settings, options)).toThrow(
      `${name} is ${JSON.stringify(value)} in the configuration; ${allowed}`,
    );
  });

  it('refuses what is no such checkpoint, with the names that it looked for', () => {
    expect(() => inferConfig(new Map([['weight', [1]]]), new Map(), options)).toThrow(
      /^a\.pt is no BiomedParse v1 checkpoint: backbone\.patch_embed\.proj\.weight is missing; [^\n]*is missing$/,
    );
    const flat = checkpoint(publishedConfig).set('backbone.patch_embed.proj.weight', [192]);
    expect(() => inferConfig(flat, new Map(), options)).toThrow('is [192], must have 4 axes');
  });

  it('knows the names that --set may give', () => {
    expect(() => checkSettingName('MODEL.TEXT.HEADS')).not.toThrow();
    expect(() => checkSettingName('MODEL.TEXT.HEAD')).toThrow(/unknown setting "MODEL\.TEXT\.HEAD"; allowed: INPUT\./);
  });
});

describe('mapCheckpoint', () => {
  const specs = parameterSpecs(small);
  const changed = (change: (shapes: Map<string, readonly number[]>) => void): CheckpointShapes => {
    const shapes = checkpoint(small);
    change(shapes);
    return shapes;
  };

  it('keeps what the network and region prompts read, leaves out the rest by name', () => {
    const { kept, skipped } = mapCheckpoint(checkpoint(small), specs, 'a.pt');
    expect(skipped).toEqual([
      'dilation_kernel',
      `${predictor}.spatial_embed.weight`,
      `${predictor}.spatial_featured.weight`,
      `${predictor}.lang_encoder.biomed_encoder.pooler.dense.bias`,
    ]);
    expect(kept).toEqual(expect.arrayContaining([...specs.keys()]));
    expect(kept).toContain(`${predictor}.mask_sptial_embed.2`);
    expect(kept).toContain(`${predictor}.pn_indicator.weight`);
    expect(kept.length + skipped.length).toBe(checkpoint(small).size);
  });

  it('refuses missing, mis-shaped and unknown tensors with a list of at most ten', () => {
    const shapes = changed((all) => {
      all.delete('backbone.norm3.bias');
      all.set('backbone.norm2.bias', [7]);
      all.set('extra\nname', [1]);
    });
    expect(() => mapCheckpoint(shapes, specs, 'a.pt')).toThrow(
      'a.pt is no BiomedParse v1 checkpoint: 3 tensors do not fit: backbone.norm2.bias is [7], must be [64]; backbone.norm3.bias is missing; extra\\nname is unknown',
    );
    expect(() => mapCheckpoint(new Map(), specs, 'a.pt')).toThrow(/is missing and \d+ more$/);
  });

  it('sees through the prefixes of trainers', () => {
    expect([...publishedNames(['model.a', 'model.b'])]).toEqual([
      ['a', 'model.a'],
      ['b', 'model.b'],
    ]);
    expect([...publishedNames(['module.a', 'b']).keys()]).toEqual(['module.a', 'b']);
    expect(publishedNames([]).size).toBe(0);
  });
});
