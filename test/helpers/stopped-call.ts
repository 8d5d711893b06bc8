import type { ModelSettings } from '../../src/parse/config.ts';
import { fakeModel } from '../fake-model.ts';
import { callCli } from './cli.ts';

/** Calls the program with a fake model, and interrupts it once the model has seen so many images. */
export async function stoppedCall(
  argv: readonly string[],
  stopAfter = Number.POSITIVE_INFINITY,
  settings: Partial<ModelSettings> = {},
) {
  const stop = new AbortController();
  const { model, calls } = fakeModel(settings);
  const watched = {
    ...model,
    encode: (...given: Parameters<typeof model.encode>) => {
      if (calls.images >= stopAfter) stop.abort();
      return model.encode(...given);
    },
  };
  return { ...(await callCli(argv, { loadModel: async () => watched, signal: stop.signal })), calls };
}
