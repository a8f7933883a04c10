/**
 * The gateway's own connection to one broker, or to any broker of a cluster, with the administrator's credential.
 * Brokers forward what only the controller can do (users, ACLs), so that any of them will do. It connects when it is
 * first used, and again when it was lost.
 */
import type { ConnectionOptions } from 'node:tls';
import pRetry from 'p-retry';
import type { Clock } from '../../../core/clock/clock.ts';
import { UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { BrokerFeatures } from '../enforce/context.ts';
import type { BrokerConnection } from '../upstream/broker-connection.ts';
import type { Address } from '../upstream/dial.ts';
import { openConnection } from '../upstream/open-connection.ts';
import type { BrokerCredential } from '../upstream/sasl-login.ts';
import type { AnyApi, Api } from '../wire/api.ts';
import { isTransient, kafkaErrorName } from '../wire/error-codes.ts';
import { newestShared, readBrokerFeatures } from './api-versions.ts';

/** Where to connect, as whom, and how long to try. */
export interface AdminOptions {
  readonly clock: Clock;
  /** Tried in turn. One address where it has to be that broker. */
  readonly addresses: readonly Address[];
  readonly clientId: string;
  readonly credential?: BrokerCredential | undefined;
  readonly tls?: ConnectionOptions | undefined;
  /** Milliseconds for a connection, and for an answer. */
  readonly timeoutMs: number;
  /** Tries after the first one, with growing waits from 100 ms to 2 s. */
  readonly retries?: number;
}

/** What the functions of this folder ask: tests give them a fake one. */
export interface Admin {
  /**
   * Asks in the newest shared version. `check` looks at the answer and throws; a transient error of it, or a lost
   * connection, is tried again, so the request has to be one that may be made twice.
   */
  call<Request, Response>(
    api: Api<Request, Response>,
    body: Request,
    check?: (response: Response) => void,
  ): Promise<Response>;
}

interface Open {
  readonly connection: BrokerConnection;
  readonly features: BrokerFeatures;
  /** Monotonic time at which it is not used any more, since the broker would close it. */
  readonly until: number;
}

/** Share of a session's lifetime that is used. */
const usedLifetime = 0.8;

/** One connection at a time, made when it is needed; see the top of the file. */
export class AdminConnection implements Admin, Disposable {
  readonly #options: AdminOptions;
  readonly #closing = new AbortController();
  #opening: Promise<Open> | undefined;
  #next = 0;

  constructor(options: AdminOptions) {
    this.#options = options;
  }

  call<Request, Response>(
    api: Api<Request, Response>,
    body: Request,
    check?: (response: Response) => void,
  ): Promise<Response> {
    return this.#retried(async () => {
      const { connection, features } = await this.#open();
      const version = newestShared(api as AnyApi, features, connection);
      const response = await connection.request(api, version, body);
      check?.(response);
      return response;
    });
  }

  /** What the broker supports that is connected now. */
  features(): Promise<BrokerFeatures> {
    return this.#retried(async () => (await this.#open()).features);
  }

  /** Ends it for good; what waits is rejected. */
  close(): void {
    this.#closing.abort(new UpstreamError('BrokerUnreachable', 'the admin connection was closed'));
    this.#opening?.then(
      ({ connection }) => connection.close(),
      () => undefined,
    );
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #retried<T>(work: () => Promise<T>): Promise<T> {
    return pRetry(work, {
      retries: this.#options.retries ?? 3,
      minTimeout: 100,
      maxTimeout: 2000,
      signal: this.#closing.signal,
      shouldRetry: ({ error }) => error instanceof UpstreamError && error.code === 'BrokerUnreachable',
    });
  }

  /** The connection that there is, or a new one; callers that come together share it. */
  async #open(): Promise<Open> {
    for (;;) {
      this.#opening ??= this.#connect();
      const opening = this.#opening;
      try {
        const open = await opening;
        if (open.connection.isOpen && this.#options.clock.monotonic() < open.until) return open;
        open.connection.close();
      } catch (error) {
        if (this.#opening === opening) this.#opening = undefined;
        throw error;
      }
      if (this.#opening === opening) this.#opening = undefined;
    }
  }

  async #connect(): Promise<Open> {
    const { addresses, clock } = this.#options;
    const address = addresses[this.#next++ % addresses.length];
    if (!address) throw new UpstreamError('BrokerRefused', 'no broker address is configured');
    const connection = await openConnection({ ...this.#options, address, signal: this.#closing.signal });
    try {
      const lifetime = connection.sessionLifetimeMs ?? Number.POSITIVE_INFINITY;
      const until = clock.monotonic() + lifetime * usedLifetime;
      return { connection, features: await readBrokerFeatures(connection), until };
    } catch (error) {
      connection.close();
      throw error;
    }
  }
}

/** Throws for an error code: 'BrokerUnreachable' when asking again may help, else 'BrokerRefused'. */
export function checkCode(what: string, code: number, accepted: readonly number[] = []): void {
  if (code === 0 || accepted.includes(code)) return;
  throw new UpstreamError(isTransient(code) ? 'BrokerUnreachable' : 'BrokerRefused', `the broker would not ${what}`, {
    why: kafkaErrorName(code),
    retry: 'later',
  });
}
