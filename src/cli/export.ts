/** `biomedparse export --to torch <model|training.json> --out <dir>`: a folder of Python with the network and a trainer. */
import { exportTorch } from '../export/export.ts';
import type { CliIo } from './io.ts';

export interface ExportCommand {
  readonly to: string;
  readonly out: string;
}

/** Runs the command; gives the exit status. */
export async function runExport(source: string, command: ExportCommand, io: CliIo): Promise<number> {
  const { name, parameters, files } = await exportTorch(source, command.out);
  io.out(`${command.out}: ${name}, ${(parameters / 1e6).toFixed(2)} M parameters; ${files.join(', ')}\n`);
  return 0;
}
