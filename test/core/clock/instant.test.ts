import { expect, test } from 'vitest';
import { formatInstant, parseInstant, parseRfc3339 } from '../../../core/clock/instant.ts';

test.each([
  ['2026-11-24T09:00:00Z', Date.UTC(2026, 10, 24, 9)],
  ['2026-11-24T10:00:00+01:00', Date.UTC(2026, 10, 24, 9)],
  ['2026-11-23T23:30:00-09:30', Date.UTC(2026, 10, 24, 9)],
  ['2026-11-24T09:00:00.250Z', Date.UTC(2026, 10, 24, 9) + 250],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
])('%s', (text, ms) => {
  expect(parseRfc3339(text)).toBe(ms);
  expect(parseRfc3339(formatInstant(ms))).toBe(ms);
});

test.each([
  '',
  '2026-11-24',
  '2026-11-24T09:00:00',
  '2026-11-24 09:00:00Z',
  '2026-02-30T00:00:00Z',
  '2025-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-11-24T24:00:00Z',
  '2026-11-24T09:60:00Z',
  '2026-11-24t09:00:00z',
  '+002026-11-24T09:00:00Z',
])('%j is no instant', (text) => {
  expect(parseRfc3339(text)).toBeUndefined();
  expect(() => parseInstant(text)).toThrow(expect.objectContaining({ code: 'BadInstant' }));
});
