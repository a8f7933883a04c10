import { expect, test } from 'vitest';
import { alarmAt } from '../../../core/clock/alarm.ts';
import { sleep } from '../../../core/clock/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const hour = 3_600_000;

function ringing(after: number): { clock: FakeClock; rings: () => number; cancel: () => void } {
  const clock = new FakeClock();
  let count = 0;
  const timer = alarmAt(clock, clock.now() + after, () => count++);
  return { clock, rings: () => count, cancel: () => timer.cancel() };
}

test('it rings once, at its time, however far away', () => {
  const { clock, rings } = ringing(40 * 24 * hour);
  clock.advance(40 * 24 * hour - 1);
  expect(rings()).toBe(0);
  clock.advance(1);
  expect(rings()).toBe(1);
  clock.advance(100 * hour);
  expect(rings()).toBe(1);
});

test('a wall clock set forward past it makes it ring at the next look, within an hour', () => {
  const { clock, rings } = ringing(10 * hour);
  clock.setWall(clock.now() + 11 * hour);
  clock.advance(hour);
  expect(rings()).toBe(1);
});

test('a wall clock set back does not prolong it', () => {
  const { clock, rings } = ringing(2 * hour);
  clock.advance(hour);
  clock.setWall(clock.now() - 100 * hour);
  clock.advance(hour);
  expect(rings()).toBe(1);
});

test('a time in the past rings at once, but not before the caller has its timer', () => {
  const { clock, rings } = ringing(-5);
  expect(rings()).toBe(0);
  clock.advance(0);
  expect(rings()).toBe(1);
});

test('cancelled, it never rings', () => {
  const { clock, rings, cancel } = ringing(3 * hour);
  clock.advance(hour);
  cancel();
  clock.advance(10 * hour);
  expect(rings()).toBe(0);
});

test('sleep ends with its time, or with the signal', async () => {
  const clock = new FakeClock();
  const slept = sleep(clock, 1000);
  clock.advance(1000);
  await slept;
  const stop = new AbortController();
  const aborted = sleep(clock, 1000, stop.signal);
  stop.abort(new DOMException('stopped', 'AbortError'));
  await expect(aborted).rejects.toThrow('stopped');
  await expect(sleep(clock, 1, stop.signal)).rejects.toThrow('stopped');
});
