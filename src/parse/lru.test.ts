import { expect, it } from 'vitest';
import { createLruCache } from './lru.ts';

it('drops what was not used for longest', () => {
  const cache = createLruCache<string, number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  expect(cache.get('a')).toBe(1); // renews a
  cache.set('c', 3);
  expect(cache.get('b')).toBeUndefined();
  expect([cache.get('a'), cache.get('c'), cache.size]).toEqual([1, 3, 2]);
  cache.clear();
  expect(cache.size).toBe(0);
});
