/**
 * `biomedparse segment` on volumes: per volume and prompt a mask in the volume's grid, a report and a picture of key slices, and
 * a receipt. What the network said of each slice is kept in a hidden work folder beside the results until they are complete, so
 * that the same call goes on where an earlier one was ended, with the same bytes in the end. A volume that fails is reported
 * and the others go on; the exit status is then 1.
 */
import { rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { dicomObjects } from '../formats/dicom/results.ts';
import type { Finding, VolumeResult } from '../formats/results.ts';
import { type ReadVolume, readVolume } from '../formats/volume.ts';
import { type MaskVolume, orientationLabel } from '../image/volume.ts';
import type { Terms } from '../ontology/index.ts';
import { volumeFileWarnings } from '../parse/check-image.ts';
import { presenceLimit, presenceLimits } from '../parse/presence.ts';
import { checkPrompts } from '../parse/prompts.ts';
import type { Model } from '../parse/segment.ts';
import { folderStore } from '../parse/slice-store.ts';
import { DEFAULT_SMOOTHING, type ScannedVolume, scanVolume, type VolumeOptions } from '../parse/volume.ts';
import { writeFileAtomic } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { round } from './answer-report.ts';
import {
  type ChosenFormat,
  checkDicomFormats,
  chooseFormats,
  dicomOrigin,
  formatEndings,
  writeFormats,
} from './formats.ts';
import { eachInput } from './images.ts';
import type { CliIo } from './io.ts';
import { planResults, type ResultFiles, stem } from './names.ts';
import type { OutputFolder } from './output.ts';
import { startProgress } from './progress.ts';
import {
  checkObjectsRoundTrip,
  gridGeometry,
  hashFile,
  hashModel,
  hashOrigin,
  receiptText,
  workKey,
} from './receipt.ts';
import { openRemote, type Remote } from './remote.ts';
import type { SegmentCommand } from './segment.ts';
import { hashTerms, readTerms } from './terms.ts';
import { type Named, PROMPT_ENDINGS, readBack, writePrompt } from './volume-files.ts';
import { type VolumePromptReport, volumeTable } from './volume-report.ts';
import type { Warned } from './warnings.ts';

interface VolumeReport extends Warned {
  readonly input: string;
  readonly size: readonly number[];
  readonly spacing: readonly number[];
  readonly orientation: string;
  readonly plane: string;
  readonly slices: { readonly first: number; readonly last: number; readonly count: number };
  readonly window: { readonly low: number; readonly high: number } | null;
  readonly modality: string | null;
  readonly site: string | null;
  readonly notes: readonly string[];
  readonly seconds: { readonly slices: number; readonly results: number };
  readonly prompts: readonly VolumePromptReport[];
  /** Files of the formats that hold all prompts. */
  readonly files: Readonly<Record<string, string>>;
  /** Only with --store: addresses of the objects that were stored, by format. */
  readonly stored?: Readonly<Record<string, string>>;
  readonly receipt: string;
}

/** What a call asks, read once for all volumes. */
interface Job {
  readonly command: SegmentCommand;
  readonly prompts: readonly string[];
  readonly terms: Terms | undefined;
  readonly termsHash: string | null;
  readonly formats: readonly ChosenFormat<VolumeResult>[];
  readonly remote: Remote;
}

function volumeOptions({ command, terms }: Job, cine = false): VolumeOptions {
  const { plane, slices, window, modality, site, smooth, threshold, presenceThreshold, falseAlarms } = command;
  const presence = { presenceThreshold, falseAlarmRate: falseAlarms };
  const given = { plane, slices, window, modality, site, smoothing: smooth, threshold, ...presence, terms };
  return {
    // frames that follow each other in time do not blur into each other
    ...(cine ? { smoothing: 0 } : {}),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    joint: command.joint ?? false,
    probabilities: command.segType === 'fractional',
    fillHoles: command.fillHoles ?? false,
    largestComponent: command.largestComponent ?? false,
  };
}

/** Slices through the model with progress, from what an earlier run kept. */
async function scan(
  model: Model,
  input: string,
  read: ReadVolume,
  job: Job,
  work: string,
  io: CliIo,
): Promise<ScannedVolume> {
  let bar: ReturnType<typeof startProgress> | undefined;
  let last = 0;
  const onSlice = (done: number, total: number): void => {
    bar ??= startProgress(io, `slices of ${basename(input)}`, total);
    last = done;
    bar.update(done);
  };
  try {
    const store = await folderStore(work);
    const options = { ...volumeOptions(job, read.cine), store, onSlice, signal: io.signal };
    return await scanVolume(model, read.volume, job.prompts, options);
  } catch (error) {
    if (io.signal.aborted && last > 0) {
      io.err(`${last} slices are kept in ${work}; the same call goes on from there\n`);
    }
    throw error;
  } finally {
    bar?.stop();
  }
}

/** What the volume was asked with, as the receipt has it. */
function usedSettings(model: Model, scanned: ScannedVolume, options: VolumeOptions, termsHash: string | null) {
  const { plane, indices, window, modality, site } = scanned;
  return {
    plane,
    slices: { first: indices[0], last: indices.at(-1) as number, count: indices.length },
    window,
    modality,
    site,
    threshold: options.threshold ?? 0.5,
    presence_threshold: presenceLimit(presenceLimits(model.presence, options), modality),
    smoothing_mm: options.smoothing ?? DEFAULT_SMOOTHING,
    fill_holes: options.fillHoles,
    largest_component: options.largestComponent,
    joint: options.joint,
    terms_sha256: termsHash,
  };
}

async function segmentVolumeFile(
  model: Model,
  modelHashes: object,
  input: string,
  name: string,
  read: ReadVolume,
  job: Job,
  files: ResultFiles,
  folder: OutputFolder,
  io: CliIo,
): Promise<VolumeReport> {
  const { command, prompts, formats } = job;
  const { volume } = read;
  const options = volumeOptions(job, read.cine);
  const origin = await hashOrigin(command.deidentify ? name : input, read, modelHashes, command);
  const { plane = 'axial', window = null, modality = null, site = null, joint } = options;
  const said = volume.identifiers.modality; // by a DICOM header: not among the samples
  const key = workKey(origin, { prompts, plane, window, modality, said, site, joint, terms: job.termsHash });
  // a series that cannot be referred to is refused before the model runs
  const dicom = dicomOrigin(formats, read, model.name, command.segType, command.deidentify ? origin.samples : null);
  const work = join(command.out, `.${stem(name)}-${key.slice(0, 16)}.work`);
  try {
    const start = performance.now();
    const scanned = await scan(model, input, read, job, work, io);
    const { indices } = scanned;
    if (scanned.kept > 0) io.err(`${scanned.kept} of ${indices.length} slices were kept by an earlier run\n`);
    const between = performance.now();

    const named: Named = { source: input, model: model.name, volume, plane: scanned.plane, indices, dicom };
    const whole = formats.some(({ writer }) => writer.per === 'input');
    const findings: Finding<MaskVolume>[] = [];
    const results: object[] = [];
    const reports: VolumePromptReport[] = [];
    for (let i = 0; i < prompts.length; i++) {
      const found = await scanned.answer(i);
      if (whole) findings.push({ ...found, name: found.text });
      const written = await writePrompt(found, scanned, formats, named, files.prompts[i], folder);
      reports.push(written.report);
      results.push(...written.results);
    }
    const shared = await writeFormats(formats, 'input', { ...named, findings }, files.input, folder.stage);
    for (const { format, path } of shared) {
      const staged = folder.stage(path);
      const roundTrip = await checkObjectsRoundTrip(format, staged, dicomObjects(findings));
      results.push({ format, ...(await hashFile(staged)), ...readBack(roundTrip) });
    }

    const remarks = {
      notes: [...read.notes, ...scanned.notes],
      warnings: [...volumeFileWarnings(read), ...scanned.warnings],
    };
    const [receipt] = files.input;
    const settings = usedSettings(model, scanned, options, job.termsHash);
    const asked = reports.map(({ text, concept, present, presence }) => ({ text, concept, present, presence }));
    const proof = receiptText(origin, gridGeometry(volume), asked, settings, results, remarks);
    await writeFileAtomic(folder.stage(receipt), proof);
    await folder.commit();
    const written = Object.fromEntries(shared.map(({ format, path }) => [format, path]));
    // what was kept goes only after this: a call that could not store goes on from there
    const stored = command.store ? { stored: await job.remote.store(written) } : {};
    await rm(work, { recursive: true, force: true });
    const seconds = {
      slices: round((between - start) / 1000, 3),
      results: round((performance.now() - between) / 1000, 3),
    };
    return {
      input,
      size: volume.size,
      spacing: volume.spacing,
      orientation: orientationLabel(volume),
      plane: scanned.plane,
      slices: settings.slices,
      window: scanned.window,
      modality: scanned.modality,
      site: scanned.site,
      ...remarks,
      seconds,
      prompts: reports,
      files: written,
      ...stored,
      receipt,
    };
  } finally {
    // only an empty one goes: kept slices stay for the next call
    await rmdir(work).catch(() => undefined);
  }
}

/** Runs the command; gives the exit status. */
export async function runVolumes(given: readonly string[], command: SegmentCommand, io: CliIo): Promise<number> {
  const prompts = checkPrompts(command.prompt ?? []);
  const chosen = chooseFormats('volume', command.format ?? [], ['nifti']);
  const stores = command.store && !chosen.some(({ writer }) => writer.dicom);
  const formats = stores ? [...chosen, ...chooseFormats('volume', ['dicom-seg'], [])] : chosen;
  await checkDicomFormats(formats, given, command);
  const [terms, termsHash] = [await readTerms(command), await hashTerms(command)];
  const remote = await openRemote(given, command, io);
  try {
    const { inputs, names } = remote;
    let hashed: Promise<object> | undefined; // the model's files once for all volumes
    const job: Job = { command, prompts, terms, termsHash, formats, remote };
    const endings = formatEndings(formats);
    const plan = planResults(
      command.out,
      names,
      prompts,
      [...PROMPT_ENDINGS, ...endings.prompt],
      ['receipt.json', ...endings.input],
    );
    const frame = command.frame === undefined ? {} : { frame: command.frame };
    const { model, results, errors } = await eachInput(
      inputs,
      command,
      io,
      (opened, input, i, folder) =>
        remote.open(input, async (path, series) => {
          const read = await readVolume(path, { ...frame, ...(series === undefined ? {} : { series }) });
          hashed ??= hashModel(opened);
          return segmentVolumeFile(opened, await hashed, input, names[i], read, job, plan[i], folder, io);
        }),
      true,
    );
    if (command.json) {
      io.out(`${JSON.stringify({ notice: NOTICE, model, results, errors })}\n`);
    } else {
      for (const line of volumeTable(results, command.out)) io.out(`${line}\n`);
      for (const { stored = {} } of results) for (const at of Object.values(stored)) io.out(`Stored ${at}\n`);
      io.out(`Model ${model.name}. ${NOTICE}\n`);
    }
    return errors.length === 0 ? 0 : 1;
  } finally {
    remote.close();
  }
}
