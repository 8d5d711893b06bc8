/**
 * One tagged error for the whole package, thrown where bad input crosses a border.
 * `code` says whose mistake it is; `fields` carries the values that the message names.
 */

/**
 * - `usage`: the caller asked for something that does not exist (unknown option, empty prompt)
 * - `input`: a file or value handed in cannot be used (truncated image, wrong shape)
 * - `model`: a model directory or its weights are missing, mismatched or unfit for the request
 * - `io`: the system refused (folder not writable, network gone)
 * - `runtime`: ONNX Runtime or a device failed
 * - `internal`: a broken promise of our own code
 */
export type ErrorCode = 'usage' | 'input' | 'model' | 'io' | 'runtime' | 'internal';

export class BiomedParseError extends Error {
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, fields: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BiomedParseError';
    this.code = code;
    this.fields = fields;
  }
}

/** Process exit status for an error: 2 for a wrong call, 1 for everything else. */
export function exitStatus(error: unknown): 1 | 2 {
  return error instanceof BiomedParseError && error.code === 'usage' ? 2 : 1;
}

/** One line for people: the message, without stack or line breaks. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s*\n\s*/g, ' ').trim();
}
