import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Attributes, attributes, dicomFile, element, greyImage, part10 } from '../../../test/helpers/dicom.ts';
import { type DataSet, isDicom, parseDicom } from './dataset.ts';
import { openDicom } from './image.ts';
import { decodeRle } from './rle.ts';
import { TAG } from './tags.ts';
import { characterSet, decodeText, items, number, numbers, text, texts } from './values.ts';

const UID = '1.2.840.10008.1.2';
const VALUES: Attributes = {
  Modality: 'CT',
  PatientName: 'Doe^Jane',
  WindowCenter: [40, -600],
  Rows: 2,
  PixelPaddingValue: -5,
  PixelRepresentation: 1,
  PlanePositionSequence: [{ ImagePositionPatient: [1, 2, 3.5] }, { PlaneOrientationSequence: [{ InstanceNumber: 7 }] }],
};

function check(dataset: DataSet): void {
  expect(text(dataset, TAG.Modality)).toBe('CT');
  expect(numbers(dataset, TAG.WindowCenter)).toEqual([40, -600]);
  expect(number(dataset, TAG.Rows)).toBe(2);
  expect(number(dataset, TAG.PixelPaddingValue, true)).toBe(-5);
  const [first, second] = items(dataset, TAG.PlanePositionSequence);
  expect(numbers(first as DataSet, TAG.ImagePositionPatient)).toEqual([1, 2, 3.5]);
  const [inner] = items(second as DataSet, TAG.PlaneOrientationSequence);
  expect(number(inner as DataSet, TAG.InstanceNumber)).toBe(7);
}

describe('a data set', () => {
  it.each([
    ['explicit little endian', {}, `${UID}.1`],
    ['implicit little endian', { implicit: true }, UID],
    ['explicit big endian', { bigEndian: true }, `${UID}.2`],
    ['explicit, undefined lengths', { open: true }, `${UID}.1`],
    ['implicit, undefined lengths', { open: true, implicit: true }, UID],
    ['big endian, undefined lengths', { open: true, bigEndian: true }, `${UID}.2`],
  ])('is read in %s, as a file and bare', (_, writing, uid) => {
    const body = attributes(VALUES, writing);
    const file = parseDicom(part10(body, uid), 'a');
    expect(file.transferSyntax).toBe(uid);
    check(file.dataset);
    expect(isDicom(body)).toBe(true);
    const bare = parseDicom(body, 'a');
    expect(bare.transferSyntax).toBe(uid);
    check(bare.dataset);
  });

  it('is read deflated, and not beyond a limit', () => {
    check(parseDicom(part10(deflateRawSync(attributes(VALUES)), `${UID}.1.99`), 'a').dataset);
    const bomb = part10(deflateRawSync(Buffer.alloc(150_000_001), { level: 1 }), `${UID}.1.99`);
    expect(() => parseDicom(bomb, 'a')).toThrow('inflates to more than 150000000 bytes');
    expect(() => parseDicom(part10(Buffer.from('no deflate'), `${UID}.1.99`), 'a')).toThrow('deflated data is damaged');
  });

  it('keeps unknown elements of undefined length as sequences in implicit VR', () => {
    const inner = attributes({ Rows: 3 }, { implicit: true });
    const item = Buffer.concat([Buffer.from('feff00e0ffffffff', 'hex'), inner, Buffer.from('feff0de000000000', 'hex')]);
    const unknown = Buffer.concat([
      Buffer.from('09001010554e0000ffffffff', 'hex'),
      item,
      Buffer.from('feffdde000000000', 'hex'),
    ]);
    const { dataset } = parseDicom(Buffer.concat([attributes({ Modality: 'CT' }), unknown]), 'a');
    expect(number(items(dataset, 0x00091010)[0] as DataSet, TAG.Rows)).toBe(3);
  });

  it('refuses nesting without end, lying lengths, truncation, and what is no data set', () => {
    const nest = (depth: number): Attributes =>
      depth === 0 ? { Rows: 1 } : { PlanePositionSequence: [nest(depth - 1)] };
    expect(() => parseDicom(dicomFile(nest(16)), 'a')).not.toThrow();
    expect(() => parseDicom(dicomFile(nest(17)), 'a.dcm')).toThrow(
      'a.dcm is not a usable DICOM file: its sequences are nested deeper than 16',
    );
    const whole = dicomFile(VALUES);
    for (const end of [whole.length - 1, whole.length - 9, 200, 150, 134]) {
      expect(() => parseDicom(whole.subarray(0, end), 'a')).toThrow(expect.objectContaining({ code: 'input' }));
    }
    const lying = element(TAG.Modality, 'CS', 'CT');
    lying.writeUInt16LE(5000, 6);
    expect(() => parseDicom(part10(lying, `${UID}.1`), 'a')).toThrow('5000 bytes are needed');
    expect(() => parseDicom(Buffer.from('plain text, no data set'), 'a')).toThrow('neither with a preamble');
    expect(() => parseDicom(part10(Buffer.alloc(40), `${UID}.1`), 'a')).toThrow('no data element at byte');
    expect(isDicom(Buffer.from('\x89PNG\r\n\x1a\n'))).toBe(false);
  });
});

