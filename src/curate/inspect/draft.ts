/** A draft recipe of what was found in a folder, with a remark at each guess; `data build` takes it as it is. */
import type { FoundPart, Inspection, Setting } from './found.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const flat = (text: string): string => text.replace(/\s+/g, ' ');

function settingText(value: Setting): string {
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([name, one]) => `${name}: ${quoted(one)}`)
      .join(', ')}}`;
  }
  return typeof value === 'string' && (!/^[a-z]+$/.test(value) || value === 'null') ? quoted(value) : String(value);
}

/** Whether the mask itself says no label: what is marked is one target. */
function isSingle({ reader, settings }: FoundPart): boolean {
  if (reader === 'rle-csv') return !(settings.columns instanceof Object && 'label' in settings.columns);
  const inAxes = String(settings.axes ?? '').includes('l');
  return (reader === 'binary' || reader === 'instances') && settings.label === undefined && !inAxes;
}

/** The pattern of the images, with what they are opened with where they are arrays. */
function imagesText({ images, pixels }: FoundPart): string {
  const own = Object.entries(pixels ?? {}).filter(([, value]) => value !== undefined);
  if (own.length === 0) return quoted(images);
  return `{file: ${quoted(images)}, ${own.map(([name, value]) => `${name}: ${settingText(value)}`).join(', ')}}`;
}

const targetText = (target: string | null): string => (target === null ? 'null' : quoted(target));

/** Parts of equal images and masks apart, so that names of pictures do not meet. */
function partLines(part: FoundPart, index: number, several: boolean): string[] {
  const { images, masks, reader, labels, modality, site, sequence, except, threshold, settings, why } = part;
  const captures = [...images.matchAll(/\{(\w+)/g)].map(([, name]) => `{${name}}`);
  const id = [...(captures.length === 0 ? ['{file}'] : captures), ...(several ? [`p${index + 1}`] : [])].join('-');
  const single = isSingle(part);
  return [
    ...why.map((reason) => `  # ${flat(reason)}`),
    `  - images: ${imagesText(part)}`,
    ...(except === null
      ? []
      : [`    except: {${Object.entries(except).map(([name, value]) => `${name}: ${quoted(value)}`)}}`]),
    `    id: ${quoted(id)}`,
    `    modality: ${modality.value} # ${modality.known ? '' : 'OPEN: '}${flat(modality.why)}`,
    `    site: ${site.value} # ${site.known ? '' : 'OPEN: '}${flat(site.why)}`,
    ...(sequence === null ? [] : [`    sequence: ${quoted(sequence)}`]),
    '    masks:',
    `      - file: ${quoted(masks)}`,
    `        reader: ${reader}`,
    ...(threshold === null ? [] : [`        threshold: ${threshold}`]),
    ...Object.entries(settings).map(([name, value]) => `        ${name}: ${settingText(value)}`),
    ...(single
      ? [`        target: ${targetText(labels[0].target)}${labels[0].named ? '' : ' # OPEN: what is marked'}`]
      : [
          '        labels:',
          ...labels.map(
            ({ label, target, named }) =>
              `          ${/^\d+$/.test(label) ? label : quoted(label)}: ${targetText(target)}${named ? '' : ' # OPEN: its name'}`,
          ),
        ]),
  ];
}

/** The recipe as YAML. The inspection must have at least one part. */
export function draftRecipe({ name, parts, open }: Inspection): string {
  return [
    '# A draft that biomedparse data inspect wrote. To be found out by a person:',
    ...open.map((one) => `#   - ${flat(one)}`),
    `name: ${quoted(name)}`,
    `title: ${quoted(`${name}, a draft`)}`,
    'checked: real files # names and some of the files, by a program; not by a person',
    'licence: unknown # OPEN',
    'annotation: partial # OPEN: exhaustive where every occurrence of every target is annotated',
    'split: {test: 0.2}',
    'parts:',
    ...parts.flatMap((part, i) => partLines(part, i, parts.length > 1)),
    '',
  ].join('\n');
}
