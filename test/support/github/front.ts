/** The HTTP side: tokens, renamed repos, pages, rate limits, ETags, and the check of every answer by the description. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Fault, Faults } from './faults.ts';
import { flawOf } from './openapi-description.ts';
import { type Answer, type Asked, problem, type Route } from './routes.ts';
import type { GhRepo, GhToken, World } from './world.ts';

export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  /** The repo's rate limit is one less for it. */
  readonly counted: boolean;
}

interface Front {
  readonly world: World;
  readonly routes: readonly Route[];
  readonly api: string;
  readonly now: () => number;
  /** Sees what was pushed since. */
  readonly see: () => Promise<void>;
  /** Makes a token of an app's statement; undefined when the path is no such question. */
  readonly exchange: (method: string, path: string, authorization: string | undefined) => Promise<Answer | undefined>;
}

const tokensTemplate = '/app/installations/{installation_id}/access_tokens';

export class GitHubFront {
  readonly faults = new Faults();
  readonly requests: SeenRequest[] = [];
  /** Answers that GitHub would not give. */
  readonly violations: string[] = [];
  /** Requests an hour, and ms by which the Date is ahead; undefined leaves it out. */
  limit = 5000;
  dateOffset: number | undefined = 0;
  remaining = 5000;
  readonly #front: Front;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(front: Front) {
    this.#front = front;
  }

  /** One after the other, as the state and the repos are changed by them. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    await this.inTurn(() => this.#handle(request, body, response));
  }

  /** Does something that changes the state when all that came before is done. */
  async inTurn(what: () => Promise<void>): Promise<void> {
    const work = this.#queue.then(what);
    this.#queue = work.catch(() => {});
    await work;
  }

  async #handle(request: IncomingMessage, body: string, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const { pathname, search, searchParams: query } = new URL(url, this.#front.api);
    const base = new URL(this.#front.api).pathname.replace(/\/$/, '');
    const path = pathname.startsWith(base) ? pathname.slice(base.length) : `/outside${pathname}`;
    const fault = this.faults.take(`${method} ${path}${search}`);
    const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
    if (this.dateOffset !== undefined) headers['date'] = new Date(this.#front.now() + this.dateOffset).toUTCString();
    else response.sendDate = false;
    const send = (status: number, bytes: string, counted = true): void => {
      if (counted) this.remaining = Math.max(0, this.remaining - 1);
      this.requests.push({ method, path: `${path}${search}`, status, counted });
      headers['x-ratelimit-limit'] = `${this.limit}`;
      headers['x-ratelimit-remaining'] ??= `${this.remaining}`;
      headers['x-ratelimit-reset'] ??= `${Math.ceil(this.#front.now() / 1000) + 3600}`;
      response.writeHead(status, headers);
      response.end(bytes);
    };
    if (fault !== undefined && fails(fault, { headers, send, now: this.#front.now })) return;
    const { status, text, link, location, changed } = await this.#answer(method, path, query, body, request, fault);
    if (link !== undefined) headers['link'] = link;
    if (location !== undefined) headers['location'] = location;
    if (typeof fault === 'object' && 'next' in fault) headers['link'] = `<${fault.next}>; rel="next"`;
    if (status === 200 && method === 'GET') {
      const etag = `W/"${createHash('sha256').update(`${request.headers.authorization}${text}`).digest('hex')}"`;
      headers['etag'] = etag;
      if (request.headers['if-none-match'] === etag) return send(304, '', false);
    }
    if (fault === 'half') {
      response.writeHead(status, { ...headers, 'content-length': `${Buffer.byteLength(text)}` });
      response.write(text.slice(0, text.length / 2), () => response.destroy());
      return;
    }
    send(status, changed ?? text);
  }

  async #answer(
    method: string,
    path: string,
    query: URLSearchParams,
    body: string,
    request: IncomingMessage,
    fault: Fault['with'] | undefined,
  ): Promise<{ status: number; text: string; link?: string | undefined; location?: string; changed?: string }> {
    const { world, routes, api, see, exchange } = this.#front;
    await see();
    const { authorization } = request.headers;
    const exchanged = await exchange(method, path, authorization);
    if (exchanged) return this.#checked(method, tokensTemplate, exchanged);
    const token =
      authorization === undefined ? undefined : world.tokens.get(authorization.replace(/^(bearer|token) /i, ''));
    const known = token && token.until > this.#front.now();
    if (authorization !== undefined && !known) return this.#checked(method, '/user', problem(401, 'Bad credentials'));
    for (const route of routes) {
      const found = route.method === method ? match(route.template, path) : undefined;
      if (!found) continue;
      const { parts, id } = found;
      const name = `${parts['owner']}/${parts['repo']}`;
      const repo = route.template === '/user' ? undefined : id === undefined ? world.repo(name) : world.repos.get(id);
      const moved = repo ? undefined : world.oldNames.get(name.toLowerCase());
      if (moved !== undefined) {
        const location = `${api}/repositories/${moved}${path
          .split('/')
          .slice(4)
          .map((part) => `/${part}`)
          .join('')}`;
        const search = query.size > 0 ? `?${query}` : '';
        const answer = problem(method === 'GET' ? 301 : 307, 'Moved Permanently');
        const body = { ...(answer.body as object), url: location + search };
        return { ...this.#checked(method, route.template, { ...answer, body }), location: location + search };
      }
      const refusal = refused(world, route, repo, token);
      if (refusal) return this.#checked(method, route.template, refusal);
      const caller = token && world.account(token.account);
      const said = body === '' ? {} : (JSON.parse(body) as Asked['body']);
      const answer = await route.answer({ repo: repo!, parts, query, body: said, token, caller });
      const { page, link } = cut(answer, query, `${api}${path}`);
      const checked = this.#checked(method, route.template, { ...answer, body: page });
      const change = typeof fault === 'object' && 'change' in fault ? fault.change : undefined;
      return { ...checked, link, ...(change ? { changed: JSON.stringify(change(JSON.parse(checked.text))) } : {}) };
    }
    return { status: 404, text: JSON.stringify(problem(404, 'Not Found').body) };
  }

  /** An answer that the description does not allow makes the test fail, whatever is done about this one. */
  #checked(method: string, template: string, { status, body }: Answer): { status: number; text: string } {
    const flaw = flawOf(method, template, status, body);
    if (flaw === undefined) return { status, text: body === undefined ? '' : JSON.stringify(body) };
    this.violations.push(flaw);
    return { status: 500, text: JSON.stringify({ message: `the emulator broke GitHub's description: ${flaw}` }) };
  }
}

function refused(world: World, route: Route, repo: GhRepo | undefined, token: GhToken | undefined): Answer | undefined {
  if (route.template === '/user') return token ? undefined : problem(401, 'Requires authentication');
  const sees = repo && (!repo.private || (token && (token.installation || world.mayWrite(repo, token.account))));
  if (!sees) return problem(404, 'Not Found');
  const [permission, level] = route.needs ?? ['metadata', 'read'];
  if (!token) return level === 'read' ? undefined : problem(401, 'Requires authentication');
  const given = permission === 'metadata' ? 'read' : token.permissions[permission];
  if (given === 'write' || given === level) return undefined;
  return problem(403, `Resource not accessible by ${token.installation ? 'integration' : 'personal access token'}`);
}

/** Parts of a path that a template names; repos are found by their name or by their id. */
function match(template: string, path: string): { parts: Record<string, string>; id: number | undefined } | undefined {
  const byId = /^\/repositories\/(\d+)(?=\/|$)/.exec(path);
  const wanted = template.split('/');
  const given = (byId ? path.replace(byId[0], '/repos/-/-') : path).split('/');
  if (wanted.length !== given.length) return undefined;
  const parts: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined && part !== given[index]) return undefined;
    if (name !== undefined) parts[name] = decodeURIComponent(given[index]!);
  }
  return { parts, id: byId ? Number(byId[1]) : undefined };
}

