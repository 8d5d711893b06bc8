/**
 * LIDC-IDRI's XML: what up to four readers outlined on the slices of a DICOM series. Outlines run along the first pixels outside of a nodule, which do
 * not belong to it; those with `inclusion` FALSE are holes. Labels: `nodule` (outlines), `small nodule` (a single point: under 3 mm), `non-nodule`
 * (a point). `agreement` says how many readers must have marked a voxel. Source: LIDC XML documentation, The Cancer Imaging Archive.
 */
import { children, childText, parseXml, type XmlElement } from '../../formats/xml.ts';
import { fillPolygon } from '../../image/contours.ts';
import { readFileChecked } from '../../util/files.ts';
import { type Layer, type MaskFile, type MaskReading, type MaskRequest, refuseMask, singleLayer } from './layer.ts';

const LABELS = ['nodule', 'small nodule', 'non-nodule'] as const;
type Label = (typeof LABELS)[number];

/** Marks of one reader, a mask of the whole volume per label. */
type Marks = Map<Label, Uint8Array>;

interface Place {
  readonly slices: ReadonlyMap<string, number>;
  readonly request: MaskRequest;
  readonly file: MaskFile;
}

const point = (element: XmlElement): readonly [number, number] => [
  Number(childText(element, 'xCoord')),
  Number(childText(element, 'yCoord')),
];

function marksOf(marks: Marks, label: Label, count: number): Uint8Array {
  const found = marks.get(label) ?? new Uint8Array(count);
  marks.set(label, found);
  return found;
}

/** Fills one outline of a nodule, or marks its point. */
function mark(
  marks: Marks,
  roi: XmlElement,
  place: Place,
  label: Label,
  points: readonly (readonly [number, number])[],
): void {
  const { slices, request, file } = place;
  const [width, height, depth] = request.grid.size;
  const slice = slices.get(childText(roi, 'imageSOP_UID'));
  if (slice === undefined) return;
  if (points.some(([x, y]) => !(x >= 0 && y >= 0 && x < width && y < height))) {
    refuseMask(file, `an outline in it leaves the ${width} x ${height} pixels of its image`);
  }
  const volume = marksOf(marks, label, width * height * depth);
  const data = volume.subarray(slice * width * height, (slice + 1) * width * height);
  const inside = childText(roi, 'inclusion').toUpperCase() !== 'FALSE';
  if (points.length === 1) {
    if (inside) data[points[0][1] * width + points[0][0]] = 1;
    return;
  }
  const own = { data: new Uint8Array(width * height), width, height };
  fillPolygon(own, points);
  for (const [x, y] of points) own.data[y * width + x] = 0;
  for (let i = 0; i < own.data.length; i++) if (own.data[i] !== 0) data[i] = inside ? 1 : 0;
}

function readSession(session: XmlElement, place: Place): Marks {
  const marks: Marks = new Map();
  for (const nodule of children(session, 'unblindedReadNodule')) {
    const rois = children(nodule, 'roi');
    const small = rois.length === 1 && children(rois[0], 'edgeMap').length === 1;
    // holes after what they are in
    const sorted = rois.toSorted((a, b) => childText(b, 'inclusion').localeCompare(childText(a, 'inclusion')));
    for (const roi of sorted) {
      mark(marks, roi, place, small ? 'small nodule' : 'nodule', children(roi, 'edgeMap').map(point));
    }
  }
  for (const other of children(session, 'nonNodule')) {
    mark(marks, other, place, 'non-nodule', children(other, 'locus').map(point));
  }
  return marks;
}

/** Layers of a LIDC file on its series. */
export const readLidc: MaskReading = async (request) => {
  const { instanceUids, source, grid } = request;
  const count = grid.size[0] * grid.size[1] * grid.size[2];
  const layers: Layer[] = [];
  for (const file of request.files) {
    if (instanceUids === undefined)
      return refuseMask(file, 'its outlines name slices of a DICOM series, which its image is not');
    const root = parseXml((await readFileChecked(file.path)).toString('utf8'), file.name);
    const [message] = children(root, 'LidcReadMessage');
    if (message === undefined) return refuseMask(file, 'it has no element LidcReadMessage');
    const slices = new Map(instanceUids.map((uid, slice) => [uid, slice]));
    const sessions = children(message, 'readingSession');
    const named = sessions.flatMap((session) =>
      children(session, 'unblindedReadNodule').flatMap((nodule) =>
        children(nodule, 'roi').map((roi) => childText(roi, 'imageSOP_UID')),
      ),
    );
    if (named.length > 0 && !named.some((uid) => slices.has(uid))) {
      return refuseMask(file, 'none of its outlines is on a slice of this series');
    }
    const readers = sessions.map((session) => readSession(session, { slices, request, file }));
    for (const label of LABELS) {
      const votes = new Uint8Array(count);
      for (const marks of readers) {
        const own = marks.get(label);
        if (own !== undefined) for (let i = 0; i < count; i++) votes[i] += own[i];
      }
      const needed = source.agreement ?? 1;
      for (let i = 0; i < count; i++) votes[i] = votes[i] >= needed ? 1 : 0;
      if (votes.includes(1)) layers.push(singleLayer(votes, label, request, file));
    }
  }
  return layers;
};
