import { expect, test } from 'vitest';
import { retryAfter } from './retry.ts';

test('Retry-After in seconds or as a date, at most a minute', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfter('3', now)).toBe(3000);
  expect(retryAfter('Thu, 01 Jan 2026 00:00:07 GMT', now)).toBe(7000);
  expect(retryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
  expect(retryAfter('99999', now)).toBe(60_000);
  expect([retryAfter(null, now), retryAfter('soon', now)]).toEqual([undefined, undefined]);
});