function cut(
  { body, paged }: Answer,
  query: URLSearchParams,
  url: string,
): { page: unknown; link: string | undefined } {
  if (!paged || !Array.isArray(body)) return { page: body, link: undefined };
  const size = Math.min(100, Math.max(1, Number(query.get('per_page') ?? 30)));
  const name = paged === 'number' ? 'page' : 'after';
  const from =
    paged === 'number' ? (Math.max(1, Number(query.get('page') ?? 1)) - 1) * size : Number(query.get('after') ?? 0);
  const to = from + size;
  const next = new URLSearchParams(query);
  next.set(name, `${paged === 'number' ? to / size + 1 : to}`);
  const link = to < body.length ? `<${url}?${next}>; rel="next"` : undefined;
  return { page: body.slice(from, to), link };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** True when the fault is all of the answer. */
function fails(
  fault: Fault['with'],
  {
    headers,
    send,
    now,
  }: {
    headers: Record<string, string>;
    send: (status: number, bytes: string) => void;
    now: () => number;
  },
): boolean {
  if (fault === 'silence') return true;
  if (fault === 'html') {
    headers['content-type'] = 'text/html; charset=utf-8';
    send(200, '<!DOCTYPE html><title>Unicorn!</title>');
    return true;
  }
  if (fault === 'half') return false;
  if ('status' in fault) send(fault.status, JSON.stringify({ message: fault.message ?? 'Server Error' }));
  else if ('primary' in fault) {
    headers['x-ratelimit-remaining'] = '0';
    headers['x-ratelimit-reset'] = `${Math.ceil(now() / 1000) + fault.primary}`;
    send(403, JSON.stringify({ message: 'API rate limit exceeded' }));
  } else if ('secondary' in fault) {
    if (fault.secondary !== undefined) headers['retry-after'] = `${fault.secondary}`;
    send(403, JSON.stringify({ message: 'You have exceeded a secondary rate limit.' }));
  } else if ('redirect' in fault) {
    headers['location'] = fault.redirect;
    send(302, JSON.stringify({ message: 'Found' }));
  } else return false;
  return true;
}
