/** Every transfer syntax, made by independent programs from one uncompressed original, decodes to that original. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Attributes, attributes, dicomFile, encapsulate, greyImage, part10 } from '../../../test/helpers/dicom.ts';
import { survive } from '../../../test/helpers/mutations.ts';
import { describePrograms } from '../../../test/helpers/programs.ts';
import { createRandom } from '../../util/random.ts';
import { parseDicom } from './dataset.ts';
import { openDicom } from './image.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-syntaxes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [COLUMNS, ROWS] = [61, 43]; // no multiples of 8
const random = createRandom(11);

/** A smooth image with a little noise, 0..1. */
const smooth = Array.from({ length: COLUMNS * ROWS }, (_, i) => {
  const [x, y] = [i % COLUMNS, Math.floor(i / COLUMNS)];
  return 0.5 + 0.4 * Math.sin(x / 9) * Math.cos(y / 7) + 0.02 * random.next();
});
const grey12 = smooth.map((value) => Math.round(value * 4095));
const bytesOf = (values: number[]): Uint8Array => Uint8Array.from(values, (value) => Math.round(value * 255));

const ORIGINALS: Readonly<Record<string, Attributes>> = {
  grey12: greyImage(COLUMNS, ROWS, grey12, { BitsStored: 12, HighBit: 11 }),
  signed16: greyImage(
    COLUMNS,
    ROWS,
    grey12.map((value) => value * 7 - 14_000),
    { PixelRepresentation: 1 },
  ),
  grey8: greyImage(COLUMNS, ROWS, [], {
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelData: bytesOf([...smooth, 0].slice(0, COLUMNS * ROWS + ((COLUMNS * ROWS) % 2))),
  }),
  rgb: greyImage(64, 40, [], {
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelData: Uint8Array.from({ length: 64 * 40 * 3 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % 64, Math.floor(i / 192), i % 3];
      return 60 + x + y + 20 * c;
    }),
  }),
  frames: greyImage(
    32,
    16,
    Array.from({ length: 3 * 32 * 16 }, (_, i) => (i * i) % 5003),
    { NumberOfFrames: 3 },
  ),
};

/** Runs a converter from an original to a new file and hands out its name. */
function converted(original: string, program: string, ...words: string[]): string {
  const from = join(folder, `${original}.dcm`);
  writeFileSync(from, dicomFile(ORIGINALS[original] as Attributes));
  const to = join(folder, `${original}-${program}-${words.join('')}.dcm`.replaceAll('+', ''));
  execFileSync(program, [...words, from, to], { stdio: 'pipe' });
  return to;
}

