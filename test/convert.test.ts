/**
 * Published checkpoints through the command line to a model folder, and that folder against the golden tensors.
 * Tolerances: mask logits 2e-4, probabilities 5e-5; chosen queries and masks exactly.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromFloat32, readSafetensors, toFloat32, writeSafetensors } from '../src/formats/safetensors.ts';
import { fileDigest } from '../src/parse/convert.ts';
import { loadModel } from '../src/parse/load.ts';
import { openNetwork } from '../src/runtime/open.ts';
import { callCli } from './helpers/cli.ts';
import { largestDifference, readCase } from './helpers/golden.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const golden = sharedPath('golden');
const merges = sharedPath('reference/clip/bpe_simple_vocab_16e6.txt.gz');
const checkpoint = (file: string): string => join(golden, 'tiny-model', file);
const heads = ['--set', 'MODEL.DECODER.NHEADS=4', '--set', 'MODEL.TEXT.HEADS=2'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-convert-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function call(...argv: string[]) {
  return callCli(argv);
}

describeShared('golden', 'convert', () => {
  describe.each(['tiny.pt', 'tiny-f16.safetensors'])('%s', (file) => {
    const half = file.includes('f16');
    /** One folder for each image size of the golden cases. */
    const modelOf = (size: number): string => join(folder, `${file}-${size}`);

    it.each([128, 160])('becomes a model folder for images of %i pixels', async (size) => {
      const out = modelOf(size);
      const argv = ['convert', checkpoint(file), '--out', out, '--merges', merges, '--image-size', String(size)];
      const { status, stdout } = await call(...argv, ...heads, '--json');
      expect(status).toBe(0);
      expect(readdirSync(out).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
      const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
      expect(config).toMatchObject({
        imageSize: size,
        backbone: { embedDim: 8, depths: [1, 1, 2, 1] },
        pixelDecoder: { dim: 64, maskDim: 32, transformerLayers: 2, heads: 4, feedForward: 96 },
        text: { vocabulary: 49408, contextLength: 77, width: 8, heads: 2, layers: 2 },
        decoder: { dim: 64, queries: 17, layers: 4, heads: 4, feedForward: 96, regions: true, regionsTrained: false },
      });
      const digest = await fileDigest(checkpoint(file));
      expect(config.provenance).toMatchObject({ source: file, ...digest });
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({ model: out, provenance: digest });
      expect(report.skipped).toHaveLength(6);
      const { tensors } = await readSafetensors(join(out, 'model.safetensors'));
      expect(report.tensors).toBe(tensors.size);
      expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set([half ? 'F16' : 'F32']));
      for (const i of [0, 1, 2]) expect(tensors.has(`sem_seg_head.predictor.mask_sptial_embed.${i}`)).toBe(true);
      expect(tensors.has('sem_seg_head.predictor.pn_indicator.weight')).toBe(true);
    });

    it.each(['tiny-1prompt', 'tiny-3prompts', 'tiny-nonsquare'])('answers %s as published', async (name) => {
      const given = await readCase(golden, name);
      const directory = modelOf(given.size);
      const expected = given.floats('result.mask_prob');
      const pixels = given.width * given.height;

      const model = await loadModel(directory, { threads: 1 });
      const found = await model.segment(join(golden, name, 'image.png'), given.prompts, {
        joint: true,
        probabilities: true,
      });
      await model.dispose();
      for (const [t, { probabilities, mask }] of found.entries()) {
        const own = expected.subarray(t * pixels, (t + 1) * pixels);
        expect(largestDifference(probabilities as Float32Array, own), `prompt ${t}`).toBeLessThan(5e-5);
        expect(Buffer.from(mask.data).equals(Uint8Array.from(own, (p) => (p > 0.5 ? 1 : 0))), `mask ${t}`).toBe(true);
      }

      const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
      const { tensors } = await readSafetensors(join(directory, 'model.safetensors'));
      const weights = new Map([...tensors].map(([key, one]) => [key, { shape: one.shape, data: toFloat32(one) }]));
      const network = await openNetwork(config, weights, { threads: 1 });
      const image = await network.encodeImage(given.pixels, given.size, given.size);
      const texts = await Promise.all(given.ids.map((ids) => network.encodeText(ids)));
      const { logits, queries, height, width } = await network.decode(image, texts, { joint: true });
      await network.dispose();
      expect([...queries]).toEqual(given.integers('match.query'));
      const all = given.floats('decoder.pred_masks');
      const plane = height * width;
      for (const [t, query] of queries.entries()) {
        const wanted = all.subarray(query * plane, (query + 1) * plane);
        expect(largestDifference(logits.subarray(t * plane, (t + 1) * plane), wanted), `logits ${t}`).toBeLessThan(
          2e-4,
        );
      }
    });
  });

  it('gives a model that refuses regions, for which it was not trained, unless forced', async () => {
    const image = join(golden, 'tiny-stroke', 'image.png');
    const argv = ['segment', image, '--model', join(folder, 'tiny.pt-128'), '--box', '20,20,90,80', '--json'];
    const refused = await call(...argv);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(/not trained for region prompts/)]);
    const forced = await call(...argv, '--force', '--out', join(folder, 'forced'));
    expect([forced.status, forced.stderr]).toEqual([0, '']);
  });

  it('writes the other data type when asked, and takes settings from the published YAML', async () => {
    const out = join(folder, 'half');
    const yaml = join(folder, 'published.yaml');
    writeFileSync(
      yaml,
      'MODEL:\n  TEXT: {HEADS: 2}\n  DECODER:\n    NHEADS: 8\n    DEC_LAYERS: 5\nTRAIN: {LR: 1.0e-5}\n',
    );
    const argv = [
      'convert',
      checkpoint('tiny.pt'),
      '--out',
      out,
      '--merges',
      merges,
      '--config',
      yaml,
      '--dtype',
      'f16',
    ];
    const { status, stdout } = await call(...argv, '--set', 'MODEL.DECODER.NHEADS=4', '--image-size', '160');
    expect([status, stdout.split('\n')[0]]).toEqual([0, `${out}: BiomedParse v1, 291 tensors, image size 160`]);
    // the float16 checkpoint holds the same values, so the same file must come out
    const other = join(folder, 'half-2');
    const again = ['convert', checkpoint('tiny-f16.safetensors'), '--out', other, '--merges', merges, ...heads];
    expect((await call(...again)).status).toBe(0);
    const [a, b] = [out, other].map((at) => readFileSync(join(at, 'model.safetensors')));
    expect(a.equals(b)).toBe(true);
  });

  /** A refusal: one line, the exit status, and no folder. */
  async function expectRefusal(status: number, line: RegExp, ...argv: string[]) {
    const out = join(folder, 'refused');
    const result = await call('convert', ...argv, '--out', out);
    expect(
      result.stderr
        .split('\n')
        .filter((one) => !/^\d+ of/.test(one))
        .join('\n'),
    ).toMatch(/^biomedparse: [^\n]+\n$/);
    expect(result.stderr).toMatch(line);
    expect([result.status, result.stdout, existsSync(out)]).toEqual([status, '', false]);
    expect(readdirSync(folder).filter((name) => name.startsWith('.biomedparse-'))).toEqual([]);
  }
  const tiny = checkpoint('tiny.pt');
  const withMerges = ['--merges', merges];

  it('refuses wrong calls and settings', async () => {
    const set = (value: string) => [tiny, ...withMerges, ...heads, '--set', value];
    await expectRefusal(2, /required option '--merges <file>' not specified/, tiny);
    await expectRefusal(2, /MODEL\.DECODER\.NHEADS, and its width 64 is not the published 512/, tiny, ...withMerges);
    await expectRefusal(2, /--set "HEADS": allowed: NAME=VALUE/, ...set('HEADS'));
    await expectRefusal(2, /unknown setting "MODEL\.DECODER\.HEADS"; allowed: /, ...set('MODEL.DECODER.HEADS=4'));
    await expectRefusal(
      1,
      /DEC_LAYERS is 10 in the configuration; the checkpoint says 5/,
      ...set('MODEL.DECODER.DEC_LAYERS=10'),
    );
    await expectRefusal(1, /--set MODEL\.DECODER\.NHEADS is not valid YAML/, ...set('MODEL.DECODER.NHEADS=[1'));
    await expectRefusal(1, /must be a multiple of "pixelDecoder\.heads" \(7\)/, ...set('MODEL.DECODER.NHEADS=7'));
    await expectRefusal(
      1,
      /DEPTHS is \[1,1,2,2\] in the configuration; the checkpoint says \[1,1,2,1\]/,
      ...set('MODEL.BACKBONE.FOCAL.DEPTHS=[1,1,2,2]'),
    );
    const sized = [tiny, ...withMerges, ...heads, '--image-size'];
    await expectRefusal(2, /--image-size 100: allowed: a multiple of 32 from 32 to 4096/, ...sized, '100');
    const text = join(folder, 'text.yaml');
    writeFileSync(text, 'TRAIN: {STEPS: 3}\n');
    await expectRefusal(1, /text\.yaml says nothing of the network/, tiny, ...withMerges, '--config', text);
    await expectRefusal(1, /none\.yaml: no such file/, tiny, ...withMerges, '--config', join(folder, 'none.yaml'));
  });

  it('refuses tokenizers that are none, or of another vocabulary', async () => {
    const bad = join(folder, 'bad.txt');
    writeFileSync(bad, 'a b\n');
    await expectRefusal(1, /bad\.txt is no tokenizer: not CLIP's list of merges/, tiny, ...heads, '--merges', bad);
    writeFileSync(bad, Buffer.of(0x1f, 0x8b, 1, 2));
    await expectRefusal(1, /bad\.txt is no tokenizer: /, tiny, ...heads, '--merges', bad);
    const own = 'models/default/tokenizer.json';
    await expectRefusal(1, /it has \d+ tokens, the checkpoint 49408/, tiny, ...heads, '--merges', own);
  });

  it('refuses checkpoints with missing, unknown or unfit tensors, by name', async () => {
    const { tensors } = await readSafetensors(checkpoint('tiny-f16.safetensors'));
    const path = join(folder, 'changed.safetensors');
    const refusal = async (line: RegExp, change: (all: typeof tensors) => void, ...more: string[]) => {
      const all = new Map(tensors);
      change(all);
      await writeSafetensors(path, all);
      await expectRefusal(1, line, path, ...withMerges, ...heads, ...more);
    };
    const bias = 'backbone.norm3.bias';
    const values = (value: number, type: 'F32' | 'F16' = 'F32') =>
      fromFloat32(new Float32Array(64).fill(value), [64], type);
    await refusal(/1 tensors do not fit: backbone\.norm3\.bias is missing$/m, (all) => all.delete(bias));
    await refusal(/extra is unknown/, (all) => all.set('extra', values(0)));
    await refusal(/backbone\.norm3\.bias is \[8,8\], must be \[64\]/, (all) =>
      all.set(bias, { ...values(0), shape: [8, 8] }),
    );
    await refusal(/backbone\.norm3\.bias has type I32; allowed: F64, F32/, (all) =>
      all.set(bias, { ...values(0), dtype: 'I32' }),
    );
    await refusal(/norm3\.bias holds NaN, which is not finite/, (all) => all.set(bias, values(Number.NaN)));
    await refusal(
      /holds 70000, which is beyond float16; use --dtype f32/,
      (all) => all.set(bias, values(70000)),
      '--dtype',
      'f16',
    );
    await expectRefusal(
      1,
      /is no checkpoint: allowed: PyTorch \(a zip archive\) and safetensors/,
      merges,
      ...withMerges,
    );
    writeFileSync(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1364000000\n');
    await expectRefusal(1, /is no checkpoint: Git LFS keeps the file elsewhere/, path, ...withMerges);
  });

  it('refuses a folder that holds something, and fills one that is empty', async () => {
    const out = join(folder, 'taken');
    mkdirSync(out);
    writeFileSync(join(out, 'mine'), '');
    const argv = ['convert', tiny, '--out', out, ...withMerges, ...heads, '--image-size', '160'];
    const { status, stderr } = await call(...argv);
    expect([status, stderr]).toEqual([
      1,
      `biomedparse: cannot write ${out}: it is there already; a new name or an empty folder is needed\n`,
    ]);
    expect(readdirSync(out)).toEqual(['mine']);
    rmSync(join(out, 'mine'));
    expect((await call(...argv)).status).toBe(0);
    expect(readdirSync(out)).toHaveLength(3);
  });
});
