import { type Clock, sleep, type Timer } from '../../core/clock/clock.ts';
import { SluiceError } from '../../core/errors/sluice-error.ts';
import type { Conditions } from '../telemetry/conditions.ts';
import type { Logger } from '../telemetry/logger.ts';

const longestBackOff = 60_000;
/** ms between rounds while a forge makes up its mind. */
const soon = 300;

/** What one round found, for the condition and the pace of the next. `undecided`: there is more to be had in a moment. */
export type RoundOutcome =
  | { readonly kind: 'ready'; readonly revision: string; readonly message: string; readonly undecided?: string }
  /** Nothing will change until there is a new commit. */
  | { readonly kind: 'stalled'; readonly reason: string; readonly message: string; readonly undecided?: string };

/**
 * Runs rounds one after another: when the poll interval is over, or earlier when woken. A round that fails is tried
 * again with growing pauses; the last good snapshot stays in force meanwhile.
 */
export class ReconcileLoop {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #round: (signal: AbortSignal) => Promise<RoundOutcome>;
  readonly #conditions: Conditions;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #failures = 0;
  #woken = false;
  #waiting = false;
  #nap: AbortController | undefined;
  #waiters: (() => void)[] = [];
  #running: Promise<void> | undefined;
  #lastSuccess: number | undefined;
  /** Message of the last round, where it was stalled: said once. */
  #stalledBy: string | undefined;
  #settle: Timer | undefined;

  constructor(options: {
    clock: Clock;
    interval: number;
    round: (signal: AbortSignal) => Promise<RoundOutcome>;
    conditions: Conditions;
    log: Logger;
  }) {
    this.#clock = options.clock;
    this.#interval = options.interval;
    this.#round = options.round;
    this.#conditions = options.conditions;
    this.#log = options.log;
  }

  /** Epoch ms of the last round that reached the repo; what staleness is counted from. */
  get lastSuccess(): number | undefined {
    return this.#lastSuccess;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Asks for a round soon; many calls make one. */
  wake(): void {
    if (this.#settle) return;
    this.#settle = this.#clock.after(10, () => {
      this.#settle = undefined;
      this.#woken = true;
      this.#nap?.abort();
    });
  }

  /** Resolves after a round that began after this call; at once when the loop has ended. */
  async runNow(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const done = new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#woken = true;
    this.#nap?.abort();
    await done;
  }

  async stop(): Promise<void> {
    this.#settle?.cancel();
    this.#stopping.abort();
    this.#nap?.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#woken = false;
      const waiters = this.#waiters;
      this.#waiters = [];
      await this.#once(signal);
      for (const resolve of waiters) resolve();
      if (signal.aborted || this.#woken || this.#waiters.length > 0) continue;
      this.#nap = new AbortController();
      const calm = this.#waiting ? Math.min(soon, this.#interval) : this.#interval;
      const pause = this.#failures === 0 ? calm : Math.min(longestBackOff, 250 * 2 ** this.#failures);
      await sleep(this.#clock, pause, this.#nap.signal).catch(() => {});
      this.#nap = undefined;
    }
    for (const resolve of this.#waiters) resolve();
  }

  async #once(signal: AbortSignal): Promise<void> {
    this.#conditions.set('Reconciling', 'True', 'Fetching', 'reading the policy repo');
    try {
      const outcome = await this.#round(signal);
      this.#failures = 0;
      this.#waiting = outcome.undecided !== undefined;
      this.#lastSuccess = this.#clock.now();
      if (outcome.kind === 'ready') {
        this.#conditions.set('Ready', 'True', 'UpToDate', outcome.message);
        this.#conditions.set('Stalled', 'False', 'UpToDate', outcome.message);
      } else {
        this.#conditions.set('Stalled', 'True', outcome.reason, outcome.message);
        if (outcome.message !== this.#stalledBy) {
          const why = { code: outcome.reason, reason: outcome.message };
          this.#log.warn('the policy repo is not followed until this is mended', why);
        }
      }
      this.#stalledBy = outcome.kind === 'stalled' ? outcome.message : undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.#failures++;
      const code = error instanceof SluiceError ? error.code : 'Bug';
      const message =
        error instanceof SluiceError ? [error.message, error.why].filter(Boolean).join(': ') : 'an unexpected error';
      const stalled = error instanceof SluiceError && error.retry === 'onChange';
      if (stalled) this.#lastSuccess = this.#clock.now(); // the repo was reached; it is what it says that does not do
      this.#conditions.set('Stalled', stalled ? 'True' : 'Unknown', code, message);
      this.#log.warn('a round of reconciling failed', { code, error, count: this.#failures });
    } finally {
      this.#conditions.set('Reconciling', 'False', 'Waiting', 'waiting for the next round');
    }
  }
}
