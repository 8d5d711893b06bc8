/** Languages beside English. */
import { chinese } from './chinese.ts';
import type { Language } from './types.ts';

export const languages: readonly Language[] = [chinese];
