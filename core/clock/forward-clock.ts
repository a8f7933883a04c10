import type { Clock } from './clock.ts';

/**
 * A wall clock that never goes back: where the machine's is set back, it goes on with monotonic time from where it was.
 * Decisions run on it, so that what has ended stays ended. A clock that was wrongly set ahead therefore ends rights
 * until the process starts anew; the other way round it would prolong them.
 */
export function forwardOnly(clock: Clock): Clock {
  let wall = clock.now();
  let mono = clock.monotonic();
  return {
    now() {
      const [nextWall, nextMono] = [clock.now(), clock.monotonic()];
      wall = Math.max(nextWall, wall + (nextMono - mono));
      mono = nextMono;
      return wall;
    },
    monotonic: () => clock.monotonic(),
    after: (ms, callback) => clock.after(ms, callback),
  };
}
