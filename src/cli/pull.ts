/** `biomedparse pull`: a checkpoint and its tokenizer from a Hugging Face-style hub, then `convert`. */
import { join } from 'node:path';
import { checkOutput } from '../parse/convert.ts';
import { cacheFolder } from '../util/cache-folder.ts';
import { BiomedParseError } from '../util/errors.ts';
import { type ConversionCommand, conversionOptions, convertWithProgress } from './convert.ts';
import { downloadFromHub, type HubFile } from './hub.ts';
import type { CliIo } from './io.ts';
import { startProgress } from './progress.ts';

export interface PullCommand extends ConversionCommand {
  readonly out: string;
  readonly file: string;
  readonly revision: string;
  readonly sha256?: string;
  readonly merges?: string;
  readonly tokenizer?: string;
  readonly hub?: string;
  readonly token?: string;
}

/** Whose tokenizer the published network was trained with. */
const DEFAULT_TOKENIZER = 'openai/clip-vit-base-patch32';
const DEFAULT_HUB = 'https://huggingface.co';
const MEGABYTE = 1e6;

/** Runs the command; gives the exit status. `env` is the process's environment but for tests. */
export async function runPull(
  repository: string,
  command: PullCommand,
  io: CliIo,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  const sha256 = command.sha256?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new BiomedParseError('usage', `--sha256 ${JSON.stringify(command.sha256)}: allowed: 64 hexadecimal digits`);
  }
  const options = await conversionOptions(command);
  await checkOutput(command.out);
  const hub = (command.hub ?? (env.BIOMEDPARSE_HUB_URL || env.HF_ENDPOINT || DEFAULT_HUB)).replace(/\/+$/, '');
  const token = command.token ?? env.HF_TOKEN;
  const folder = join(cacheFolder(env), 'hub');
  const fetchFile = async (wanted: HubFile, expected?: string) => {
    let progress: ReturnType<typeof startProgress> | undefined;
    try {
      return await downloadFromHub(wanted, {
        ...{ hub, token, folder, sha256: expected, signal: io.signal },
        onProgress: (done, total) => {
          progress ??= startProgress(io, `MB of ${wanted.file}`, Math.ceil(total / MEGABYTE) || 0);
          progress.update(Math.ceil(done / MEGABYTE));
        },
      });
    } finally {
      progress?.stop();
    }
  };
  const { file, revision } = command;
  const fetchTokenizer = async (from: string, at: string): Promise<string> =>
    (await fetchFile({ repository: from, revision: at, file: 'tokenizer.json' })).path;
  /** The repository's own, else the one that the published network was trained with. */
  const findTokenizer = async (): Promise<string> => {
    try {
      return await fetchTokenizer(repository, revision);
    } catch (error) {
      if (!(error instanceof BiomedParseError) || error.fields.status !== 404) throw error;
      return fetchTokenizer(DEFAULT_TOKENIZER, 'main');
    }
  };
  const named = command.tokenizer;
  const tokenizer =
    command.merges ?? (named === undefined ? await findTokenizer() : await fetchTokenizer(named, 'main'));
  const { path, commit } = await fetchFile({ repository, revision, file }, sha256);
  const origin = `${hub}/${repository} at ${commit ?? revision}`;
  await convertWithProgress(path, command.out, { ...options, tokenizer, origin }, command, io);
  return 0;
}
