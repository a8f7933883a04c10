import type { Socket } from 'node:net';
import type { Clock } from '../../../core/clock/clock.ts';

interface Waiting {
  readonly begin: () => void;
}

/** So long a connection waits for its turn. */
const waitMs = 30_000;

/**
 * Connections whose client has not logged in: so many are served at a time, as many more wait unread for their turn,
 * the rest is turned away. A flood of openers takes no more memory than that, and none of it from logged-in clients.
 */
export class Arrivals {
  readonly #most: number;
  readonly #clock: Clock;
  readonly #waiting = new Map<Socket, Waiting>();
  #serving = 0;
  #closed = false;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /** Being served or waiting. */
  get size(): number {
    return this.#serving + this.#waiting.size;
  }

  /**
   * `serve` is called when it is the connection's turn, perhaps at once; `leave` is for when its client has logged in
   * or is gone. `expired` is called instead when its turn did not come in time. False: there is no room even to wait.
   */
  admit(raw: Socket, serve: (leave: () => void) => void, expired: () => void): boolean {
    if (this.#closed) return false;
    if (this.#serving < this.#most) {
      this.#serve(serve);
      return true;
    }
    if (this.#waiting.size >= this.#most) return false;
    const timer = this.#clock.after(waitMs, () => {
      this.#waiting.delete(raw);
      expired();
    });
    raw.once('close', () => {
      timer.cancel();
      this.#waiting.delete(raw);
    });
    this.#waiting.set(raw, {
      begin: () => {
        timer.cancel();
        this.#serve(serve);
      },
    });
    return true;
  }

  /** Nobody's turn comes any more. */
  close(): void {
    this.#closed = true;
    for (const raw of [...this.#waiting.keys()]) raw.destroy();
  }

  #serve(serve: (leave: () => void) => void): void {
    this.#serving++;
    let left = false;
    serve(() => {
      if (left) return;
      left = true;
      this.#serving--;
      this.#next();
    });
  }

  #next(): void {
    const [first] = this.#waiting;
    if (!first || this.#closed || this.#serving >= this.#most) return;
    const [raw, { begin }] = first;
    this.#waiting.delete(raw);
    begin();
  }
}
