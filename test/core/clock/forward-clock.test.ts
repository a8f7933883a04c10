import { expect, test } from 'vitest';
import { forwardOnly } from '../../../core/clock/forward-clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('it is the wall clock as long as that goes forward', () => {
  const clock = new FakeClock(1000);
  const forward = forwardOnly(clock);
  clock.advance(50);
  expect(forward.now()).toBe(1050);
  clock.setWall(5000);
  expect(forward.now()).toBe(5000);
});

test('set back, it goes on with monotonic time until the wall clock is ahead again', () => {
  const clock = new FakeClock(10_000);
  const forward = forwardOnly(clock);
  clock.setWall(2000);
  expect(forward.now()).toBe(10_000);
  clock.advance(700);
  expect(forward.now()).toBe(10_700);
  clock.setWall(1);
  clock.advance(300);
  expect(forward.now()).toBe(11_000);
  clock.setWall(20_000);
  expect(forward.now()).toBe(20_000);
});