const UID = '1.2.840.10008.1.2';
/** Original, converter and its words, transfer syntax that comes out, largest difference allowed. */
const CASES: readonly (readonly [string, string, readonly string[], string, number])[] = [
  ['grey12', 'dcmconv', ['+ti'], UID, 0],
  ['grey12', 'dcmconv', ['+te'], `${UID}.1`, 0],
  ['grey12', 'dcmconv', ['+tb'], `${UID}.2`, 0],
  ['grey12', 'dcmconv', ['+td'], `${UID}.1.99`, 0],
  ['signed16', 'dcmconv', ['+tb'], `${UID}.2`, 0],
  ['rgb', 'dcmconv', ['+tb'], `${UID}.2`, 0],
  ['grey12', 'dcmcrle', [], `${UID}.5`, 0],
  ['signed16', 'dcmcrle', [], `${UID}.5`, 0],
  ['rgb', 'dcmcrle', [], `${UID}.5`, 0],
  ['frames', 'dcmcrle', [], `${UID}.5`, 0],
  ['grey8', 'dcmcjpeg', ['+eb', '+q', '100'], `${UID}.4.50`, 2],
  ['rgb', 'dcmcjpeg', ['+eb', '+q', '100'], `${UID}.4.50`, 2],
  ['rgb', 'dcmcjpeg', ['+eb', '+q', '100', '+s4'], `${UID}.4.50`, 2],
  ['rgb', 'dcmcjpeg', ['+eb', '+q', '100', '+n1'], `${UID}.4.50`, 2],
  ['rgb', 'dcmcjpeg', ['+eb', '+q', '100', '+cr'], `${UID}.4.50`, 2],
  ['grey8', 'dcmcjpeg', ['+ee', '+q', '100'], `${UID}.4.51`, 2],
  ['grey12', 'dcmcjpeg', ['+ee', '+q', '100', '+sr'], `${UID}.4.51`, 2],
  ['grey12', 'dcmcjpeg', ['+e1'], `${UID}.4.70`, 0],
  ['signed16', 'dcmcjpeg', ['+e1'], `${UID}.4.70`, 0],
  ['rgb', 'dcmcjpeg', ['+e1'], `${UID}.4.70`, 0],
  ['frames', 'dcmcjpeg', ['+e1'], `${UID}.4.70`, 0],
  ...[1, 2, 3, 4, 5, 6, 7].map(
    (predictor) => ['grey12', 'dcmcjpeg', ['+el', '+sv', String(predictor)], `${UID}.4.57`, 0] as const,
  ),
  ['grey12', 'dcmcjpls', ['+el'], `${UID}.4.80`, 0],
  ['signed16', 'dcmcjpls', ['+el'], `${UID}.4.80`, 0],
  ['rgb', 'dcmcjpls', ['+el'], `${UID}.4.80`, 0],
  ['rgb', 'dcmcjpls', ['+el', '+in'], `${UID}.4.80`, 0],
  ['rgb', 'dcmcjpls', ['+el', '+is'], `${UID}.4.80`, 0],
  ['frames', 'dcmcjpls', ['+el'], `${UID}.4.80`, 0],
  ['grey12', 'dcmcjpls', ['+en', '+md', '2'], `${UID}.4.81`, 2],
  ['grey12', 'gdcmconv', ['--j2k'], `${UID}.4.90`, 0],
  ['signed16', 'gdcmconv', ['--j2k'], `${UID}.4.90`, 0],
  ['rgb', 'gdcmconv', ['--j2k'], `${UID}.4.90`, 0],
  ['frames', 'gdcmconv', ['--j2k'], `${UID}.4.90`, 0],
  ['grey12', 'gdcmconv', ['--jpeg'], `${UID}.4.70`, 0],
  ['grey12', 'gdcmconv', ['--jpegls'], `${UID}.4.80`, 0],
  ['frames', 'gdcmconv', ['--rle'], `${UID}.5`, 0],
];

const PROGRAMS = {
  dcmconv: 'dcmtk',
  dcmcrle: 'dcmtk',
  dcmcjpeg: 'dcmtk',
  dcmcjpls: 'dcmtk',
  gdcmconv: 'libgdcm-tools',
  opj_compress: 'libopenjp2-tools',
  ojph_compress: 'openjph-tools',
};

