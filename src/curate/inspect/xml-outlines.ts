/**
 * Outlines in XML: Aperio ImageScope's, a file beside each image, and LIDC-IDRI's, a file that names the slices of a DICOM series. They are told by
 * their root element; all are read, up to a limit. Source: as the readers of both (readers/aperio.ts, readers/lidc.ts).
 */
import { attribute, children, childText, parseXml, type XmlElement } from '../../formats/xml.ts';
import { addTo } from '../../util/groups.ts';
import { pairFilesAnywhere, texts } from './beside.ts';
import type { SeriesFolder } from './dicom.ts';
import { type FoundGroup, type FoundLabel, targetName } from './found.ts';
import { type Named, namedOf } from './names.ts';
import { groupImages, groupPairs, readable } from './pairs.ts';
import { imageValues, MOST_TOLD, notRead, sample, unreadable } from './values.ts';

/** Bytes of one file, and of all: elements take some ten times as much memory. */
const LIMITS = { file: 32 * 2 ** 20, all: 128 * 2 ** 20 };
/** Pictures whose size is compared with their outlines. */
const IMAGES_READ = 2;
/** A name that ImageScope gives to the text of an annotation. */
const NO_KIND = /^(description|)$/i;

/** What an ImageScope file says. */
interface Aperio {
  readonly regions: number;
  readonly holes: number;
  /** Names of annotations as the reader has them, with the names of their attributes. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  /** How far the outlines reach to the right and down. */
  readonly reach: readonly [number, number];
}

function aperioOf(root: XmlElement): Aperio {
  const labels = new Map<string, string[]>();
  let [regions, holes, right, down] = [0, 0, 0, 0];
  for (const annotation of children(root, 'Annotations').flatMap((list) => children(list, 'Annotation'))) {
    const own = children(annotation, 'Regions').flatMap((list) => children(list, 'Region'));
    const label = attribute(annotation, 'Name').trim() || attribute(annotation, 'Id');
    const kinds = children(annotation, 'Attributes').flatMap((list) => children(list, 'Attribute'));
    const known = labels.get(label) ?? [];
    if (own.length > 0) {
      labels.set(label, known);
      const kind = kinds.map((one) => attribute(one, 'Name').trim()).find((name) => !NO_KIND.test(name));
      if (kind !== undefined && !known.includes(kind)) known.push(kind);
    }
    for (const region of own) {
      if (attribute(region, 'NegativeROA') === '1') holes++;
      else regions++;
      for (const vertex of children(region, 'Vertices').flatMap((list) => children(list, 'Vertex'))) {
        right = Math.max(right, Number(attribute(vertex, 'X')) || 0);
        down = Math.max(down, Number(attribute(vertex, 'Y')) || 0);
      }
    }
  }
  return { regions, holes, labels, reach: [right, down] };
}

/** What a LIDC file says. */
interface Lidc {
  readonly series: string;
  readonly readers: number;
  readonly outlines: number;
  readonly points: number;
}

function lidcOf(message: XmlElement): Lidc {
  const sessions = children(message, 'readingSession');
  const nodules = sessions.flatMap((session) => children(session, 'unblindedReadNodule'));
  const rois = nodules.flatMap((nodule) => children(nodule, 'roi'));
  const outlines = rois.filter((roi) => children(roi, 'edgeMap').length > 1).length;
  const others = sessions.flatMap((session) => children(session, 'nonNodule')).length;
  const [header] = children(message, 'ResponseHeader');
  const series = header === undefined ? '' : childText(header, 'SeriesInstanceUid');
  return { series, readers: sessions.length, outlines, points: rois.length - outlines + others };
}

/** Labels of annotations: their own names, else what their attributes say in all files, else placeholders. */
function aperioLabels(found: readonly Aperio[], masks: string) {
  const kinds = new Map<string, Set<string>>();
  for (const { labels } of found) {
    for (const [label, names] of labels) kinds.set(label, new Set([...(kinds.get(label) ?? []), ...names]));
  }
  const open: string[] = [];
  const labels = [...kinds].sort().map(([label, names]): FoundLabel => {
    const name = /\p{L}/u.test(label) ? label : names.size === 1 ? [...names][0] : undefined;
    if (names.size > 1 && name === undefined) {
      open.push(`${masks}: annotation ${label} is of several kinds, by its attributes: ${[...names].join(', ')}`);
    }
    return { label, target: name === undefined ? `label ${label}` : targetName(name), named: name !== undefined };
  });
  const unnamed = labels.filter(({ named }) => !named).map(({ label }) => label);
  if (unnamed.length > 0) open.push(`${masks}: what the annotations ${unnamed.join(', ')} mean`);
  return { labels, open };
}

/** Whether the outlines of images leave them, by a few. */
async function leaving(root: string, files: readonly (readonly [image: string, of: Aperio])[]): Promise<string[]> {
  for (const [image, { reach }] of sample(files, IMAGES_READ)) {
    const seen = await imageValues(root, [{ path: image }]);
    if (!('least' in seen) || (reach[0] <= seen.size[0] + 1 && reach[1] <= seen.size[1] + 1)) continue;
    const [width, height] = seen.size;
    return [
      `${image}: its outlines reach to ${Math.round(reach[0])} x ${Math.round(reach[1])} of its ${width} x ${height} pixels: they may be of a larger image`,
    ];
  }
  return [];
}

