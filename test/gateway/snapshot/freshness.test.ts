import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FetchMark } from '../../../gateway/snapshot/fetch-mark.ts';
import { Freshness, type FreshnessLevel } from '../../../gateway/snapshot/freshness.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const minute = 60_000;

function given(lastSuccess?: (now: number) => number | undefined) {
  const clock = new FakeClock();
  const told: FreshnessLevel[] = [];
  const freshness = new Freshness({
    clock,
    maxStaleness: 15 * minute,
    maxStaleDeny: 240 * minute,
    lastSuccess: lastSuccess === undefined ? clock.now() : lastSuccess(clock.now()),
    onChange: (level) => told.push(level),
  });
  return { clock, told, freshness, level: () => freshness.level(clock.now()) };
}

test('a repo that is not read gets stale, and then denied, each at its moment and told once', () => {
  const { clock, told, level } = given();
  clock.advance(15 * minute - 1);
  expect(level()).toBe('fresh');
  expect(told).toEqual([]);
  clock.advance(1);
  expect(level()).toBe('stale');
  expect(told).toEqual(['stale']);
  clock.advance(225 * minute - 1);
  expect(told).toEqual(['stale']);
  clock.advance(1);
  expect(level()).toBe('denied');
  expect(told).toEqual(['stale', 'denied']);
  clock.advance(1000 * minute);
  expect(told).toEqual(['stale', 'denied']);
});

test('a fetch makes it fresh again from any level, and the count starts anew', () => {
  const { clock, told, level, freshness } = given();
  clock.advance(300 * minute);
  freshness.fetched();
  expect(level()).toBe('fresh');
  expect(told).toEqual(['stale', 'denied', 'fresh']);
  clock.advance(15 * minute);
  expect(told.at(-1)).toBe('stale');
  freshness.fetched();
  clock.advance(14 * minute);
  freshness.fetched();
  clock.advance(14 * minute);
  expect(told.slice(4)).toEqual(['fresh']);
});

test('a wall clock that is set back does not prolong it, one that is set forward shortens it', () => {
  const back = given();
  back.clock.advance(10 * minute);
  back.clock.setWall(back.clock.now() - 600 * minute);
  back.clock.advance(5 * minute);
  expect(back.level()).toBe('stale');
  back.clock.advance(225 * minute);
  expect(back.level()).toBe('denied');
  const forward = given();
  forward.clock.setWall(forward.clock.now() + 300 * minute);
  expect(forward.level()).toBe('denied');
});

test.each<[string, (now: number) => number | undefined, FreshnessLevel]>([
  ['a minute ago', (now) => now - minute, 'fresh'],
  ['20 minutes ago', (now) => now - 20 * minute, 'stale'],
  ['5 hours ago', (now) => now - 300 * minute, 'denied'],
  ['in the future', (now) => now + 300 * minute, 'fresh'],
  ['never, as far as is known', () => undefined, 'stale'],
])('after a restart with the last fetch %s it is %s', (_what, lastSuccess, level) => {
  const at = given(lastSuccess);
  expect(at.level()).toBe(level);
  at.clock.advance(240 * minute);
  expect(at.level()).toBe('denied');
});

test('nothing is told after it was disposed of', () => {
  const { clock, told, freshness } = given();
  freshness[Symbol.dispose]();
  clock.advance(1000 * minute);
  expect(told).toEqual([]);
});

test('the time of the last fetch outlives the process, written once a minute', async () => {
  await using dir = await tempDir();
  const start = Date.UTC(2026, 10, 24, 9);
  const mark = new FetchMark(dir.path);
  expect(mark.last).toBeUndefined();
  await mark.set(start);
  await mark.set(start + 59_999);
  expect(new FetchMark(dir.path).last).toBe(start);
  await mark.set(start + minute);
  expect(new FetchMark(dir.path).last).toBe(start + minute);
  await mark.set(start - 3_600_000); // the clock was set back
  expect(new FetchMark(dir.path).last).toBe(start - 3_600_000);
  expect(readFileSync(dir.join('last-fetch'), 'utf8')).toBe('2026-11-24T08:00:00.000Z\n');
});

test.each(['', 'yesterday', '2026-02-30T00:00:00Z'])('a mark that says %j is no mark', async (text) => {
  await using dir = await tempDir();
  writeFileSync(dir.join('last-fetch'), text);
  expect(new FetchMark(dir.path).last).toBeUndefined();
});

test('a mark that cannot be written says so', async () => {
  await using dir = await tempDir();
  mkdirSync(dir.join('last-fetch.draft'));
  await expect(new FetchMark(dir.path).set(1)).rejects.toMatchObject({ code: 'EISDIR' });
});
