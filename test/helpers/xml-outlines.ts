/** XML files of outlines for tests, in the elements that LIDC-IDRI and ImageScope have. */

type Point = readonly [x: number, y: number];

/** The ring of a square, a point per pixel of its edge. */
function ring(low: number, high: number): Point[] {
  const corners: readonly Point[] = [
    [low, low],
    [high, low],
    [high, high],
    [low, high],
  ];
  return corners.flatMap(([x, y], i) =>
    Array.from({ length: high - low }, (_, k): Point => [x + [k, 0, -k, 0][i], y + [0, k, 0, -k][i]]),
  );
}

/** What readers outlined on slices as squares, a list per reader of `[SOP Instance UID, from, to]`; a single point where both are equal. */
export function lidcXml(readers: readonly (readonly (readonly [string, number, number])[])[], series?: string): string {
  const point = ([x, y]: Point): string => `<edgeMap><xCoord>${x}</xCoord><yCoord>${y}</yCoord></edgeMap>`;
  const sessions = readers.map((squares) => {
    const nodules = squares.map(([uid, low, high]) => {
      const points: readonly Point[] = low === high ? [[low, low]] : ring(low, high);
      return `<unblindedReadNodule><noduleID>1</noduleID><roi><imageZposition>0</imageZposition><imageSOP_UID>${uid}</imageSOP_UID><inclusion>TRUE</inclusion>${points.map(point).join('')}</roi></unblindedReadNodule>`;
    });
    return `<readingSession>${nodules.join('')}</readingSession>`;
  });
  const header =
    series === undefined
      ? ''
      : `<ResponseHeader><SeriesInstanceUid>${series}</SeriesInstanceUid><TaskDescription>Second unblinded read</TaskDescription></ResponseHeader>`;
  return `<?xml version="1.0"?><LidcReadMessage xmlns="http://www.nih.gov">${header}${sessions.join('')}</LidcReadMessage>`;
}

/** An annotation of ImageScope: rectangles `[left, top, right, bottom]` with a name or an attribute's. */
export interface Annotation {
  readonly name?: string;
  readonly attribute?: string;
  readonly regions: readonly (readonly [number, number, number, number])[];
  readonly holes?: readonly (readonly [number, number, number, number])[];
}

/** A file of ImageScope. */
export function aperioXml(annotations: readonly Annotation[]): string {
  const region =
    (negative: number) =>
    ([left, top, right, bottom]: readonly number[], i: number): string => {
      const points = [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
      ];
      const vertices = points.map(([x, y]) => `<Vertex X="${x}" Y="${y}" Z="0"/>`).join('');
      return `<Region Id="${i + 1}" Type="0" NegativeROA="${negative}"><Attributes/><Vertices>${vertices}</Vertices></Region>`;
    };
  const all = annotations.map(({ name = '', attribute = 'Description', regions, holes = [] }, i) => {
    const inner = [...regions.map(region(0)), ...holes.map(region(1))].join('');
    return `<Annotation Id="${i + 1}" Name="${name}" ReadOnly="0" Type="4"><Attributes><Attribute Name="${attribute}" Id="0" Value=""/></Attributes><Regions><RegionAttributeHeaders/>${inner}</Regions><Plots/></Annotation>`;
  });
  return `<?xml version="1.0"?><Annotations MicronsPerPixel="0.252000">${all.join('')}</Annotations>`;
}