async function aperioGroups(root: string, found: ReadonlyMap<string, Aperio>, images: readonly Named[]) {
  const groups: FoundGroup[] = [];
  const used = new Set<string>();
  for (const { pairs, images: pattern, masks, except, why } of groupPairs(
    pairFilesAnywhere([...found.keys()], images),
  )) {
    const own = pairs.flatMap(({ mask, image }): [string, Aperio][] => {
      const one = found.get(mask.path);
      used.add(mask.path);
      return one === undefined ? [] : [[image.path, one]];
    });
    const { labels, open } = aperioLabels(
      own.map(([, one]) => one),
      masks,
    );
    if (labels.length === 0) continue;
    const sum = (of: (one: Aperio) => number): number => own.reduce((total, [, one]) => total + of(one), 0);
    const holes = sum((one) => one.holes);
    const counted = `${sum((one) => one.regions)} outlines${holes > 0 ? ` and ${holes} holes` : ''}`;
    groups.push({
      masks: {
        ...{ images: pattern, masks, except, pairs: pairs.length, reader: 'aperio-xml', labels, threshold: null },
        settings: {},
        why: [why, `reader aperio-xml: ${counted} of ${labels.length} labels in ImageScope's files`],
      },
      paths: pairs.map(({ image }) => image.path),
      said: {
        modality: { value: 'pathology', why: 'the outlines are of ImageScope, a viewer of slides', known: true },
      },
      open: [...open, ...(await leaving(root, own))],
    });
  }
  const left = [...found.keys()].filter((path) => !used.has(path));
  return {
    groups,
    open: left.length === 0 ? [] : [`${left.length} ImageScope files without an image, such as ${left[0]}`],
  };
}

/** The group of series with the files that outline nodules on them. */
function lidcGroup(
  images: string,
  masks: string,
  paths: readonly string[],
  own: readonly Lidc[],
  why: string,
): FoundGroup {
  const sum = (of: (one: Lidc) => number): number => own.reduce((total, one) => total + of(one), 0);
  const readers = Math.max(...own.map((one) => one.readers));
  return {
    masks: {
      ...{ images, masks, except: null, pairs: paths.length, reader: 'lidc-xml', threshold: null, settings: {} },
      labels: [
        { label: 'nodule', target: 'lung nodule', named: true },
        // single points, which are no masks
        { label: 'small nodule', target: null, named: true },
        { label: 'non-nodule', target: null, named: true },
      ],
      why: [
        why,
        `reader lidc-xml: ${sum((one) => one.outlines)} outlines and ${sum((one) => one.points)} points of up to ${readers} readers a series`,
      ],
    },
    paths,
    said: {
      modality: { value: 'CT', why: 'the outlines are of LIDC-IDRI, chest CT', known: true },
      site: { value: 'lung', why: 'the outlines are of LIDC-IDRI, nodules of the lung', known: true },
    },
    open: [`${masks}: how many of the ${readers} readers must agree on a pixel ("agreement"); the draft takes one`],
  };
}

/** LIDC files with the series that they name, else with the one in whose folder they lie. */
function lidcGroups(found: ReadonlyMap<string, Lidc>, series: readonly SeriesFolder[]) {
  const inFolder = new Map<string, string[]>();
  const groups: FoundGroup[] = [];
  const lost: string[] = [];
  for (const [path, one] of found) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const of = series.find(({ uid, path: own }) => (one.series === '' ? own === folder : uid === one.series));
    if (of === undefined) lost.push(path);
    else if (of.path === folder) addTo(inFolder, folder, path);
    else {
      const why = `${path} names the series in ${of.path}`;
      groups.push(lidcGroup(readable(of.path), readable(path), [of.path], [one], why));
    }
  }
  const all = series.map(({ path }) => namedOf(path)).filter((one) => one !== null);
  for (const { images, pattern } of groupImages(
    all.filter(({ path }) => inFolder.has(path)),
    all,
  )) {
    const files = images.flatMap(({ path }) => inFolder.get(path) ?? []);
    const own = files.map((path) => found.get(path)).filter((one) => one !== undefined);
    const why = `${files[0]} lies in the folder of its series`;
    const paths = images.map(({ path }) => path);
    groups.push(lidcGroup(pattern, `${pattern}*.xml`, paths, own, why));
  }
  const open = lost
    .slice(0, MOST_TOLD)
    .map((path) => `${path}: the series that it names is not among those that were seen`);
  return { groups, open: lost.length > MOST_TOLD ? [...open, `${lost.length - MOST_TOLD} more such files`] : open };
}

/** Groups of images and series whose objects are outlined in XML files that were found, and what was not read. */
export async function xmlGroups(
  root: string,
  files: readonly string[],
  images: readonly Named[],
  series: readonly SeriesFolder[],
): Promise<{ readonly groups: readonly FoundGroup[]; readonly open: readonly string[] }> {
  const failed: string[] = [];
  const aperio = new Map<string, Aperio>();
  const lidc = new Map<string, Lidc>();
  const candidates = files.filter((file) => file.toLowerCase().endsWith('.xml'));
  for await (const [path, text] of texts(root, candidates, LIMITS, failed)) {
    try {
      const document = parseXml(text, path);
      const [message] = children(document, 'LidcReadMessage');
      if (message !== undefined) lidc.set(path, lidcOf(message));
      else if (children(document, 'Annotations').length > 0) aperio.set(path, aperioOf(document));
    } catch (error) {
      failed.push(unreadable(error, root, path));
    }
  }
  const slides = await aperioGroups(root, aperio, images);
  const scans = lidcGroups(lidc, series);
  const open = [...notRead(failed, 'XML files'), ...slides.open, ...scans.open];
  return { groups: [...slides.groups, ...scans.groups], open };
}
