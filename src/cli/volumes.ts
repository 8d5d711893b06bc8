/**
 * `biomedparse segment` on volumes: per volume and prompt a mask in the volume's grid, a report and a picture of key slices, and
 * a receipt. What the network said of each slice is kept in a hidden work folder beside the results until they are complete, so
 * that the same call goes on where an earlier one was ended, with the same bytes in the end. A volume that fails is reported
 * and the others go on; the exit status is then 1.
 */
import { createHash } from 'node:crypto';
import { rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { dicomObjects } from '../formats/dicom/results.ts';
import type { Finding, VolumeResult } from '../formats/results.ts';
import { type ReadVolume, readVolume } from '../formats/volume.ts';
import { type MaskVolume, orientationLabel } from '../image/volume.ts';
import { loadTerms, type Terms } from '../ontology/index.ts';
import { volumeFileWarnings } from '../parse/check-image.ts';
import { presenceLimit, presenceLimits } from '../parse/presence.ts';
import { checkPrompts } from '../parse/prompts.ts';
import type { Model } from '../parse/segment.ts';
import { folderStore } from '../parse/slice-store.ts';
import { DEFAULT_SMOOTHING, type ScannedVolume, scanVolume, type VolumeOptions } from '../parse/volume.ts';
import { readFileChecked, writeFileAtomic } from '../util/files.ts';
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
  checkRoundTrip,
  gridGeometry,
  hashFile,
  hashModel,
  hashOrigin,
  NOTICE,
  receiptText,
  workKey,
} from './receipt.ts';
import { openRemote, type Remote } from './remote.ts';
import type { SegmentCommand } from './segment.ts';
import { writeMosaic } from './volume-mosaic.ts';
import { promptReport, type VolumePromptReport, volumeTable } from './volume-report.ts';
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
  /** Of the file with the user's terms; null without one. */
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
    if (scanned.kept > 0) io.err(`${scanned.kept} of ${scanned.indices.length} slices were kept by an earlier run\n`);
    const between = performance.now();

    const whole = formats.some(({ writer }) => writer.per === 'input');
    const findings: Finding<MaskVolume>[] = [];
    const results: object[] = [];
    const reports: VolumePromptReport[] = [];
    const named = {
      source: input,
      model: model.name,
      volume,
      plane: scanned.plane,
      indices: scanned.indices,
      dicom,
    };
    const [reportEnding, mosaicEnding] = [0, 1];
    for (let i = 0; i < prompts.length; i++) {
      const found = await scanned.answer(i);
      const paths = files.prompts[i];
      const finding: Finding<MaskVolume> = { ...found, name: found.text };
      if (whole) findings.push(finding);
      const written = await writeFormats(formats, 'prompt', { ...named, findings: [finding] }, paths, folder.stage);
      for (const { format, path } of written) {
        const staged = folder.stage(path);
        const roundTrip = await checkRoundTrip(format, staged, found.mask);
        results.push({
          prompt: found.text,
          format,
          ...(await hashFile(staged)),
          ...(roundTrip === null ? {} : { round_trip: roundTrip }),
        });
      }
      await writeMosaic(folder.stage(paths[mosaicEnding]), volume, scanned, found, model.name);
      const outputs = Object.fromEntries(written.map(({ format, path }) => [format, path]));
      const { summary, report } = promptReport(found, outputs, paths[reportEnding], paths[mosaicEnding]);
      await writeFileAtomic(
        folder.stage(paths[reportEnding]),
        `${JSON.stringify({ notice: NOTICE, model: model.name, ...report }, null, 2)}\n`,
      );
      reports.push(summary);
    }
    const shared = await writeFormats(formats, 'input', { ...named, findings }, files.input, folder.stage);
    for (const { format, path } of shared) {
      const staged = folder.stage(path);
      const roundTrip = await checkObjectsRoundTrip(format, staged, dicomObjects(findings));
      results.push({
        format,
        ...(await hashFile(staged)),
        ...(roundTrip === null ? {} : { round_trip: roundTrip }),
      });
    }

    const notes = [...read.notes, ...scanned.notes];
    const warnings = [...volumeFileWarnings(read), ...scanned.warnings];
    const [receipt] = files.input;
    const settings = {
      plane: scanned.plane,
      slices: { first: scanned.indices[0], last: scanned.indices.at(-1) as number, count: scanned.indices.length },
      window: scanned.window,
      modality: scanned.modality,
      site: scanned.site,
      threshold: options.threshold ?? 0.5,
      presence_threshold: presenceLimit(presenceLimits(model.presence, options), scanned.modality),
      smoothing_mm: options.smoothing ?? DEFAULT_SMOOTHING,
      fill_holes: options.fillHoles,
      largest_component: options.largestComponent,
      joint,
      terms_sha256: job.termsHash,
    };
    const asked = reports.map(({ text, concept, present, presence }) => ({ text, concept, present, presence }));
    await writeFileAtomic(
      folder.stage(receipt),
      receiptText(origin, gridGeometry(volume), asked, settings, results, { notes, warnings }),
    );
    await folder.commit();
    const written = Object.fromEntries(shared.map(({ format, path }) => [format, path]));
    // what was kept goes only after this: a call that could not store goes on from there
    const stored = command.store ? { stored: await job.remote.store(written) } : {};
    await rm(work, { recursive: true, force: true });
    const seconds = { slices: between - start, results: performance.now() - between };
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
      notes,
      warnings,
      seconds: {
        slices: Number((seconds.slices / 1000).toFixed(3)),
        results: Number((seconds.results / 1000).toFixed(3)),
      },
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
  const terms = command.terms === undefined ? undefined : await loadTerms(command.terms);
  const termsHash =
    command.terms === undefined
      ? null
      : createHash('sha256')
          .update(await readFileChecked(command.terms))
          .digest('hex');
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
      ['report.json', 'mosaic.png', ...endings.prompt],
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
