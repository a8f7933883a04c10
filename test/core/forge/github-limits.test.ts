import { expect, test } from 'vitest';
import { limitedUntil } from '../../../core/forge/github/github-limits.ts';

const now = 1_000_000_000;
const none = { 'x-ratelimit-remaining': '0' };

test('a primary limit ends at the second that GitHub names, by its own clock', () => {
  const answer = { status: 403, headers: { ...none, 'x-ratelimit-reset': '1000100' }, message: '' };
  expect(limitedUntil(answer, now, 0)).toBe(now + 100_000);
  expect(limitedUntil(answer, now, 30_000)).toBe(now + 70_000);
  expect(limitedUntil(answer, now, 200_000)).toBe(now);
});

test('Retry-After counts before anything else, and what cannot be read is a minute', () => {
  const limited = (headers: object) => limitedUntil({ status: 429, headers: { ...headers }, message: '' }, now, 0);
  expect(limited({ ...none, 'retry-after': '7', 'x-ratelimit-reset': '1000100' })).toBe(now + 7000);
  expect(limited({ ...none, 'x-ratelimit-reset': 'soon' })).toBe(now + 60_000);
  expect(limited({ 'retry-after': 'soon' })).toBe(now + 60_000);
});

test('a refusal for want of a permission, and a failure, are no limit', () => {
  const headers = { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': '1000100' };
  const message = 'Resource not accessible by integration';
  expect(limitedUntil({ status: 403, headers, message }, now, 0)).toBeUndefined();
  expect(limitedUntil({ status: 404, headers: none, message }, now, 0)).toBeUndefined();
  expect(limitedUntil({ status: 500, headers: none, message }, now, 0)).toBeUndefined();
});