describe('text', () => {
  // The examples of DICOM PS3.5 annexes H to K.
  it.each([
    ['latin 1', ['ISO_IR 100'], '42756335e4', 'Buc5ä'],
    ['greek', ['ISO_IR 126'], 'c4e9efedf5f3e9eff2', 'Διονυσιος'],
    ['cyrillic', ['ISO_IR 144'], 'bbeeda6365dcd1', 'Люкceмб'],
    ['utf-8', ['ISO_IR 192'], 'e78e8b5ee5b08fe69db1', '王^小東'],
    ['gb18030', ['GB18030'], 'cdf55ed0a1b6ab', '王^小东'],
    [
      'japanese, two bytes',
      ['', 'ISO 2022 IR 87'],
      '1b2442 3b33 45 44 1b2842 5e 1b2442 42404f3a 1b2842'.replaceAll(' ', ''),
      '山田^太郎',
    ],
    ['japanese, half width', ['ISO 2022 IR 13'], 'd4cfc0de', 'ﾔﾏﾀﾞ'],
    ['korean', ['', 'ISO 2022 IR 149'], '1b2429 43 b1e8 c8f1 c1df'.replaceAll(' ', ''), '김희중'],
    ['greek after latin', ['ISO 2022 IR 100', 'ISO 2022 IR 126'], '411b2d46c4', 'AΔ'],
    ['none named', [], '44f6', 'Dö'],
  ])('is decoded: %s', (_, terms, hex, expected) => {
    expect(decodeText(Buffer.from(hex, 'hex'), terms)).toBe(expected);
  });

  it('is split and trimmed', () => {
    const { dataset } = parseDicom(
      dicomFile({ SpecificCharacterSet: 'ISO_IR 100\\ISO_IR 126', WindowExplanation: 'A \\B' }),
      'a',
    );
    expect(characterSet(dataset)).toEqual(['ISO_IR 100', 'ISO_IR 126']);
    expect(texts(dataset, TAG.WindowExplanation)).toEqual(['A', 'B']);
    expect(text(dataset, TAG.Modality)).toBeUndefined();
  });
});

describe('RLE', () => {
  it('unpacks runs and literals, most significant plane first', () => {
    const head = Buffer.alloc(64);
    head.writeUInt32LE(2, 0);
    head.writeUInt32LE(64, 4);
    head.writeUInt32LE(66, 8);
    const data = Buffer.concat([head, Buffer.from([0xfd, 1]), Buffer.from([1, 7, 8, 0x80, 0xff, 9])]);
    expect([...new Uint16Array(decodeRle(data, 4, 1, 2, 'a').buffer)]).toEqual([263, 264, 265, 265]);
    expect(() => decodeRle(data, 5, 1, 2, 'a')).toThrow('segment 0 ends early');
    expect(() => decodeRle(data, 4, 3, 2, 'a')).toThrow('has 2 segments, 6 are needed');
    expect(() => decodeRle(head.subarray(0, 50), 4, 1, 2, 'a')).toThrow('header is truncated');
    head.writeUInt32LE(5000, 8);
    expect(() => decodeRle(head, 4, 1, 2, 'a')).toThrow('segment 0 lies at bytes 64 to 5000');
  });
});

describe('a file without an image', () => {
  it.each([
    ['1.2.840.10008.5.1.4.1.1.88.11', 'it is a structured report and holds no pixels'],
    ['1.2.840.10008.5.1.4.1.1.104.1', 'it is an encapsulated document (PDF, CDA or model) and holds no pixels'],
    ['1.2.840.10008.5.1.4.1.1.11.1', 'it is a presentation state and holds no pixels'],
    ['1.2.840.10008.5.1.4.1.1.481.3', 'it is an RT structure set and holds no pixels'],
    ['1.2.3', 'it holds no pixels'],
  ])('is named: %s', (uid, reason) => {
    expect(() => openDicom(dicomFile({ SOPClassUID: uid }), 'a')).toThrow(`a is not a usable DICOM file: ${reason}`);
  });

  it('or with an image that is not described is refused by the attribute', () => {
    const { Rows: _, ...rest } = greyImage(2, 1, [1, 2]);
    expect(() => openDicom(dicomFile(rest), 'a')).toThrow('it has no Rows');
    for (const [changes, reason] of [
      [{ Rows: 0 }, 'Rows is 0; allowed: 1 to 65535'],
      [{ SamplesPerPixel: 2 }, 'SamplesPerPixel is 2; allowed: 1, 3'],
      [{ BitsAllocated: 12 }, 'BitsAllocated is 12; allowed: 1, 8, 16, 32'],
      [{ BitsStored: 17 }, 'BitsStored is 17; allowed: 1 to 16'],
      [{ HighBit: 16 }, 'HighBit is 16; allowed: 15 to 15'],
      [{ NumberOfFrames: -3 }, 'NumberOfFrames is -3'],
      [{ Rows: 60_000, Columns: 60_000 }, 'at most 100000000 are allowed'],
    ] as const) {
      expect(() => openDicom(dicomFile(greyImage(2, 1, [1, 2], changes)), 'a')).toThrow(reason);
    }
  });
});
