import { Octokit } from '@octokit/core';
import { type Clock, sleep } from '../../clock/clock.ts';
import { InputError, SluiceError, SourceError } from '../../errors/sluice-error.ts';
import { type TokenSource, withToken } from '../../git/shown-token.ts';
import { type FailedAnswer, forgeError, tooLarge } from '../hosted/forge-error.ts';
import { checkedToken } from '../hosted/forge-token.ts';
import { hostOf } from '../hosted/http-answer.ts';
import { GitHubCache } from './github-cache.ts';
import { githubFetch, isBelow } from './github-fetch.ts';
import { limitedUntil } from './github-limits.ts';
import type { GitHubAnswer, GitHubList, Question } from './github-question.ts';

/** Most pages of one list; one that has more is none. */
const mostPages = 50;
/** A limit that ends sooner than this, ms, is waited out, once. */
const longestWait = 10_000;
/** Waits in ms before what is read is asked again after a failure that may pass. */
const backOff = [300, 1200];

export interface GitHubClientOptions {
  /** Base of the API: `https://api.github.com`, or `https://HOST/api/v3`. */
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

type Ask = (request: Octokit['request']) => Promise<Answered>;
type Answered = { readonly status: number; readonly headers: object; readonly data: unknown };

/** Octokit with what a gateway needs of it: limits, tries again, conditional questions, and errors that say why. */
export class GitHubClient {
  readonly host: string;
  readonly #options: GitHubClientOptions;
  readonly #octokit: Octokit;
  readonly #cache = new GitHubCache();
  #skew: number | undefined;