/** The largest difference between two arrays. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)));
  return most;
}

describePrograms(PROGRAMS, 'transfer syntaxes', () => {
  it.each(CASES)('%s by %s %j to %s, to within %s', async (original, program, words, syntax, tolerance) => {
    const path = converted(original, program, ...words);
    const bytes = readFileSync(path);
    expect(parseDicom(bytes, path).transferSyntax).toBe(syntax);
    const image = openDicom(bytes, path);
    const expected = openDicom(dicomFile(ORIGINALS[original] as Attributes), original);
    expect(image.format.frames).toBe(expected.format.frames);
    for (let frame = 0; frame < expected.format.frames; frame++) {
      const [found, wanted] = [await image.frame(frame), await expected.frame(frame)];
      expect(found.channels).toBe(wanted.channels);
      expect(difference(found.data, wanted.data)).toBeLessThanOrEqual(tolerance);
    }
  });

  /** Runs a JPEG 2000 encoder on a 12-bit PGM and wraps the code stream. */
  function coded(program: string, ending: string, syntax: string, ...words: string[]): Buffer {
    const pgm = join(folder, 'grey12.pgm');
    const samples = Buffer.from(Uint16Array.from(grey12).buffer).swap16();
    writeFileSync(pgm, Buffer.concat([Buffer.from(`P5\n${COLUMNS} ${ROWS}\n4095\n`), samples]));
    const out = join(folder, `${syntax}.${ending}`);
    execFileSync(program, ['-i', pgm, '-o', out, ...words], { stdio: 'pipe' });
    const { PixelData: _, ...rest } = ORIGINALS.grey12 as Attributes;
    return part10(Buffer.concat([attributes(rest), encapsulate([readFileSync(out)])]), syntax);
  }

  it.each([
    ['opj_compress', 'j2k', `${UID}.4.90`, [], 0],
    ['opj_compress', 'j2k', `${UID}.4.91`, ['-I', '-q', '80'], 2],
    ['ojph_compress', 'j2c', `${UID}.4.201`, ['-reversible', 'true'], 0],
    ['ojph_compress', 'j2c', `${UID}.4.202`, ['-reversible', 'true', '-prog_order', 'RPCL'], 0],
    ['ojph_compress', 'j2c', `${UID}.4.203`, ['-qstep', '0.0001'], 2],
  ])('a code stream by %s as %s %s', async (program, ending, syntax, words, tolerance) => {
    const image = openDicom(coded(program, ending, syntax, ...words), syntax);
    expect(difference((await image.frame(0)).data, grey12)).toBeLessThanOrEqual(tolerance);
  });

  it.each([
    ['JPEG 2000', () => coded('opj_compress', 'j2k', `${UID}.4.90`)],
    ['HTJ2K', () => coded('ojph_compress', 'j2c', `${UID}.4.201`, '-reversible', 'true')],
    ['JPEG-LS', () => readFileSync(converted('grey12', 'dcmcjpls', '+el'))],
    ['JPEG', () => readFileSync(converted('rgb', 'dcmcjpeg', '+eb'))],
  ] as const)('damaged within the pixel data: 100 files of %s', async (name, make) => {
    const whole = make();
    const stream = whole.indexOf(Buffer.from('feff00e0', 'hex'));
    expect(stream).toBeGreaterThan(0);
    const read = async (bytes: Buffer): Promise<void> => {
      await openDicom(Buffer.concat([whole.subarray(0, stream), bytes]), name).frame(0);
    };
    await survive({ name, sources: [whole.subarray(stream)], text: false, read }, 100);
  });

  it('refuse code streams of another size, and truncated and damaged ones, and go on afterwards', async () => {
    for (const [program, ending, syntax, words] of [
      ['opj_compress', 'j2k', `${UID}.4.90`, []],
      ['ojph_compress', 'j2c', `${UID}.4.201`, ['-reversible', 'true']],
    ] as const) {
      const whole = coded(program, ending, syntax, ...words);
      const stream = readFileSync(join(folder, `${syntax}.${ending}`));
      const { PixelData: _, ...rest } = ORIGINALS.grey12 as Attributes;
      const wrapped = (data: Uint8Array, changes: Attributes = {}): Buffer =>
        part10(Buffer.concat([attributes({ ...rest, ...changes }), encapsulate([data])]), syntax);
      await expect(openDicom(wrapped(stream, { Rows: 44 }), 'a').frame(0)).rejects.toThrow('the header says 61 x 44');
      await expect(openDicom(wrapped(stream.subarray(0, 30)), 'a').frame(0)).rejects.toMatchObject({ code: 'input' });
      await expect(openDicom(wrapped(Buffer.alloc(100)), 'a').frame(0)).rejects.toThrow('no usable header');
      expect(difference((await openDicom(whole, 'a').frame(0)).data, grey12)).toBe(0);
    }
  });
});
