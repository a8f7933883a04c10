import { expect, test } from 'vitest';
import type { Hours, Weekday } from '../../../core/model/documents.ts';
import { alwaysCovered, formatHours, openMinutes } from '../../../core/plan/open-hours.ts';

const week: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];
const hours = (from: number, to: number, days: readonly Weekday[] = week, timeZone = 'UTC'): Hours => ({
  timeZone,
  days,
  from: from * 60,
  to: to * 60,
});
const term = (window: Hours | undefined, ...minus: Hours[]) => ({ hours: window, minus });
const needs = (window: Hours | undefined, ...minus: (Hours | undefined)[]) => ({ all: [window], minus });

test.each([
  ['itself', needs(hours(8, 18)), [[term(hours(8, 18))]], true],
  ['always', needs(hours(8, 18)), [[term(undefined)]], true],
  ['not at all', needs(hours(8, 18)), [[]], false],
  ['two halves', needs(hours(8, 18)), [[term(hours(8, 12)), term(hours(12, 18))]], true],
  ['two halves with a gap', needs(hours(8, 18)), [[term(hours(8, 12)), term(hours(13, 18))]], false],
  ['a day less', needs(hours(8, 18)), [[term(hours(8, 18, week.slice(1)))]], false],
  ['a deny takes what is needed', needs(hours(8, 18)), [[term(undefined, hours(9, 10))]], false],
  ['a deny of both', needs(hours(8, 18), hours(9, 10)), [[term(undefined, hours(9, 10))]], true],
  ['a deny that is smaller now', needs(hours(8, 18), hours(9, 10)), [[term(undefined, hours(9, 11))]], false],
  ['what is always denied', needs(hours(8, 18), undefined), [[]], true],
  ['every clause', needs(hours(8, 18)), [[term(hours(8, 18))], [term(hours(8, 17))]], false],
  [
    'the same in another zone',
    needs(hours(9, 10, week, 'Europe/Berlin')),
    [[term(hours(9, 10, week, 'Europe/Berlin'))]],
    true,
  ],
  ['another zone, where nobody can tell', needs(hours(9, 10, week, 'Europe/Berlin')), [[term(hours(7, 10))]], false],
  ['midnight to midnight', needs(undefined), [[term(hours(0, 24, [...week, 'sat', 'sun']))]], true],
] as const)('%s', (_name, needed, clauses, expected) => expect(alwaysCovered(needed, clauses)).toBe(expected));

test('open minutes of a week, in every zone', () => {
  expect(openMinutes([[term(hours(8, 18))]])).toBe(5 * 600);
  expect(openMinutes([[term(hours(8, 18), hours(9, 10, ['mon']))]])).toBe(5 * 600 - 60);
  expect(openMinutes([[term(hours(8, 18)), term(hours(8, 18, week, 'Europe/Berlin'))]])).toBe(5 * 660);
  expect(openMinutes([[term(hours(8, 18))], [term(hours(17, 20))]])).toBe(5 * 60);
  expect(openMinutes([[term(hours(8, 18, ['mon'], 'America/New_York'))]])).toBe(600);
});

test('in words', () => {
  expect(formatHours(hours(8, 18))).toBe('mon-fri 08:00-18:00 UTC');
  expect(formatHours(hours(0, 24, ['sun', 'mon']))).toBe('mon,sun 00:00-24:00 UTC');
});
