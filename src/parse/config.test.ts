import { describe, expect, it } from 'vitest';
import { fakeConfig } from '../../test/fake-model.ts';
import { publishedConfig } from '../model/config.ts';
import { checkModelSettings } from './config.ts';

const without = (section: string, key: string, value?: unknown) => {
  const copy = structuredClone(fakeConfig) as unknown as Record<string, Record<string, unknown>>;
  if (value === undefined) delete copy[section][key];
  else copy[section][key] = value;
  return copy;
};
const check = (value: unknown) => () => checkModelSettings(value, 'm/config.json');

describe('checkModelSettings', () => {
  it('accepts a whole configuration, with or without an operating point', () => {
    expect(checkModelSettings(fakeConfig, 'm/config.json').name).toBe('fake');
    expect(checkModelSettings(publishedConfig, 'm/config.json')).toEqual(publishedConfig);
    expect(checkModelSettings({ ...fakeConfig, presenceThreshold: 0.3 }, 'f').presenceThreshold).toBe(0.3);
  });
  it('names file, field, what is allowed and what was found', () => {
    expect(check(without('backbone', 'embed', 'fast'))).toThrow(
      'm/config.json: field "backbone.embed" must be "conv" or "patch", got "fast"',
    );
    expect(check(without('text', 'heads'))).toThrow(
      'field "text.heads" must be a whole number from 1 to 65536, got nothing',
    );
    expect(check({ ...fakeConfig, imageSize: 100 })).toThrow('"imageSize" must be a multiple of 32');
    expect(check({ ...fakeConfig, pixelStd: [1, 0, 1] })).toThrow('"pixelStd" must be three numbers above 0');
    expect(check(without('backbone', 'focalKernels', [[3], [3], [4], [3]]))).toThrow('odd kernel sizes');
    expect(check(without('decoder', 'regions', 'yes'))).toThrow(
      'field "decoder.regions" must be true or false, or left out, got "yes"',
    );
    expect(check(without('decoder', 'regionsTrained', true))).not.toThrow();
    expect(check({ ...fakeConfig, decoder: 5 })).toThrow('"decoder" must be an object with dim, queries');
    expect(check({ ...fakeConfig, presenceThreshold: 2 })).toThrow('"presenceThreshold" must be a number from 0 to 1');
    expect(check([])).toThrow('must hold a JSON object');
  });
  it('refuses dimensions that heads or groups do not divide', () => {
    expect(check(without('decoder', 'heads', 3))).toThrow(
      '"decoder.dim" must be a multiple of "decoder.heads" (3), got 8',
    );
  });
  it('throws errors of the kind model', () => {
    expect(check({})).toThrow(expect.objectContaining({ code: 'model' }));
  });
});
