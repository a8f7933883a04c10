import type { Clock, Timer } from '../../core/clock/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EmergencyDesk } from './emergency-desk.ts';

export interface EmergencyWatchOptions {
  readonly desk: Pick<EmergencyDesk, 'look'>;
  readonly clock: Clock;
  /** ms between two looks when nobody wakes it. */
  readonly interval: number;
  readonly log: Pick<Logger, 'warn'>;
  /** After each look. */
  readonly onLooked: () => void;
}

/**
 * Looks for emergencies in branches, beside the rounds: neither waits for the other, so that a forge that is down holds
 * up no emergency, and no branch of one a revocation.
 */
export class EmergencyWatch implements AsyncDisposable {
  readonly #options: EmergencyWatchOptions;
  #looking: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #timer: Timer | undefined;

  constructor(options: EmergencyWatchOptions) {
    this.#options = options;
  }

  /** Looks now, or once more after the look that is under way. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    this.#timer?.cancel();
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
      if (this.#stopped) return;
      const { clock, interval } = this.#options;
      if (this.#again) this.wake();
      else this.#timer = clock.after(interval, () => this.wake());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { desk, log, onLooked } = this.#options;
    this.#again = false;
    try {
      if ((await desk.look()).more) this.#again = true;
    } catch (error) {
      log.warn('emergencies in branches could not be looked for', { error });
    }
    onLooked();
  }
}
