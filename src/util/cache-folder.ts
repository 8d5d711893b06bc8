/** Where files that can be fetched again are kept. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's folder for things that can be fetched again, by the custom of the system. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
  home: string = homedir(),
): string {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'biomedparse');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'biomedparse');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'biomedparse');
  return join(home, '.cache', 'biomedparse');
}
