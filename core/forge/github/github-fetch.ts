import type { Clock } from '../../clock/clock.ts';
import { SourceError } from '../../errors/sluice-error.ts';
import { readBody } from '../hosted/http-answer.ts';

/** Redirects that are followed for one question: a repo that was renamed, and one to spare. */
const mostRedirects = 3;

export interface GitHubFetchOptions {
  /** Base of the API; nothing outside of it is asked. */
  readonly url: string;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** For one answer, its body included. */
  readonly timeoutMs: number;
  /** Most bytes of one answer. */
  readonly cap: number;
  /** Gets the Date of each answer; undefined where it has none that can be read. */
  readonly noteDate: (at: number | undefined) => void;
}

/**
 * The fetch beneath Octokit: one try, with a whole answer of JSON in time and under the cap, or a SourceError whose
 * message is the flaw (`retry: later` where the same question may be answered a moment later). Goes nowhere but to the
 * API's own address, wherever a redirect or a next page points, since the token goes along.
 */
export function githubFetch(options: GitHubFetchOptions): typeof fetch {
  const { clock, signal, timeoutMs } = options;
  return async (input, init = {}) => {
    signal?.throwIfAborted();
    const timeout = new AbortController();
    const timer = clock.after(timeoutMs, () => timeout.abort());
    const both = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
    try {
      return await whole(options, String(input), { ...init, redirect: 'manual', signal: both });
    } catch (cause) {
      if (cause instanceof SourceError) throw cause;
      signal?.throwIfAborted();
      const why = timeout.signal.aborted
        ? `no whole answer in ${timeoutMs} ms`
        : 'no whole answer: the connection failed';
      throw flaw(why, 'later');
    } finally {
      timer.cancel();
    }
  };
}

/** True when an address is the API's base or below it. */
export function isBelow(base: string, address: string): boolean {
  if (!URL.canParse(address)) return false;
  const [root, to] = [new URL(base), new URL(address)];
  return to.origin === root.origin && `${to.pathname}/`.startsWith(`${root.pathname.replace(/\/+$/, '')}/`);
}

async function whole(options: GitHubFetchOptions, first: string, init: RequestInit): Promise<Response> {
  let url = first;
  for (let redirects = 0; ; redirects++) {
    if (!isBelow(options.url, url)) throw flaw('it points to another place than the API', 'never');
    const answer = await fetch(url, init);
    const at = Date.parse(answer.headers.get('date') ?? '');
    options.noteDate(Number.isNaN(at) ? undefined : at);
    const body = await readBody(answer, options.cap, (said) => flaw(said, 'never'));
    const { status, headers } = answer;
    const location = headers.get('location');
    if (location !== null && follows(init.method, status)) {
      if (redirects >= mostRedirects) throw flaw(`it redirects more than ${mostRedirects} times`, 'never');
      url = new URL(location, url).href;
      continue;
    }
    if (status >= 300 && status < 400 && status !== 304) throw flaw('it redirects elsewhere', 'never');
    const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
    if (status < 300 && status !== 204 && type !== 'application/json') {
      throw flaw(type === 'text/html' ? 'it is HTML' : 'it is not called JSON', 'never');
    }
    const bare = new Headers(headers);
    for (const name of ['content-encoding', 'transfer-encoding', 'deprecation']) bare.delete(name);
    bare.set('content-length', `${body.length}`);
    const empty = status === 204 || status === 205 || status === 304;
    return new Response(empty ? null : Buffer.from(body), { status, headers: bare });
  }
}

/** What is written is asked again elsewhere only by the statuses that keep the method. */
function follows(method: string | undefined, status: number): boolean {
  return status === 307 || status === 308 || ((method ?? 'GET') === 'GET' && (status === 301 || status === 302));
}

function flaw(message: string, retry: 'never' | 'later'): SourceError {
  return new SourceError('ForgeFailed', message, { retry });
}
