import type { Clock, Timer } from '../../core/clock/clock.ts';

/** Memory for one frame or answer, as a whole. */
export interface Claim {
  readonly bytes: number;
  /** There is room now; called at most once, and only when the claim had to wait. */
  granted(): void;
  /** Others have waited long for what this one has. */
  overdue(): void;
}

const patienceMs = 30_000;

/**
 * What all connections of a process may keep in memory in one direction, beyond the small buffer that each has. Memory
 * that only makes reading faster is taken or not, and is never more than half of all. A frame that does not fit into
 * what its connection has needs a claim on all its bytes at once: who waits holds no part of another claim, so that
 * claims always end, and the first one is granted however large it is. Waiting ones are served in order. When one has
 * waited for 30 s, the longest held claim is told to end: a peer that stops in mid-frame cannot keep the memory.
 */
export class BufferBudget {
  readonly #bytes: number;
  readonly #clock: Clock;
  #spare = 0;
  #claimed = 0;
  /** Held claims and since when, the oldest first. */
  readonly #held = new Map<Claim, number>();
  readonly #waiting = new Set<Claim>();
  #timer: Timer | undefined;

  constructor(bytes: number, clock: Clock) {
    this.#bytes = bytes;
    this.#clock = clock;
  }

  get used(): number {
    return this.#spare + this.#claimed;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Memory that one can do without. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.size > 0 || this.#spare + bytes > this.#bytes / 2 || this.used + bytes > this.#bytes)
      return false;
    this.#spare += bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#spare -= bytes;
    this.#serve();
  }

  /** True: it is held from now on. False: it waits, until `granted` or `release`. */
  claim(claim: Claim): boolean {
    if (this.#waiting.size === 0 && this.#fits(claim)) {
      this.#hold(claim);
      return true;
    }
    this.#waiting.add(claim);
    this.#watch();
    return false;
  }

  /** Ends a claim, held or waiting. */
  release(claim: Claim): void {
    if (this.#held.delete(claim)) this.#claimed -= claim.bytes;
    else this.#waiting.delete(claim);
    this.#serve();
  }

  #fits({ bytes }: Claim): boolean {
    return this.#held.size === 0 || this.used + bytes <= this.#bytes;
  }

  #hold(claim: Claim): void {
    this.#held.set(claim, this.#clock.monotonic());
    this.#claimed += claim.bytes;
  }

  #serve(): void {
    for (const claim of this.#waiting) {
      if (!this.#fits(claim)) return;
      this.#waiting.delete(claim);
      this.#hold(claim);
      claim.granted();
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(): void {
    this.#timer ??= this.#clock.after(patienceMs, () => {
      this.#timer = undefined;
      const [oldest] = this.#held;
      if (this.#waiting.size === 0) return;
      this.#watch();
      if (oldest && this.#clock.monotonic() - oldest[1] >= patienceMs) oldest[0].overdue();
    });
  }
}
