import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.ts';

describe('cacheFolder', () => {
  it('follows the custom of the system', () => {
    expect(cacheFolder({}, 'linux', '/home/a')).toBe(join('/home/a', '.cache', 'biomedparse'));
    expect(cacheFolder({ XDG_CACHE_HOME: '/big' }, 'linux', '/home/a')).toBe(join('/big', 'biomedparse'));
    expect(cacheFolder({}, 'darwin', '/Users/a')).toBe(join('/Users/a', 'Library', 'Caches', 'biomedparse'));
    expect(cacheFolder({ LOCALAPPDATA: 'L' }, 'win32', 'H')).toBe(join('L', 'biomedparse'));
    expect(cacheFolder({}, 'win32', 'H')).toBe(join('H', 'AppData', 'Local', 'biomedparse'));
  });
});
