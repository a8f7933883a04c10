import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIsoDuration, parseDuration, parseIsoDuration } from '../../../core/clock/duration.ts';

const minute = 60_000;

test.each([
  ['PT2H', 120 * minute],
  ['PT90M', 90 * minute],
  ['PT1H30M', 90 * minute],
  ['P1D', 24 * 60 * minute],
  ['P1DT1S', 24 * 60 * minute + 1000],
  ['P2W', 14 * 24 * 60 * minute],
  ['PT0S', 0],
])('%s is %d ms', (text, ms) => {
  expect(parseIsoDuration(text)).toBe(ms);
});

test.each(['', 'P', 'PT', 'P1DT', '2h', 'P1Y', 'P1M', 'PT1.5H', 'PT-1H', '-PT1H', 'pt1h', 'PT1H ', 'PT1M1H'])(
  '%j is no ISO 8601 duration without years and months',
  (text) => {
    expect(parseIsoDuration(text)).toBeUndefined();
  },
);

test.each([
  ['2h', 120 * minute],
  ['1h30m', 90 * minute],
  ['3d', 3 * 24 * 60 * minute],
  ['45s', 45_000],
  ['PT2H', 120 * minute],
])('a person may type %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '0h', 'PT0S', 'two hours', '2', '2h2h', '1m1h', `${'9'.repeat(30)}d`])(
  '%j is refused with a hint',
  (text) => {
    expect(() => parseDuration(text)).toThrow(
      expect.objectContaining({ code: 'BadDuration', fix: expect.stringContaining('2h') }),
    );
  },
);

test('what is formatted is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (seconds) => {
      expect(parseIsoDuration(formatIsoDuration(seconds * 1000))).toBe(seconds * 1000);
    }),
  );
});
