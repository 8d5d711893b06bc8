/**
 * Inputs of `segment` that lie in a DICOMweb server, beside those that are files: which series they are, retrieved into a private
 * temporary folder while it is worked on, and results stored in its study. Credentials come from environment variables only and
 * are part of no message. Refused (`usage`): options without an address, several servers in one call.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DicomWebAddress, isDicomWeb, parseAddress, seriesAddress, withoutSearch } from '../dicomweb/address.ts';
import { resolveSeries, type SeriesPlace } from '../dicomweb/query.ts';
import { retrieveSeries } from '../dicomweb/retrieve.ts';
import { type DicomWebServer, openServer } from '../dicomweb/server.ts';
import { storeObject } from '../dicomweb/store.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';
import type { CliIo } from './io.ts';
import { DEFAULT_LIMITS, type RemoteLimits } from './options.ts';
import { startProgress } from './progress.ts';

/** Values of the options. */
export interface RemoteCommand {
  readonly store?: boolean;
  readonly auth?: string;
  readonly ca?: string;
  readonly limits?: RemoteLimits;
  readonly series?: string;
  readonly frame?: number;
  readonly deidentify?: boolean;
}

export interface Remote {
  /** Files as they were given, series by their full address. */
  readonly inputs: readonly string[];
  /** What results of each input are named after. */
  readonly names: readonly string[];
  /** Works on an input as a file or folder; `series` is what to read of it. */
  open<T>(input: string, work: (path: string, series: string | undefined) => Promise<T>): Promise<T>;
  /** Stores the DICOM files among those of a result, by format, in their study; gives their addresses. */
  store(files: Readonly<Record<string, string>>): Promise<Record<string, string>>;
  close(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;
const VARIABLES = { basic: 'BIOMEDPARSE_DICOMWEB_BASIC', bearer: 'BIOMEDPARSE_DICOMWEB_BEARER' } as const;

const refuse = (message: string): never => {
  throw new BiomedParseError('usage', message);
};

/** The Authorization header; undefined if none is asked for. What --auth was given is not repeated: it may be a password by mistake. */
function authorization(auth: string | undefined, env: Environment): string | undefined {
  const found = /^(basic|bearer):([A-Za-z_]\w*)$/.exec(auth ?? '');
  if (auth !== undefined && found === null) {
    return refuse('--auth: allowed: basic:VARIABLE or bearer:VARIABLE, the name of an environment variable');
  }
  const set = (Object.keys(VARIABLES) as (keyof typeof VARIABLES)[]).filter((kind) => env[VARIABLES[kind]]);
  if (found === null && set.length === 0) return undefined;
  if (found === null && set.length > 1) {
    return refuse(`${VARIABLES.basic} and ${VARIABLES.bearer} are both set; one is allowed, or --auth`);
  }
  const kind = (found?.[1] ?? set[0]) as keyof typeof VARIABLES;
  const value = env[found?.[2] ?? VARIABLES[kind]] ?? '';
  const named = found === null ? VARIABLES[kind] : 'the environment variable that --auth names';
  if (value === '') return refuse(`${named} is not set`);
  if (kind === 'basic') {
    if (!/^[^:\p{Cc}]+:[^\p{Cc}]*$/u.test(value)) refuse(`${named} holds no user:password`);
    return `Basic ${Buffer.from(value).toString('base64')}`;
  }
  return /^[\x21-\x7e]+$/.test(value) ? `Bearer ${value}` : refuse(`${named} holds no token`);
}

async function certificates(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const pem = (await readFileChecked(path)).toString('latin1');
  try {
    new X509Certificate(pem);
  } catch {
    return refuse(`--ca ${path}: allowed: a file of certificates in PEM`);
  }
  return pem;
}

/** The server of all addresses. */
async function connect(
  addresses: readonly DicomWebAddress[],
  command: RemoteCommand,
  io: CliIo,
  env: Environment,
): Promise<DicomWebServer> {
  const [{ origin, protocol, hostname }, ...others] = addresses.map(({ service }) => new URL(service));
  const other = others.find((one) => one.origin !== origin);
  if (other !== undefined) refuse(`${origin} and ${other.origin}: the series of one call lie in one server`);
  const header = authorization(command.auth, env);
  if (header !== undefined && protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) {
    io.err(`credentials go to ${origin} without encryption; dicomweb+https encrypts them\n`);
  }
  const { retries } = command.limits ?? DEFAULT_LIMITS;
  return openServer({
    authorization: header,
    ca: await certificates(command.ca),
    retries,
    signal: io.signal,
    log: (line) => io.err(`${line}\n`),
  });
}

/** Refuses (`usage`) options that need an address where none, or not every input, is one. */
export function checkRemote(inputs: readonly string[], command: RemoteCommand): void {
  const { auth, ca, limits, store, frame } = command;
  const given = Object.entries({ auth, ca, limits, store }).find(([, value]) => value !== undefined)?.[0];
  const file = inputs.find((input) => !isDicomWeb(input));
  if (given !== undefined && !inputs.some(isDicomWeb)) refuse(`--${given} goes with a dicomweb+http(s):// address`);
  const address = inputs.find(isDicomWeb);
  if (frame !== undefined && address !== undefined) {
    refuse(`--frame ${frame}: ${withoutSearch(address)} is a DICOM series, which has no frames to choose from`);
  }
  if (store && file !== undefined) refuse(`--store goes with series of a DICOMweb server, and ${file} is none`);
  if (store && command.deidentify) {
    refuse('--store goes without --deidentify: a de-identified object belongs to no study of the server');
  }
}

/** Finds out what the inputs are; `close` it in the end. */
export async function openRemote(
  given: readonly string[],
  command: RemoteCommand,
  io: CliIo,
  env: Environment = process.env,
): Promise<Remote> {
  checkRemote(given, command);
  const { instances, megabytes, seconds } = command.limits ?? DEFAULT_LIMITS;
  const addresses = new Map(given.filter(isDicomWeb).map((input) => [input, parseAddress(input)]));
  const server = addresses.size === 0 ? undefined : await connect([...addresses.values()], command, io, env);
  const places = new Map<string, SeriesPlace & { readonly service: string }>();
  const inputs: string[] = [];
  try {
    for (const input of given) {
      const address = addresses.get(input);
      if (server === undefined || address === undefined) {
        inputs.push(input);
        continue;
      }
      const place = await resolveSeries(server, address, command.series);
      const full = seriesAddress(address.service, place.study, place.series);
      places.set(full, { ...place, service: address.service });
      inputs.push(full);
    }
  } catch (error) {
    server?.close();
    throw error;
  }
  const nameOf = (input: string): string => {
    const uid = places.get(input)?.series;
    if (uid === undefined) return input;
    // an identifier of the source is no part of what is de-identified
    const short = createHash('sha256').update(uid).digest('hex').slice(0, 12);
    return command.deidentify ? `series-${short}.dcm` : `${uid}.dcm`;
  };
  return {
    inputs,
    names: inputs.map(nameOf),
    async open(input, work) {
      const place = places.get(input);
      if (server === undefined || place === undefined) return work(input, command.series);
      const folder = await mkdtemp(join(tmpdir(), 'biomedparse-series-'));
      let bar: ReturnType<typeof startProgress> | undefined;
      const onProgress = (done: number, total: number): void => {
        bar ??= startProgress(io, 'instances retrieved', total);
        bar.update(done);
      };
      try {
        const limits = { instances, bytes: megabytes * 1e6, seconds };
        try {
          await retrieveSeries(server, place.service, place, folder, limits, io.signal, onProgress);
        } finally {
          bar?.stop();
        }
        return await work(folder, place.series);
      } catch (error) {
        if (!(error instanceof BiomedParseError)) throw error;
        const { code, message, fields, cause } = error;
        throw new BiomedParseError(code, message.replaceAll(folder, input), fields, cause);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async store(files) {
      const [{ service }] = places.values();
      const stored: Record<string, string> = {};
      for (const [format, path] of Object.entries(files).filter(([, file]) => file.endsWith('.dcm'))) {
        try {
          const bytes = await readFile(path);
          stored[format] = await storeObject(server as DicomWebServer, service, bytes, seconds, io.signal);
        } catch (error) {
          if (!(error instanceof BiomedParseError)) throw error;
          throw new BiomedParseError(error.code, `${error.message}; it is kept as ${path}`, error.fields, error);
        }
      }
      return stored;
    },
    close: () => server?.close(),
  };
}
