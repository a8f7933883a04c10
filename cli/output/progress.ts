import type { Clock } from '../../core/clock/clock.ts';
import type { OnProgress } from '../../core/load/on-progress.ts';

/** What a Progress needs of stderr. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const quietFor = 1000;
const betweenWrites = 100;
const eraseLine = '\r\u001b[K';

/** One line that says how far long work is: on a terminal alone, from the first second on, gone when the work ends. */
export class Progress implements Disposable {
  readonly #output: ProgressOutput;
  readonly #clock: Clock;
  #next: number;
  #shown = false;

  constructor(output: ProgressOutput, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#next = clock.monotonic() + quietFor;
  }

  readonly tell: OnProgress = (what, done, total) => {
    if (!this.#output.isTTY) return;
    const now = this.#clock.monotonic();
    if (now < this.#next) return;
    this.#next = now + betweenWrites;
    this.#shown = true;
    const text = total > 1 ? `${what} ${done} of ${total}` : what;
    this.#output.write(eraseLine + text.slice(0, (this.#output.columns ?? 80) - 1));
  };

  [Symbol.dispose](): void {
    if (this.#shown) this.#output.write(eraseLine);
    this.#shown = false;
  }
}
