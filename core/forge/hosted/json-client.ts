/**
 * Asks a forge's JSON interface and takes nothing else for an answer: no redirect, no HTML, no half a body, none over
 * the cap. What is read is tried again after a failure that may pass, what is written is not: it may have been done.
 */
import pRetry from 'p-retry';
import type { Clock } from '../../clock/clock.ts';
import { SourceError } from '../../errors/sluice-error.ts';
import { type TokenSource, withToken } from '../../git/shown-token.ts';
import { type FailedAnswer, forgeError } from './forge-error.ts';
import { checkedToken } from './forge-token.ts';
import { hostOf, readBody, retryAfter } from './http-answer.ts';

export interface JsonClientOptions {
  /** Where the paths begin: `https://git.example.com/api/v1`. */
  readonly url: string;
  /** Asked as anybody where there is none. */
  readonly token: string | TokenSource | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** For one answer, its body included; 10,000 ms when absent. */
  readonly timeoutMs?: number | undefined;
  /** Most bytes of one answer; 16 MiB when absent. */
  readonly cap?: number | undefined;
}

export interface JsonRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the client's url, each part already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  /** What it is for, and what it needs, for the error. */
  readonly asked: string;
  readonly permission: string;
  /** Statuses other than 2xx that are an answer too. */
  readonly besides?: readonly number[];
  /** The answer's body says nothing and is not looked at. */
  readonly empty?: boolean;
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** undefined where the body is not looked at. */
  readonly value: unknown;
  /** The error of an answer whose value is not what it must be. */
  failed(flaw: string): SourceError;
}

const tries = { retries: 2, minTimeout: 200, factor: 3 } as const;

export class JsonClient {
  readonly host: string;
  readonly #options: JsonClientOptions;
  readonly #token: TokenSource | undefined;
  /** Errors of an answer of 401. */
  readonly #refusals = new WeakSet<object>();
  /** Errors of no answer, or of one of 5xx: the same question may be answered a moment later. */
  readonly #passing = new WeakSet<Error>();
  #skew: number | undefined;

  constructor(options: JsonClientOptions) {
    this.host = hostOf(options.url);
    this.#token = checkedToken(options.token, this.host);
    this.#options = options;
  }

  /** ms by which the forge's clock is ahead, by the Date of its last answer, which has whole seconds. */
  get skew(): number | undefined {
    return this.#skew;
  }

  async ask(request: JsonRequest): Promise<JsonAnswer> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const isRefusal = (error: unknown): boolean => error instanceof SourceError && this.#refusals.has(error);
    return await pRetry(() => withToken(this.#token, (token) => this.#once(request, token), isRefusal), {
      ...tries,
      retries: request.method === 'GET' ? tries.retries : 0,
      ...(signal ? { signal } : {}),
      shouldRetry: ({ error }) => this.#passing.has(error),
    });
  }

  async #once(request: JsonRequest, token: string | undefined): Promise<JsonAnswer> {
    const { url, clock, signal, timeoutMs = 10_000, cap = 16 << 20 } = this.#options;
    const { asked, permission } = request;
    const error = (rest: Partial<FailedAnswer>): SourceError =>
      forgeError({ asked, permission, host: this.host, status: undefined, ...rest });
    const passing = (rest: Partial<FailedAnswer>): SourceError => {
      const failure = error(rest);
      this.#passing.add(failure);
      return failure;
    };
    const timeout = new AbortController();
    const timer = clock.after(timeoutMs, () => timeout.abort());
    try {
      const answer = await fetch(address(url, request), {
        method: request.method,
        headers: {
          accept: 'application/json',
          ...(token === undefined ? {} : { authorization: `token ${token}` }),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        redirect: 'manual',
        signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
      });
      const { status, headers } = answer;
      this.#note(headers);
      const failed = (flaw: string): SourceError => error({ status, flaw });
      const limitedUntil = retryAfter(status, headers, clock.now());
      if (limitedUntil !== undefined) throw error({ status, limitedUntil });
      if (status >= 500) throw passing({ status });
      if (status >= 300 && status < 400) throw failed('it redirects elsewhere, as it does when a repo is renamed');
      const fits = (status >= 200 && status < 300) || request.besides?.includes(status);
      if (!fits) {
        const failure = error({ status });
        if (status === 401) this.#refusals.add(failure);
        throw failure;
      }
      const body = await readBody(answer, cap, failed);
      const value = request.empty && status < 300 ? undefined : parse(body, headers, failed);
      return { status, headers, value, failed };
    } catch (cause) {
      if (cause instanceof SourceError) throw cause;
      signal?.throwIfAborted();
      const flaw = timeout.signal.aborted
        ? `no whole answer in ${timeoutMs} ms`
        : 'no whole answer: the connection failed';
      throw passing({ flaw, cause });
    } finally {
      timer.cancel();
    }
  }

  #note(headers: Headers): void {
    const at = Date.parse(headers.get('date') ?? '');
    if (!Number.isNaN(at)) this.#skew = at - Math.floor(this.#options.clock.now() / 1000) * 1000;
  }
}

function address(url: string, { path, query = {} }: JsonRequest): string {
  const search = String(
    new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])),
  );
  return `${url}${path}${search === '' ? '' : `?${search}`}`;
}

function parse(body: Uint8Array, headers: Headers, failed: (flaw: string) => SourceError): unknown {
  const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') throw failed(type === 'text/html' ? 'it is HTML' : 'it is not called JSON');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    throw failed('it is no JSON'); // the parser's own words quote the body
  }
}
