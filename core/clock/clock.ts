/**
 * The only reader of the time. Everything else is handed a Clock, so that tests can move it by hand.
 */
import { performance } from 'node:perf_hooks'; // the global of this name is a getter, which costs more than what it gets

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time in epoch milliseconds. */
  now(): number;
  /** Milliseconds that only grow, from an arbitrary start; not moved by wall-clock changes. */
  monotonic(): number;
  /** Calls back once, `ms` from now. Longer waits than an hour are the caller's to re-arm. */
  after(ms: number, callback: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.max(0, ms));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves `ms` later on the given clock; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}
