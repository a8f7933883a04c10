import pRetry from 'p-retry';
import type { Clock } from '../../clock/clock.ts';
import { InputError, type SourceError } from '../../errors/sluice-error.ts';
import { forgeError } from '../hosted/forge-error.ts';
import { type JsonAnswer, JsonClient, type JsonClientOptions, type JsonRequest } from '../hosted/json-client.ts';
import { refusalOf, refusals } from './gitea-refusals.ts';

export interface GiteaOptions extends Omit<JsonClientOptions, 'url'> {
  /** Address of the server, with the path that it is served under, if any. */
  readonly url: string;
  /** `owner/name`. */
  readonly repo: string;
}

/** Scopes of a token, as its page calls them. */
export const reading = 'repository: Read';
export const writing = 'repository: Write';
/** How long Gitea may take to find out whether a request can be merged, and to note that it was, ms. */
const settling = 10_000;

/** Calls about one repo of a Gitea, each with what a refusal of its means. */
export class GiteaCalls {
  readonly client: JsonClient;
  /** `owner/name`, as it stands in a path. */
  readonly repo: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  /** Errors of an answer that Gitea will give in another way in a moment. */
  readonly #early = new WeakSet<Error>();

  constructor({ url, repo, ...rest }: GiteaOptions) {
    if (!/^(?!\.+\/)[\w.-]+\/(?!\.+$)[\w.-]+$/.test(repo)) {
      throw new InputError('BadConfig', 'the name of the repo is none', { fix: 'write it like owner/name' });
    }
    this.client = new JsonClient({ url: `${url.replace(/\/+$/, '')}/api/v1`, ...rest });
    this.repo = repo;
    this.#clock = rest.clock;
    this.#signal = rest.signal;
  }

  /** Reads something of the repo. */
  read(request: Omit<JsonRequest, 'method' | 'permission'>): Promise<JsonAnswer> {
    return this.client.ask({
      ...request,
      method: 'GET',
      path: `/repos/${this.repo}${request.path}`,
      permission: reading,
    });
  }

  /**
   * The answer, or undefined when there is none of what is asked for. Gitea answers the same 404 to whom it shows no
   * pull requests at all, which is an error: so it is asked for those.
   */
  async find(request: Omit<JsonRequest, 'method' | 'permission'>): Promise<JsonAnswer | undefined> {
    const answer = await this.read({ ...request, besides: [404] });
    if (answer.status !== 404) return answer;
    await this.read({ path: '/pulls', query: { state: 'all', limit: 1 }, asked: request.asked });
    return undefined;
  }

  /** Changes something; why Gitea refuses it is in the error. */
  async write(request: Omit<JsonRequest, 'permission'>): Promise<JsonAnswer> {
    const path = `/repos/${this.repo}${request.path}`;
    const answer = await this.client.ask({ ...request, path, permission: writing, besides: refusals });
    if (answer.status < 300) return answer;
    const { flaw, passes } = refusalOf(answer);
    const error = answer.failed(flaw);
    throw passes ? this.soon(error) : error;
  }

  /** Works again while it throws what `soon` marked, for ten seconds. */
  async untilSettled<T>(work: () => Promise<T>): Promise<T> {
    const end = this.#clock.monotonic() + settling;
    return await pRetry(work, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 200,
      factor: 1,
      ...(this.#signal ? { signal: this.#signal } : {}),
      shouldRetry: ({ error }) => this.#early.has(error) && this.#clock.monotonic() < end,
    });
  }

  /** Marks the error of what Gitea does in the background. */
  soon(error: SourceError): SourceError {
    this.#early.add(error);
    return error;
  }

  failed(asked: string, flaw: string): SourceError {
    return forgeError({ asked, host: this.client.host, status: undefined, permission: writing, flaw });
  }
}
