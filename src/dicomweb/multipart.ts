/**
 * Bodies of several parts (`multipart/related`), read as they come and written. A part's bytes go through in pieces, so that
 * memory does not grow with them; header lines are limited. Refused (plain errors, since another try may help): a body that
 * ends before its last boundary, a part of another length than it states. Source: RFC 2046 (5.1), RFC 2387, PS3.18 (8.6).
 */

const MAX_HEAD_BYTES = 16_384;

export interface Part {
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Has to be read before the next part is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The type and the parameters of a Content-Type, type and names in lower case; null if there is none. */
export function mediaType(
  header: string | undefined,
): { readonly type: string; readonly parameters: ReadonlyMap<string, string> } | null {
  const found = /^\s*([^\s;]+)/.exec(header ?? '');
  if (header === undefined || found === null) return null;
  const pairs = header.matchAll(/;\s*([^\s=;]+)\s*=\s*(?:"([^"]*)"|([^\s;]*))/g);
  const parameters = new Map([...pairs].map(([, name, quoted, plain]) => [name.toLowerCase(), quoted ?? plain]));
  return { type: found[1].toLowerCase(), parameters };
}

function readHeaders(text: string): Map<string, string> {
  const lines = text.split('\r\n').filter((line) => line.trim() !== '');
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, Math.max(colon, 0)).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

/** The parts of a body, one after another. */
export async function* readParts(chunks: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<Part> {
  const source = chunks[Symbol.asyncIterator]();
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // the first boundary may stand at the very start, without a line end before it
  let held: Buffer = Buffer.from('\r\n');

  const more = async (): Promise<void> => {
    const { value, done } = await source.next();
    if (done) throw new Error('the answer ends in the middle of a part');
    held = Buffer.concat([held, value]);
  };
  async function* toDelimiter(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = held.indexOf(delimiter);
      const end = at >= 0 ? at : Math.max(0, held.length - delimiter.length + 1);
      const piece = held.subarray(0, end);
      held = held.subarray(at >= 0 ? at + delimiter.length : end);
      if (piece.length > 0) yield piece;
      if (at >= 0) return;
      await more();
    }
  }
  const head = async (): Promise<Map<string, string>> => {
    for (;;) {
      const end = held.indexOf('\r\n\r\n');
      if (end > MAX_HEAD_BYTES || (end < 0 && held.length > MAX_HEAD_BYTES)) {
        throw new Error(`the header of a part has more than ${MAX_HEAD_BYTES} bytes`);
      }
      if (end >= 0) {
        const lines = readHeaders(held.subarray(0, end).toString('latin1'));
        held = held.subarray(end + 4);
        return lines;
      }
      await more();
    }
  };

  try {
    for await (const _ of toDelimiter()) {
      // what stands before the first boundary means nothing
    }
    for (;;) {
      while (held.length < 2) await more();
      if (held.toString('latin1', 0, 2) === '--') break;
      const headers = await head();
      let bytes = 0;
      const counted = async function* (): AsyncGenerator<Uint8Array> {
        for await (const piece of toDelimiter()) {
          bytes += piece.length;
          yield piece;
        }
      };
      yield { headers, body: counted() };
      const stated = headers.get('content-length');
      if (stated !== undefined && Number(stated) !== bytes) {
        throw new Error(`a part has ${bytes} bytes and says ${stated}`);
      }
    }
    // the connection can be used again once the end is read
    while (!(await source.next()).done);
  } finally {
    await source.return?.();
  }
}

/** A body with one part, in pieces. */
export function onePart(boundary: string, type: string, bytes: Uint8Array): Uint8Array[] {
  return [
    Buffer.from(`--${boundary}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n\r\n`),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ];
}
