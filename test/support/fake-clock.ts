import type { Clock, Timer } from '../../core/clock/clock.ts';

/** A clock that a test moves by hand. Timers fire in order of their due time while it is advanced. */
export class FakeClock implements Clock {
  #now: number;
  #monotonic = 0;
  #timers: { due: number; callback: () => void }[] = [];

  constructor(start = Date.UTC(2026, 0, 5, 9, 0, 0)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, callback: () => void): Timer {
    const timer = { due: this.#monotonic + Math.max(0, ms), callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((t) => t !== timer);
      },
    };
  }

  /** Moves both clocks on by `ms`, firing what falls due on the way. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (;;) {
      const next = this.#timers.filter((t) => t.due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((t) => t !== next);
      this.#step(next.due - this.#monotonic);
      next.callback();
    }
    this.#step(end - this.#monotonic);
  }

  /** Moves the wall clock alone, as an administrator or NTP would. */
  setWall(now: number): void {
    this.#now = now;
  }

  #step(ms: number): void {
    this.#monotonic += ms;
    this.#now += ms;
  }
}
