/** `data inspect` on outlines in XML, of LIDC-IDRI and ImageScope: drafts that build to the right masks by value, and files that cannot be read. */
import { describe, expect, it } from 'vitest';
import { dicomFile, greyImage } from './helpers/dicom.ts';
import { inspected, seenIn } from './helpers/inspect.ts';
import { digitsPng, png } from './helpers/sources.ts';
import { aperioXml, lidcXml } from './helpers/xml-outlines.ts';

/** A CT series of three slices of 8 x 8, one file each, whose SOP Instance UIDs end with the slice. */
function series(folder: string, uid: string, more: Readonly<Record<string, string>> = {}): Record<string, Uint8Array> {
  const slice = (z: number): Uint8Array => {
    const values = Array.from({ length: 64 }, (_, i) => i * 4);
    return dicomFile(
      greyImage(8, 8, values, {
        ...{ SOPInstanceUID: `${uid}.${z}`, SeriesInstanceUID: uid, StudyInstanceUID: '1.2', Modality: 'CT', ...more },
        ...{ FrameOfReferenceUID: `${uid}.9`, ImagePositionPatient: [0, 0, z * 3] },
        ...{ ImageOrientationPatient: [1, 0, 0, 0, 1, 0], PixelSpacing: [1, 1] },
      }),
    );
  };
  return Object.fromEntries([0, 1, 2].map((z) => [`${folder}/1-0${z + 1}.dcm`, slice(z)]));
}

/** What lies within outlines from 1 to 6, and from 2 to 7. */
const INNER = ['00000000', '00000000', ...Array.from({ length: 4 }, () => '00111100'), '00000000', '00000000'];
const BOTH = ['00000000', '00000000', '00111100', '00111110', '00111110', '00111110', '00011110', '00000000'];

describe('data inspect of LIDC-IDRI', () => {
  it('finds the file in the folder of its series', async () => {
    const first = 'LIDC-IDRI/LIDC-IDRI-0001/01-01-2000-30178/3000566-03192';
    const second = 'LIDC-IDRI/LIDC-IDRI-0002/01-01-2000-98329/3000522-04919';
    const radiograph = 'LIDC-IDRI/LIDC-IDRI-0002/01-01-2000-35511/3000923-62357';
    const { found, draft, built } = await inspected(
      'TCIA',
      {
        ...{ ...series(first, '1.2.3', { BodyPartExamined: 'CHEST' }), ...series(second, '1.2.4') },
        ...series(radiograph, '1.2.5', { Modality: 'DX' }),
        [`${first}/069.xml`]: lidcXml([[['1.2.3.1', 1, 6]], [['1.2.3.1', 2, 7]], [['1.2.3.2', 3, 3]]], '1.2.3'),
        [`${second}/071.xml`]: lidcXml([[['1.2.4.2', 1, 6]], []], '1.2.4'),
        [`${radiograph}/072.xml`]:
          '<?xml version="1.0"?><IdriReadMessage><SeriesInstanceUid>1.2.5</SeriesInstanceUid></IdriReadMessage>',
      },
      8,
    );
    expect(found.parts).toMatchObject([
      {
        images: 'LIDC-IDRI/{folder2}/{folder3}/{id}/',
        masks: 'LIDC-IDRI/{folder2}/{folder3}/{id}/*.xml',
        ...{ reader: 'lidc-xml', pairs: 2, settings: {} },
        labels: [
          { label: 'nodule', target: 'lung nodule', named: true },
          { label: 'small nodule', target: null },
          { label: 'non-nodule', target: null },
        ],
        modality: { value: 'CT', why: 'the DICOM headers say Modality CT' },
        site: { value: 'lung', known: true, why: 'the outlines are of LIDC-IDRI, nodules of the lung' },
      },
    ]);
    expect(found.parts[0].why).toEqual([
      `${first}/069.xml lies in the folder of its series`,
      'reader lidc-xml: 3 outlines and 1 points of up to 3 readers a series',
    ]);
    expect(found.open).toContain(
      'LIDC-IDRI/{folder2}/{folder3}/{id}/*.xml: how many of the 3 readers must agree on a pixel ("agreement"); the draft takes one',
    );
    expect(found.open).toContain(`1 volumes without a mask, such as ${radiograph}/`);
    expect(draft).toContain("'small nodule': null\n");
    expect(built.summary.failures).toEqual([`${radiograph}/072.xml: it has no element LidcReadMessage`]);
    expect(built.images.map(({ source }) => [source.image, source.slice])).toEqual([
      [first, 1],
      [second, 2],
    ]);
    expect(await built.mask('lung nodule', '-LIDC-IDRI-0001-')).toEqual(BOTH);
    expect(await built.mask('lung nodule', '-LIDC-IDRI-0002-')).toEqual(INNER);
  });

  it('finds files in a folder of their own by the series that they name', async () => {
    const { found, built } = await inspected(
      'nodules',
      {
        ...{ ...series('ct/a', '1.2.3'), ...series('ct/b', '1.2.4') },
        'tcia-lidc-xml/157/158.xml': lidcXml([[['1.2.4.1', 1, 6]]], '1.2.4'),
        'tcia-lidc-xml/157/159.xml': lidcXml([[['1.2.9.1', 1, 6]]], '1.2.9'),
      },
      8,
    );
    expect(found.parts).toMatchObject([
      { images: 'ct/b/', masks: 'tcia-lidc-xml/157/158.xml', reader: 'lidc-xml', pairs: 1 },
    ]);
    expect(found.parts[0].why[0]).toBe('tcia-lidc-xml/157/158.xml names the series in ct/b/');
    expect(found.open).toContain(
      'tcia-lidc-xml/157/159.xml: the series that it names is not among those that were seen',
    );
    expect(built.summary.failures).toEqual([]);
    expect(await built.mask('lung nodule')).toEqual(INNER);
  });
});

