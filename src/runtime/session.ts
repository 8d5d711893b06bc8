/**
 * The one door to ONNX Runtime in Node: sessions from lowered graphs, device choice, threads, memory, disposal.
 * Tensors cross this border as plain typed arrays.
 */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { OnnxModel } from '../graph/onnx/lower.ts';
import { type DType, sizeOf } from '../graph/tensor.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';

export const devices = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

export type Values = Float32Array | BigInt64Array | Uint8Array;

export interface SessionOptions {
  readonly device?: Device;
  /** Threads of one operator; 0 leaves the choice to ONNX Runtime. Default 0. */
  readonly threads?: number;
  /** Folder of the files that hold a model's external weights; they are mapped, not copied. */
  readonly weightFolder?: string;
  /** Whether memory of a run is kept for the next one, which is faster (default); else it is given back. */
  readonly keepMemory?: boolean;
  /** Told about a fall-back to another device. */
  readonly onMessage?: (line: string) => void;
}

export interface Session {
  readonly device: Device;
  /** Feeds by input name; results by output name. `into` names arrays that results are written to in place. */
  run(
    feeds: Readonly<Record<string, Values>>,
    into?: Readonly<Record<string, Float32Array>>,
  ): Promise<Record<string, Values>>;
  dispose(): Promise<void>;
}

const elementTypes = { f32: 'float32', i64: 'int64', bool: 'bool', s8: 'int8' } as const;

type Ort = typeof import('onnxruntime-node');
let loaded: Promise<Ort> | undefined;

/** What goes wrong arrives as an exception; ONNX Runtime's own lines on standard error would only repeat it. */
function quiet(ort: Ort): Ort {
  ort.env.logLevel = 'fatal';
  return ort;
}

/** Loads ONNX Runtime on first use; a broken installation gets a message that says what to do. */
async function loadOrt(): Promise<Ort> {
  loaded ??= import('onnxruntime-node').then(quiet, (cause: unknown) => {
    const message = `ONNX Runtime cannot be loaded (${errorLine(cause)}); reinstall with ONNXRUNTIME_NODE_INSTALL=skip npm install`;
    throw new BiomedParseError('runtime', message, {}, cause);
  });
  return loaded;
}

function sessionOptions(device: Device, options: SessionOptions): InferenceSession.SessionOptions {
  const { threads = 0, weightFolder } = options;
  const external = weightFolder === undefined ? {} : { model_external_initializers_file_folder_path: weightFolder };
  return {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    // on WebGPU the higher levels fuse away an output of LayerNormalization that is in use
    graphOptimizationLevel: device === 'webgpu' ? 'basic' : 'all',
    enableMemPattern: false,
    enableCpuMemArena: options.keepMemory ?? true,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
    // spinning threads take the processor from the other workers
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' }, ...external } },
  };
}

/** Throws what ONNX Runtime threw as an error of this library. */
const failOn =
  (device: Device) =>
  (cause: unknown): never => {
    throw new BiomedParseError('runtime', `ONNX Runtime: ${errorLine(cause)}`, { device }, cause);
  };

async function createSession(
  ort: Ort,
  bytes: Uint8Array,
  options: SessionOptions,
): Promise<{ session: InferenceSession; device: Device }> {
  const device = options.device ?? 'cpu';
  const create = (on: Device): Promise<InferenceSession> =>
    ort.InferenceSession.create(bytes, sessionOptions(on, options));
  try {
    return { session: await create(device), device };
  } catch (cause) {
    if (device === 'cpu') return failOn(device)(cause);
    options.onMessage?.(`device ${device} is not available here (${errorLine(cause)}); using cpu`);
  }
  return { session: await create('cpu').catch(failOn('cpu')), device: 'cpu' };
}

/** Opens a session on a lowered model. */
export async function openSession(model: OnnxModel, options: SessionOptions = {}): Promise<Session> {
  const ort = await loadOrt();
  const { session, device } = await createSession(ort, model.bytes, options);
  const wrap = (type: DType, values: Values, shape: readonly number[]): OrtTensor =>
    new ort.Tensor(elementTypes[type], values as Float32Array, shape);
  return {
    device,
    async run(feeds, into = {}) {
      const inputs: Record<string, OrtTensor> = {};
      for (const { name, dtype, shape } of model.inputs) {
        const values = feeds[name];
        if (values === undefined || values.length !== sizeOf(shape)) {
          const found = values === undefined ? 'is missing' : `has ${values.length} values`;
          const message = `session input ${name} ${found}, needs ${sizeOf(shape)} [${shape.join(',')}]`;
          throw new BiomedParseError('internal', message, { name, shape });
        }
        inputs[name] = wrap(dtype, values, shape);
      }
      const fetches: Record<string, OrtTensor | null> = {};
      for (const { name, dtype, shape } of model.outputs) {
        const target = into[name];
        fetches[name] = target === undefined ? null : wrap(dtype, target, shape);
      }
      const results = await session.run(inputs, fetches).catch(failOn(device));
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, tensor.data as Values]));
    },
    dispose: () => session.release(),
  };
}
