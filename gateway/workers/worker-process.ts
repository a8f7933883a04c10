import { type ChildProcess, fork } from 'node:child_process';
import { type Clock, sleep } from '../../core/clock/clock.ts';
import { UpstreamError } from '../../core/errors/sluice-error.ts';
import { Channel } from './channel.ts';
import type { ControlSide, WorkerSide } from './worker-calls.ts';

/** One child process, from its start to its end. */
export class WorkerProcess {
  readonly channel: Channel<ControlSide, WorkerSide>;
  /** How it ended: a signal or an exit code. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #loaded: Promise<void>;
  #alive = true;

  /** `entry` is the file that serves as a worker when it is run with a channel to its parent. */
  constructor(entry: string, own: Omit<ControlSide, 'hello'>, clock: Clock) {
    this.#clock = clock;
    // Nothing in arguments or environment: what a worker is to do, it is told. Its log goes where ours goes.
    const child = fork(entry, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child = child;
    const loaded = Promise.withResolvers<void>();
    this.#loaded = loaded.promise;
    this.channel = new Channel<ControlSide, WorkerSide>(child, { ...own, hello: () => loaded.resolve() }, clock);
    const ended = Promise.withResolvers<string>();
    this.ended = ended.promise;
    const over = (how: string): void => {
      this.#alive = false;
      this.channel.close();
      ended.resolve(how);
    };
    child.once('exit', (code, signal) => over(signal ?? `exit ${code}`));
    child.on('error', () => {
      if (child.pid === undefined) over('could not be started');
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Resolves when its code is loaded; rejects when that takes longer than `ms`, or it ended before. */
  async loaded(ms: number): Promise<void> {
    const late = new AbortController();
    const failed = (why: string): Promise<never> =>
      Promise.reject(
        new UpstreamError('WorkerFailed', 'a worker of the gateway did not start', { why, retry: 'later' }),
      );
    try {
      await Promise.race([
        this.#loaded,
        this.ended.then((how) => failed(`it ended: ${how}`)),
        sleep(this.#clock, ms, late.signal).then(() => failed(`it was not ready after ${ms} ms`)),
      ]);
    } finally {
      late.abort();
    }
  }

  /** Ends it at once, with all its connections; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#alive) this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to end in order; after `ms` it is killed. */
  async stop(ms: number): Promise<void> {
    await this.channel.call('stop', [], ms).catch(() => undefined);
    if (this.#child.connected) this.#child.disconnect();
    const late = new AbortController();
    await Promise.race([this.ended, sleep(this.#clock, 2000, late.signal).catch(() => undefined)]);
    late.abort();
    await this.kill();
  }
}
