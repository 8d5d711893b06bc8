/**
 * WADO-RS: the instances of a series as files, in the transfer syntax that the server holds them in, with their pixels inside.
 *
 * The server's list of instances comes first, so that a missing one is an error and not a gap; then each is asked for by
 * itself, a few at a time, so that a cut connection costs one of them. Bytes go straight to files, whose names are numbers.
 * Refused (`input`): a series beyond the limits, another instance than was asked for. Source: DICOM PS3.18 (10.4).
 */
import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { parseDicom } from '../formats/dicom/dataset.ts';
import { instanceOf } from '../formats/dicom/source.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readFileChecked, systemReason } from '../util/files.ts';
import { mediaType, readParts } from './multipart.ts';
import { listInstances, type SeriesPlace } from './query.ts';
import { CONNECTIONS, type DicomWebServer, within } from './server.ts';

export const DICOM = 'application/dicom';
const ACCEPT = `multipart/related; type="${DICOM}"; transfer-syntax=*`;

/** Most that is taken of one series. */
export interface RetrieveLimits {
  readonly instances: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** The pieces of the one DICOM file in the body of an answer with these headers. */
async function* fileOf(
  { 'content-type': header, 'content-encoding': encoding = 'identity' }: IncomingMessage['headers'],
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const media = mediaType(header);
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `the DICOMweb server sends ${reason} instead of a DICOM file`);
  };
  if (encoding !== 'identity') refuse(`content in ${encoding} encoding`);
  if (media?.type === DICOM) {
    yield* content;
    return;
  }
  const boundary = media?.parameters.get('boundary') ?? '';
  if (media?.type !== 'multipart/related' || boundary === '') refuse(media?.type ?? 'something without a type');
  let parts = 0;
  for await (const { headers, body } of readParts(content, boundary)) {
    const type = mediaType(headers.get('content-type'))?.type ?? DICOM;
    if (type !== DICOM) refuse(type);
    if (++parts > 1) refuse('several parts');
    yield* body;
  }
  if (parts === 0) throw new Error('the answer has no part');
}

/**
 * Retrieves a series into an empty folder; gives the number of files. `onProgress` hears of instances that are there and all.
 */
export async function retrieveSeries(
  server: DicomWebServer,
  service: string,
  place: SeriesPlace,
  folder: string,
  limits: RetrieveLimits,
  signal: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<number> {
  const url = `${service}/studies/${place.study}/series/${place.series}`;
  return within(limits.seconds, signal, `retrieving ${url}`, async (limited) => {
    // the first failure ends the others
    const stop = new AbortController();
    const ended = AbortSignal.any([limited, stop.signal]);
    const uids = await listInstances(server, service, place, limits.instances, ended);
    let [next, done, bytes] = [0, 0, 0];
    onProgress?.(done, uids.length);

    const counted = async function* (answer: IncomingMessage): AsyncGenerator<Uint8Array> {
      let own = 0;
      try {
        for await (const piece of answer as AsyncIterable<Uint8Array>) {
          own += piece.length;
          bytes += piece.length;
          if (bytes > limits.bytes) {
            const reason = `it has more than ${limits.bytes / 1e6} MB; --limits megabytes=… allows more`;
            throw new BiomedParseError('input', `${url} is not retrieved: ${reason}`, { url });
          }
          yield piece;
        }
      } finally {
        // what came of an answer that was cut does not count
        if (!answer.complete) bytes -= own;
      }
    };
    const retrieve = async (uid: string, path: string): Promise<void> => {
      const request = { method: 'GET', url: `${url}/instances/${uid}`, accept: ACCEPT, signal: ended } as const;
      await server.send(request, async (answer) => {
        const full = (error: unknown): never => {
          throw new BiomedParseError('io', `cannot write ${path}: ${systemReason(error)}`, { path }, error);
        };
        const file = await open(path, 'w').catch(full);
        try {
          for await (const piece of fileOf(answer.headers, counted(answer))) await file.writeFile(piece).catch(full);
        } finally {
          answer.destroy();
          await file.close();
        }
      });
      const label = `instance ${uid}`;
      const { sopInstanceUid } = instanceOf(parseDicom(await readFileChecked(path), label));
      if (sopInstanceUid !== uid) {
        throw new BiomedParseError('input', `the DICOMweb server sent instance ${sopInstanceUid} instead of ${uid}`);
      }
      onProgress?.(++done, uids.length);
    };
    const worker = async (): Promise<void> => {
      while (next < uids.length) {
        ended.throwIfAborted();
        const number = next++;
        await retrieve(uids[number], join(folder, `${String(number + 1).padStart(6, '0')}.dcm`));
      }
    };
    const workers = Array.from({ length: CONNECTIONS }, () =>
      worker().catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    );
    await Promise.allSettled(workers);
    stop.signal.throwIfAborted();
    return uids.length;
  });
}
