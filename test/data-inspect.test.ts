/** `data inspect`: small trees in common layouts, whose draft recipes build to the right masks by value; what it refuses. */
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Inspection } from '../src/curate/inspect/found.ts';
import { writeSegmentation } from '../src/formats/dicom/segmentation.ts';
import { readDicomSeries } from '../src/formats/dicom/series.ts';
import { writeStructureSet } from '../src/formats/dicom/structure-set.ts';
import { emptyMask } from '../src/image/volume.ts';
import { callCli } from './helpers/cli.ts';
import { patientSlice } from './helpers/dicom-series.ts';
import { inspected, MASK, nii, only, ROWS } from './helpers/inspect.ts';
import { digitsPng, png, temporaryFolder, writeTree } from './helpers/sources.ts';

describe('data inspect', () => {
  it('pairs folders, and leaves numbers without names as placeholders', async () => {
    const [image, mask] = [await digitsPng(ROWS, 20), await digitsPng(MASK)];
    const { found, draft, built } = await inspected('brain MRI of us', {
      ...{ 'images/a.png': image, 'masks/a.png': mask },
      ...{ 'images/b.png': image, 'masks/b.png': await digitsPng(['0000', '0000', '0000', '0001']) },
      ...{ 'images/c.png': image, 'notes.txt': 'text' },
    });
    expect(found).toMatchObject({ name: 'brain-MRI-of-us', files: 6, endings: { '.png': 5, '.txt': 1 } });
    expect(found.parts).toMatchObject([
      {
        ...{ images: 'images/{id}.png', masks: 'masks/{id}.png', except: null, pairs: 2, reader: 'labels' },
        modality: { value: 'MRI', known: true, why: 'the path says "MRI"' },
        site: { value: 'brain', known: true },
        labels: [
          { label: '1', target: 'label 1', named: false },
          { label: '2', target: 'label 2', named: false },
        ],
      },
    ]);
    expect(found.open).toContain('masks/{id}.png: what the labels 1, 2 mean');
    expect(found.open).toContain('1 images without a mask, such as images/c.png');
    expect(draft).toContain("1: 'label 1' # OPEN: its name");
    expect(draft).toContain('licence: unknown # OPEN');
    expect(built.summary).toMatchObject({ failures: [], dropped: 1 });
    expect(built.images).toHaveLength(2);
    expect(await built.mask('label 1', '-a_')).toEqual(only('1'));
    expect(await built.mask('label 2', '-a_')).toEqual(only('2'));
    expect(await built.mask('label 1', '-b_')).toEqual(['0000', '0000', '0000', '0001']);
  });

  it.each(['_mask', '_seg', '_gt', '-label', '_segmentation'])('pairs names by the ending %s', async (ending) => {
    const [image, mask] = [await digitsPng(ROWS, 20), await digitsPng(only('2'), 255)];
    const { found, built } = await inspected('colonoscopy', {
      ...{ 'a.png': image, [`a${ending}.png`]: mask, 'b.png': image, [`b${ending}.png`]: mask },
    });
    expect(found.parts).toMatchObject([
      {
        ...{ images: '{id}.png', masks: `{id}${ending}.png`, except: { id: `*${ending}` }, pairs: 2, reader: 'binary' },
        ...{ modality: { value: 'endoscope', known: true }, site: { value: 'colon', known: true } },
      },
    ]);
    expect(built.summary).toMatchObject({ failures: [], dropped: 0 });
    expect(await built.mask('object', '-a_')).toEqual(only('2'));
  });

  it('takes the folders of subjects as such', async () => {
    const [image, mask] = [nii(ROWS, 10), nii(MASK)];
    const { found, built } = await inspected('study', {
      ...{ 'p1/image.nii': image, 'p1/label.nii': mask, 'p2/image.nii': image, 'p2/label.nii': mask },
    });
    expect(found.parts).toMatchObject([{ images: '{subject}/image.nii', masks: '{subject}/label.nii', pairs: 2 }]);
    expect(found.parts[0].modality).toMatchObject({ value: 'MRI', known: false });
    expect(found.open).toContain('{subject}/image.nii: the modality; "MRI" is a stop-gap');
    expect(built.images.map(({ subject }) => subject)).toEqual(['p1', 'p1', 'p2', 'p2']);
    expect(built.images.every(({ masks }) => masks.length === 2)).toBe(true);
  });

  it('reads names and channels of nnU-Net', async () => {
    const { found, built } = await inspected('Dataset042_Thing', {
      'dataset.json': JSON.stringify({
        channel_names: { 0: 'T1', 1: 'FLAIR' },
        labels: { background: 0, edema: 1, brain_tumor: 2, both: [1, 2] },
        file_ending: '.nii',
      }),
      ...{ 'imagesTr/c_001_0000.nii': nii(ROWS, 10), 'imagesTr/c_001_0001.nii': nii(ROWS, 5) },
      ...{ 'imagesTr/c_002_0000.nii': nii(ROWS, 10), 'imagesTr/c_002_0001.nii': nii(ROWS, 5) },
      ...{ 'labelsTr/c_001.nii': nii(MASK), 'labelsTr/c_002.nii': nii(only('1')) },
      ...{ 'imagesTs/c_003_0000.nii': nii(ROWS, 10) },
    });
    expect(found.parts.map(({ images, masks, sequence }) => [images, masks, sequence])).toEqual([
      ['imagesTr/{id}_0000.nii', 'labelsTr/{id}.nii', 'T1'],
      ['imagesTr/{id}_0001.nii', 'labelsTr/{id}.nii', 'FLAIR'],
    ]);
    expect(found.parts[0]).toMatchObject({
      modality: { value: 'MRI', known: true },
      site: { value: 'brain', known: true },
      labels: [
        { label: '1', target: 'edema', named: true },
        { label: '2', target: 'brain tumor', named: true },
      ],
    });
    expect(built.summary.failures).toEqual([]);
    expect(built.images).toHaveLength(8);
    expect(await built.mask('brain tumor', '-c-001-p1-s0_MRI-T1_')).toEqual(only('2'));
    expect(await built.mask('edema', '-c-001-p2-s1_MRI-FLAIR_')).toEqual(only('1'));
  });

  it('sees Hounsfield units, label maps beside masks, and what a name says is marked', async () => {
    const { found, built } = await inspected('scans-of-us', {
      ...{
        'x_ct.nii': nii(ROWS, 200, -1000),
        'x_label.nii': nii(MASK),
        'x_labels.json': '{"1": "liver", "2": "spleen"}',
      },
      ...{ 'y.nii': nii(ROWS, 200, -1000), 'y_liver_label.nii': nii(only('1')) },
    });
    expect(found.parts.map(({ images, masks, reader }) => [images, masks, reader])).toEqual([
      ['{id:x}_ct.nii', '{id}_label.nii', 'labels'],
      ['{id:y}.nii', '{id}_liver_label.nii', 'binary'],
    ]);
    expect(found.parts[1].modality).toMatchObject({ value: 'CT', known: true });
    expect(found.parts.map(({ site }) => [site.value, site.known])).toEqual([
      ['abdomen', true],
      ['abdomen', true],
    ]);
    expect(await built.mask('spleen', '-x-p1-s1_')).toEqual(only('2'));
    expect(await built.mask('liver', '-y-p2-s0_')).toEqual(only('1'));
  });

  it('finds the colours of coloured masks', async () => {
    const colours: Readonly<Record<string, readonly number[]>> = { 0: [0, 0, 0], 1: [255, 0, 0], 2: [0, 255, 0] };
    const mask = await png(
      MASK.flatMap((row) => [...row].flatMap((digit) => colours[digit])),
      4,
      4,
      3,
    );
    const { found, built } = await inspected('polyps colonoscopy', {
      ...{ 'images/a.png': await digitsPng(ROWS, 20), 'gt/a.png': mask },
    });
    expect(found.parts[0]).toMatchObject({ reader: 'colour', images: 'images/{id:a}.png' });
    expect(found.parts[0].labels.map(({ label }) => label)).toEqual(['#00ff00', '#ff0000']);
    expect(await built.mask('label 2')).toEqual(only('1'));
  });

  it('looks at the first files of large folders and says so', async () => {
    const root = await temporaryFolder();
    const [image, mask] = [await digitsPng(ROWS), await digitsPng(MASK)];
    const names = Array.from({ length: 2001 }, (_, i) => String(i).padStart(4, '0'));
    await writeTree(root, Object.fromEntries(names.map((name) => [`images/${name}.png`, image])));
    await writeTree(root, { 'masks/0000.png': mask, 'masks/0001.png': mask });
    const { stdout } = await callCli(['data', 'inspect', root, '--json']);
    const found: Inspection = JSON.parse(stdout);
    expect(found).toMatchObject({ files: 2002, parts: [{ images: 'images/{id}.png', pairs: 2 }] });
    expect(found.open[0]).toBe('what lies beyond the first 2000 files of a folder and 20000 in all');
  });

  it('finds DICOM segmentations and structure sets by the series that they refer to', async () => {
    const slices = Object.fromEntries([0, 1, 2, 3, 4].map((k) => [`p1/ct/${k}`, patientSlice(k)]));
    const root = await temporaryFolder();
    await writeTree(root, slices);
    const { source, volume } = await readDicomSeries(join(root, 'p1/ct'));
    const mask = emptyMask(volume);
    for (let y = 0; y < 16; y++) mask.data.fill(1, 2 * 768 + y * 32 + 8, 2 * 768 + y * 32 + 24);
    const object = { mask, presence: 1 };
    let made = 0;
    const uid = (): string => `2.25.${++made}`;
    const options = { algorithm: { name: 'a', version: '1' }, date: new Date(0), uid };
    const { found, built } = await inspected('scans', {
      ...slices,
      'p1/seg.dcm': writeSegmentation(source, [{ ...object, prompt: 'liver' }], options),
      'p1/rt.dcm': writeStructureSet(source, [{ ...object, prompt: 'spleen' }], options),
    });
    expect(found.parts.map(({ images, masks, reader }) => [images, masks, reader]).sort()).toEqual([
      ['p1/ct/', 'p1/rt.dcm', 'rtstruct'],
      ['p1/ct/', 'p1/seg.dcm', 'dicom-seg'],
    ]);
    expect(found.parts[0].modality).toEqual({ value: 'CT', known: true, why: 'the DICOM headers say Modality CT' });
    expect(found.parts[0].site).toMatchObject({ value: 'abdomen', known: true });
    expect(built.summary.failures).toEqual([]);
    const areas = built.images.flatMap(({ masks }) => masks.map(({ target, sourceArea }) => [target, sourceArea]));
    expect(areas.sort()).toEqual([
      ['liver', 256],
      ['spleen', 256],
    ]);
  });

  it('prints lines for people', async () => {
    const root = await temporaryFolder();
    await writeTree(root, { 'images/a.png': await digitsPng(ROWS), 'masks/a.png': await digitsPng(MASK) });
    const { stdout } = await callCli(['data', 'inspect', root]);
    expect(stdout).toContain('part 1: 1 pair of images/{id:a}.png and masks/{id}.png\n');
    expect(stdout).toContain('modality  X-Ray?: the images are grey; nothing else\n');
    expect(stdout).toContain('because   masks/a.png is taken for the mask of images/a.png: the folder is called masks');
    expect(stdout).toContain('open:\n');
  });

  it('passes by links to nothing, and files that cannot be read', async () => {
    const root = await temporaryFolder();
    await writeTree(root, {
      'images/a.png': await digitsPng(['01', '23']),
      'masks/a.png': await digitsPng(['01', '00']),
    });
    for (const name of ['participants.tsv', 'a.json', 'classes.txt', 'b.xml']) {
      await symlink(join(root, 'not-fetched'), join(root, name));
    }
    await symlink(root, join(root, 'again.json'));
    const { status, stdout } = await callCli(['data', 'inspect', root]);
    expect([status, stdout]).toEqual([0, expect.stringContaining('2 files (2 .png)')]);
  });

  it('refuses folders that are empty, missing, no folders, or without pairs where a recipe is wanted', async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, 'empty'));
    await writeTree(root, { 'bad/images/a.png': 'no picture', 'bad/masks/a.png': 'no picture' });
    const refusal = async (...argv: string[]) => {
      const { status, stderr } = await callCli(['data', 'inspect', ...argv]);
      expect(status).toBe(1);
      return stderr;
    };
    expect(await refusal(join(root, 'empty'))).toContain('there is no file in it');
    expect(await refusal(join(root, 'none'))).toContain('no such file or folder');
    expect(await refusal(join(root, 'bad/masks/a.png'))).toContain('it is a file, not a folder');
    const recipe = join(root, 'r.yaml');
    expect(await refusal(join(root, 'bad'), '--recipe', recipe)).toContain(
      'not read: cannot read masks/a.png: it is text',
    );
    await expect(readFile(recipe)).rejects.toThrow('ENOENT');
  });
});
