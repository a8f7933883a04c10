import { describe, expect, test } from 'vitest';
import { type DailyWindow, isTimeZone, windowAt } from '../../../core/clock/hours.ts';

const all = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const work = all.slice(0, 5);
const window = (timeZone: string, days: string[], from: number, to: number): DailyWindow => ({
  timeZone,
  days,
  from,
  to,
});
const utc = (text: string): number => Date.parse(`${text}Z`);
const shown = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString().slice(0, 19);

describe('windowAt', () => {
  test.each<[string, DailyWindow, string, boolean, string | undefined]>([
    ['inside', window('UTC', work, 480, 1080), '2026-11-24T09:00:00', true, '2026-11-24T18:00:00'],
    ['the first minute', window('UTC', work, 480, 1080), '2026-11-24T08:00:00', true, '2026-11-24T18:00:00'],
    ['the end is outside', window('UTC', work, 480, 1080), '2026-11-24T18:00:00', false, '2026-11-25T08:00:00'],
    ['over the weekend', window('UTC', work, 480, 1080), '2026-11-27T18:00:00', false, '2026-11-30T08:00:00'],
    ['midnight joins two days', window('UTC', work, 0, 1440), '2026-11-24T23:00:00', true, '2026-11-28T00:00:00'],
    ['always', window('Europe/Berlin', all, 0, 1440), '2026-11-24T23:00:00', true, undefined],
    ['one day a week', window('UTC', ['tue'], 0, 60), '2026-11-24T01:00:00', false, '2026-12-01T00:00:00'],
    ['east of UTC', window('Asia/Kolkata', work, 540, 600), '2026-11-24T03:29:00', false, '2026-11-24T03:30:00'],
    [
      'west of UTC, other weekday',
      window('America/Los_Angeles', ['sun'], 0, 1440),
      '2026-11-30T07:59:59',
      true,
      '2026-11-30T08:00:00',
    ],
    [
      'clocks go forward: shorter',
      window('Europe/Berlin', all, 60, 240),
      '2026-03-29T00:00:00',
      true,
      '2026-03-29T02:00:00',
    ],
    [
      'its first hour does not exist',
      window('Europe/Berlin', all, 150, 240),
      '2026-03-29T00:59:00',
      false,
      '2026-03-29T01:00:00',
    ],
    [
      'all of it does not exist',
      window('Europe/Berlin', ['sun'], 130, 170),
      '2026-03-28T12:00:00',
      false,
      '2026-04-05T00:10:00',
    ],
    [
      'clocks go back: closes',
      window('Europe/Berlin', all, 0, 150),
      '2026-10-25T00:10:00',
      true,
      '2026-10-25T00:30:00',
    ],
    [
      'clocks go back: opens again',
      window('Europe/Berlin', all, 0, 150),
      '2026-10-25T00:40:00',
      false,
      '2026-10-25T01:00:00',
    ],
    [
      'a half-hour change',
      window('Australia/Lord_Howe', all, 90, 120),
      '2026-04-04T14:35:00',
      true,
      '2026-04-04T15:30:00',
    ],
  ])('%s', (_name, hours, now, open, until) => {
    const state = windowAt(hours, utc(now));
    expect([state.open, shown(state.until)]).toEqual([open, until]);
  });

  test('every boundary is exact: one millisecond before it is still the other side', () => {
    const hours = window('Europe/Berlin', work, 480, 1080);
    let at = utc('2026-01-01T00:00:00');
    for (let i = 0; i < 600; i++) {
      const { open, until } = windowAt(hours, at);
      expect(windowAt({ ...hours }, until! - 1).open).toBe(open);
      expect(windowAt({ ...hours }, until!).open).toBe(!open);
      at = until!;
    }
  });
});

test.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['Mars/Olympus', false],
  ['+02:00', false],
  ['', false],
])('isTimeZone(%s)', (name, known) => expect(isTimeZone(name)).toBe(known));
