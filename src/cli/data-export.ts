/** `biomedparse data export`: a data folder as COCO, JSON lines, Parquet or tar shards. */
import { EXPORT_FORMATS, type ExportFormat, exportData } from '../curate/export/export.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { CliIo } from './io.ts';
import { withProgress } from './progress.ts';

/** Values of the command's options, as commander spells them. */
export interface DataExportCommand {
  readonly out: string;
  readonly format?: readonly string[];
  readonly shards?: number;
  readonly sets?: readonly string[];
  readonly split?: 'train' | 'test';
  readonly json?: boolean;
}

function checkFormats(names: readonly string[]): ExportFormat[] {
  return names.map((name) => {
    const known = EXPORT_FORMATS.find((format) => format === name);
    if (known !== undefined) return known;
    throw new BiomedParseError('usage', `--format "${name}"; allowed: ${EXPORT_FORMATS.join(', ')}`, { format: name });
  });
}

/** Runs the command; gives the exit status. */
export async function runDataExport(root: string, command: DataExportCommand, io: CliIo): Promise<number> {
  const { out, shards, sets, split, json } = command;
  const formats = checkFormats(command.format ?? []);
  if (formats.length === 0 && shards === undefined) {
    throw new BiomedParseError(
      'usage',
      `nothing to write; needed: --format ${EXPORT_FORMATS.join('|')} or --shards <n>`,
    );
  }
  const { images, files } = await withProgress(io, 'images', (onProgress) =>
    exportData(root, {
      ...{ out, formats, onProgress, signal: io.signal },
      ...(shards === undefined ? {} : { shards }),
      ...(sets === undefined ? {} : { sets }),
      ...(split === undefined ? {} : { split }),
    }),
  );
  if (json) io.out(`${JSON.stringify({ root, out, images, files })}\n`);
  else io.out(`${images} images: ${files.length} files in ${out}: ${files.join(', ')}\n`);
  return 0;
}