  constructor(options: GitHubClientOptions) {
    const { clock, signal, timeoutMs = 10_000, cap = 16 << 20 } = options;
    const url = options.url.replace(/\/+$/, '');
    this.host = hostOf(url) === 'api.github.com' ? 'github.com' : hostOf(url);
    assertPrivate(url);
    this.#options = { ...options, url };
    const noteDate = (at: number | undefined): void => {
      this.#skew = at === undefined ? undefined : at - Math.floor(clock.now() / 1000) * 1000;
    };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    this.#octokit = new Octokit({
      baseUrl: url,
      log,
      userAgent: 'sluice',
      request: { fetch: githubFetch({ url, clock, signal, timeoutMs, cap, noteDate }), log },
    });
    const source = checkedToken(options.token, this.host);
    this.#octokit.hook.wrap('request', async (request, asked) => {
      const headers = { ...asked.headers, 'x-github-api-version': '2022-11-28' };
      const own = headers.authorization !== undefined;
      const ask = (token: string | undefined) => {
        const shown = token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` };
        return this.#conduct(request, { ...asked, headers: shown });
      };
      return await withToken(own ? undefined : source, ask, (error) => failureOf(error).status === 401);
    });
  }

  get skew(): number | undefined {
    return this.#skew;
  }

  async ask(question: Question, ask: Ask): Promise<GitHubAnswer> {
    const { status, value, failed } = await this.#answer(question, ask);
    return { status, value, failed };
  }

  /** A list, all pages of it or an error. `question.besides` makes undefined of those statuses. */
  async list(question: Question, first: Ask): Promise<GitHubList | undefined> {
    const rows: unknown[] = [];
    let ask = first;
    for (let page = 1; ; page++) {
      const { status, value, failed, headers } = await this.#answer(question, ask);
      if (page === 1 && question.besides?.includes(status)) return undefined;
      if (!Array.isArray(value)) throw failed('it is no list');
      rows.push(...value);
      const next = /<([^<>]+)>;\s*rel="next"/.exec(headers['link'] ?? '')?.[1];
      if (next === undefined) return { status, value: rows, failed };
      if (page === mostPages) throw tooLarge(failed(`it has more than ${mostPages} pages`));
      if (!isBelow(this.#options.url, next)) throw failed('its next page is at another place than the API');
      ask = (request) => request(`GET ${next}`);
    }
  }

  error(question: Question, rest: Partial<FailedAnswer>): SourceError {
    const { asked, permission } = question;
    return forgeError({ asked, permission, host: this.host, status: undefined, ...rest });
  }

  async #answer(question: Question, ask: Ask) {
    const failed = (flaw: string, status?: number): SourceError => this.error(question, { status, flaw });
    try {
      const { status, headers, data } = await ask(this.#octokit.request);
      if (typeof data === 'string' && data !== '') throw failed('it is no JSON', status);
      return {
        status,
        value: data,
        headers: headers as Readonly<Record<string, string | undefined>>,
        failed: (flaw: string) => failed(flaw, status),
      };
    } catch (error) {
      if (error instanceof SluiceError) throw error;
      this.#options.signal?.throwIfAborted();
      const { status, headers, message, flaw } = failureOf(error);
      if (status === undefined) throw failed(flaw ?? 'there was no answer');
      const until = limitedUntil({ status, headers, message }, this.#options.clock.now(), this.#skew ?? 0);
      if (until === undefined && question.besides?.includes(status)) {
        return { status, value: undefined, headers: {}, failed: (said: string) => failed(said, status) };
      }
      throw this.error(question, { status, limitedUntil: until });
    }
  }

  /** Asks until there is an answer, or a failure that tries and short waits do not end. */
  async #conduct<R>(request: (asked: R) => Answered | Promise<Answered>, asked: R & Conducted): Promise<never> {
    const { clock, signal } = this.#options;
    const { url, method } = this.#octokit.request.endpoint(asked as never);
    const reading = method === 'GET';
    const keeps = reading && asked.headers?.['cache-control'] === undefined;
    const kept = keeps ? this.#cache.get(url) : undefined;
    const conditional = kept ? { ...asked, headers: { ...asked.headers, 'if-none-match': kept.etag } } : asked;
    let waited = false;
    for (let tries = 0; ; ) {
      try {
        const answer = await request(conditional);
        if (keeps) this.#cache.keep(url, answer as Answered & { headers: Readonly<Record<string, unknown>> });
        return answer as never;
      } catch (error) {
        signal?.throwIfAborted();
        const { status, headers, message, passing } = failureOf(error);
        if (status === 304 && kept) return { ...kept, url } as never;
        const now = clock.now();
        const until =
          status === undefined ? undefined : limitedUntil({ status, headers, message }, now, this.#skew ?? 0);
        const pause = until === undefined ? (passing && reading ? backOff[tries++] : undefined) : until - now;
        if (pause === undefined || pause > longestWait || (until !== undefined && waited)) throw error;
        waited ||= until !== undefined;
        await sleep(clock, pause, signal);
      }
    }
  }
}

interface Conducted {
  readonly headers?: Readonly<Record<string, unknown>>;
}

interface Failure {
  /** undefined when there was no answer. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly message: string;
  readonly flaw: string | undefined;
  /** The same question may be answered a moment later. */
  readonly passing: boolean;
}

/** What Octokit's error says, without its request, which holds the token. */
function failureOf(error: unknown): Failure {
  const { response, message, cause } = (typeof error === 'object' && error !== null ? error : {}) as {
    response?: { status: number; headers: Readonly<Record<string, unknown>> };
    message?: unknown;
    cause?: unknown;
  };
  const said = typeof message === 'string' ? message : '';
  if (response) {
    const { status, headers } = response;
    return { status, headers, message: said, flaw: undefined, passing: status >= 500 };
  }
  const known = cause instanceof SourceError ? cause : undefined;
  return { status: undefined, headers: {}, message: said, flaw: known?.message, passing: known?.retry === 'later' };
}

/** A token goes over TLS, or stays on this machine. */
function assertPrivate(url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return;
  throw new InputError('BadConfig', `the API of ${hostname} is not asked without TLS`, {
    why: 'the token would be readable on the way',
    fix: 'write the address with https',
  });
}
