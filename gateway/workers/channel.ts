import type { Serializable } from 'node:child_process';
import { type Clock, sleep } from '../../core/clock/clock.ts';
import { UpstreamError } from '../../core/errors/sluice-error.ts';
import { fromPlain, type PlainError, toPlain } from './plain-error.ts';

/** One end of what connects two processes: a child, or `process` itself in the child. Messages keep their order. */
export interface Port {
  send?(message: Serializable, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  readonly connected: boolean;
}

type Method = (...args: never[]) => unknown;
/** What one end offers to the other: arguments and results survive structuredClone. */
export type Calls<T> = { readonly [K in keyof T]: Method };
type Result<M> = M extends (...args: never[]) => infer R ? Awaited<R> : never;
type Arguments<M> = M extends (...args: infer A) => unknown ? A : never;

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError };

/**
 * Calls between two processes of a gateway. A call begins at the other end in the order in which calls were made, in
 * the same turn in which it arrives there; answers come when they are ready.
 */
export class Channel<Own extends Calls<Own>, Peer extends Calls<Peer>> {
  readonly #port: Port;
  readonly #own: Own;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 1;
  #closed = false;

  constructor(port: Port, own: Own, clock: Clock) {
    this.#port = port;
    this.#own = own;
    this.#clock = clock;
    port.on('message', (message) => this.#receive(message as Message));
  }

  /** Rejects with what the other end threw, or with WorkerFailed when it does not answer within `ms`. */
  async call<K extends keyof Peer & string>(name: K, args: Arguments<Peer[K]>, ms: number): Promise<Result<Peer[K]>> {
    const id = this.#next++;
    const waiter = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiter);
    const late = new AbortController();
    sleep(this.#clock, ms, late.signal).then(
      () => waiter.reject(silent(`it did not answer '${name}' within ${ms} ms`)),
      () => {},
    );
    this.#send({ kind: 'call', id, name, args });
    try {
      return (await waiter.promise) as Result<Peer[K]>;
    } finally {
      late.abort();
      this.#waiting.delete(id);
    }
  }

  /** As a call whose end nobody waits for. */
  tell<K extends keyof Peer & string>(name: K, ...args: Arguments<Peer[K]>): void {
    this.#send({ kind: 'call', id: 0, name, args });
  }

  /** The other end is gone: what waits for it fails. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting.values()) waiter.reject(silent('it has ended'));
  }

  #send(message: Message): void {
    if (this.#closed || !this.#port.connected || !this.#port.send) {
      if (message.kind === 'call') this.#waiting.get(message.id)?.reject(silent('it has ended'));
      return;
    }
    this.#port.send(message as unknown as Serializable, (error) => {
      if (error && message.kind === 'call') this.#waiting.get(message.id)?.reject(silent('it cannot be reached'));
    });
  }

  #receive(message: Message): void {
    if (message.kind === 'call') return void this.#serve(message);
    const waiter = this.#waiting.get(message.id);
    if (message.kind === 'done') waiter?.resolve(message.value);
    else waiter?.reject(fromPlain(message.error));
  }

  async #serve({ id, name, args }: Extract<Message, { kind: 'call' }>): Promise<void> {
    try {
      const method = Object.hasOwn(this.#own, name) ? this.#own[name as keyof Own] : undefined;
      if (!method) throw silent(`it was asked for '${name}'`);
      const value = await (method as unknown as (...given: readonly unknown[]) => unknown)(...args);
      if (id > 0) this.#send({ kind: 'done', id, value });
    } catch (error) {
      if (id > 0) this.#send({ kind: 'failed', id, error: toPlain(error) });
    }
  }
}

function silent(why: string): UpstreamError {
  return new UpstreamError('WorkerFailed', 'a worker of the gateway failed', { why, retry: 'later' });
}
