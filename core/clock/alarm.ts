import type { Clock, Timer } from './clock.ts';

const longest = 60 * 60 * 1000;

/**
 * Calls back once, when the wall clock reaches `at` (epoch ms) or when as much monotonic time has passed as was left
 * at the start, whichever is first: a wall clock that is set back cannot prolong a right, one that is set forward
 * ends it. Timers of the runtime are re-armed at least every hour, so that a suspended machine is noticed.
 */
export function alarmAt(clock: Clock, at: number, callback: () => void): Timer {
  const due = clock.monotonic() + (at - clock.now());
  const left = (): number => Math.min(at - clock.now(), due - clock.monotonic());
  let cancelled = false;
  const ring = (): void => {
    if (cancelled) return;
    if (left() <= 0) callback();
    else timer = clock.after(Math.min(left(), longest), ring);
  };
  let timer = clock.after(Math.min(Math.max(0, left()), longest), ring);
  return {
    cancel() {
      cancelled = true;
      timer.cancel();
    },
  };
}