/** A coloured picture of 6 x 4 pixels, which becomes a square with a black row above and below. */
const tissue = () =>
  png(
    Array.from({ length: 72 }, (_, i) => (i * 7) % 256),
    6,
    4,
    3,
  );
const square = (rows: readonly string[]): string[] => ['000000', ...rows, '000000'];
const CELLS = ['110000', '111000', '011000', '000001'];
const HOLE = ['000000', '011110', '010010', '011110'];

describe('data inspect of ImageScope', () => {
  it('MoNuSeg: outlines without a name beside tissue images', async () => {
    const nuclei = aperioXml([
      {
        regions: [
          [0, 0, 2, 2],
          [1, 1, 3, 3],
          [5, 3, 6, 4],
        ],
      },
    ]);
    const none = aperioXml([{ regions: [] }]);
    const { found, draft, built } = await inspected(
      'nuclei',
      {
        ...{ 'Training/Tissue Images/TCGA-18-01Z.png': await tissue(), 'Training/Annotations/TCGA-18-01Z.xml': nuclei },
        ...{ 'Training/Tissue Images/TCGA-21-01Z.png': await tissue(), 'Training/Annotations/TCGA-21-01Z.xml': none },
      },
      6,
    );
    expect(found.parts).toMatchObject([
      {
        ...{ images: 'Training/Tissue Images/{id}.png', masks: 'Training/Annotations/{id}.xml', pairs: 2 },
        ...{ reader: 'aperio-xml', labels: [{ label: '1', target: 'label 1', named: false }] },
        modality: { value: 'pathology', known: true, why: 'the outlines are of ImageScope, a viewer of slides' },
      },
    ]);
    expect(found.parts[0].why[1]).toBe("reader aperio-xml: 3 outlines of 1 labels in ImageScope's files");
    expect(found.open).toContain('Training/Annotations/{id}.xml: what the annotations 1 mean');
    expect(draft).toContain("1: 'label 1' # OPEN: its name");
    expect(built.summary.failures).toEqual([]);
    expect(await built.mask('label 1', '-TCGA-18-')).toEqual(square(CELLS));
    expect(built.images[0].masks[0].instances).toHaveLength(3);
  });

  it('takes names of annotations, and of attributes that agree, with holes', async () => {
    const ring = [[1, 1, 5, 4]] as const;
    const xml = aperioXml([
      { name: 'Gland', regions: ring, holes: [[2, 2, 4, 3]] },
      { attribute: 'Lymphocyte', regions: [[5, 3, 6, 4]] },
    ]);
    const { found, built } = await inspected(
      'slides',
      { 'p1/a.png': await tissue(), 'p1/a.xml': xml, 'p2/b.png': await tissue(), 'p2/b.xml': xml },
      6,
    );
    expect(found.parts).toMatchObject([
      {
        ...{ images: '{subject}/{id}.png', masks: '{subject}/{id}.xml' },
        labels: [
          { label: '2', target: 'Lymphocyte', named: true },
          { label: 'Gland', target: 'Gland', named: true },
        ],
      },
    ]);
    expect(found.parts[0].why[1]).toBe("reader aperio-xml: 4 outlines and 2 holes of 2 labels in ImageScope's files");
    expect(built.summary.failures).toEqual([]);
    expect(await built.mask('Gland', '-p2-b_')).toEqual(square(HOLE));
    expect(await built.mask('Lymphocyte', '-p1-a_')).toEqual(square(['000000', '000000', '000000', '000001']));
  });

  it('MoNuSAC: says where a number stands for several kinds', async () => {
    const of = (attribute: string): string => aperioXml([{ attribute, regions: [[0, 0, 2, 2]] }]);
    const found = await seenIn({
      ...{ 'p/a.png': await tissue(), 'p/a.xml': of('Epithelial') },
      ...{ 'p/b.png': await tissue(), 'p/b.xml': of('Macrophage') },
    });
    expect(found.parts[0].labels).toEqual([{ label: '1', target: 'label 1', named: false }]);
    expect(found.open).toContain(
      'p/{id}.xml: annotation 1 is of several kinds, by its attributes: Epithelial, Macrophage',
    );
  });

  it('says where outlines leave their image, and where there is none', async () => {
    const far = aperioXml([{ name: 'Tumor', regions: [[0, 0, 4000, 3000]] }]);
    const found = await seenIn({ 'a.png': await digitsPng(CELLS), 'a.xml': far, 'other/b.xml': far });
    expect(found.open).toContain(
      'a.png: its outlines reach to 4000 x 3000 of its 6 x 4 pixels: they may be of a larger image',
    );
    expect(found.open).toContain('1 ImageScope files without an image, such as other/b.xml');
  });
});

describe('data inspect of XML that cannot be used', () => {
  it('names damaged files with the reason, and passes over other kinds', async () => {
    const whole = aperioXml([{ name: 'Tumor', regions: [[0, 0, 2, 2]] }]);
    const found = await seenIn({
      ...{ 'a.png': await tissue(), 'a.xml': whole, 'b.png': await tissue(), 'b.xml': whole.slice(0, -40) },
      'c.xml': '<!DOCTYPE x [<!ENTITY a "b">]><Annotations>&a;</Annotations>',
      'd.xml': Buffer.from([0, 255, 3, 7]),
      'voc.xml': '<annotation><object><name>cell</name></object></annotation>',
    });
    expect(found.parts).toMatchObject([{ images: '{id:a}.png', reader: 'aperio-xml', pairs: 1 }]);
    const unread = found.open.filter((one) => one.startsWith('not read: '));
    expect(unread).toEqual([
      expect.stringMatching(/^not read: b\.xml is not a usable XML file: line 1: /),
      'not read: c.xml is not a usable XML file: it declares a document type or entities, which is not allowed',
      expect.stringMatching(/^not read: d\.xml is not a usable XML file: /),
    ]);
  });
});
