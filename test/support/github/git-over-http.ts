/**
 * Git's smart HTTP for the emulated GitHub's repos, by git's own `http-backend`: `/OWNER/NAME.git`, who may read and
 * push by the token that a client shows as a password.
 */
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { devNull } from 'node:os';
import { basename, dirname } from 'node:path';
import type { GhAccount, GhRepo, GhToken, World } from './world.ts';

export interface GitRequest {
  readonly repo: GhRepo | undefined;
  /** `/info/refs`, `/git-upload-pack` or `/git-receive-pack`. */
  readonly rest: string;
  readonly query: string;
  readonly pushes: boolean;
  readonly token: GhToken | undefined;
  readonly account: GhAccount | undefined;
  /** What the token may do with the repo's contents. */
  readonly may: 'read' | 'write' | undefined;
}

const gitPath = /^\/([\w.-]+\/[\w.-]+)\.git(\/(?:info\/refs|git-upload-pack|git-receive-pack))$/;

/** undefined when it is none of git's. */
export function gitRequest(world: World, { url = '/', headers }: IncomingMessage): GitRequest | undefined {
  const { pathname, search } = new URL(url, 'http://localhost');
  const [, name, rest] = gitPath.exec(pathname) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  const shown = /^basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const password =
    shown &&
    Buffer.from(shown, 'base64')
      .toString()
      .replace(/^[^:]*:/, '');
  const token = password ? world.tokens.get(password) : undefined;
  const repo = world.repo(name);
  const belongs = token && repo && (token.installation || world.mayWrite(repo, token.account));
  return {
    repo,
    rest,
    query: search.slice(1),
    pushes: rest === '/git-receive-pack' || search === '?service=git-receive-pack',
    token,
    account: token && world.account(token.account),
    may: belongs ? token?.permissions.contents : undefined,
  };
}

/** Answers it. Returns whose push it was, when it was one that git took. */
export async function serveGit(
  { repo, rest, query, pushes, token, account, may }: GitRequest,
  request: IncomingMessage,
  response: ServerResponse,
  now: number,
): Promise<GhAccount | undefined> {
  const known = token && token.until > now;
  const mayRead = repo && (!repo.private || (known && may !== undefined));
  if (!mayRead || (pushes && !(known && may === 'write'))) {
    response.writeHead(known ? 403 : 401, known ? {} : { 'www-authenticate': 'Basic realm="GitHub"' });
    response.end('no');
    return undefined;
  }
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROJECT_ROOT: dirname(repo.git.path),
      PATH_INFO: `/${basename(repo.git.path)}${rest}`,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      GIT_PROTOCOL: request.headers['git-protocol']?.toString(),
      ...(pushes ? { REMOTE_USER: account?.login } : {}),
    },
  });
  child.stdin.on('error', () => {}); // git has read enough
  request.pipe(child.stdin);
  const parts: Buffer[] = [];
  for await (const part of child.stdout) parts.push(part as Buffer);
  const all = Buffer.concat(parts);
  const end = all.indexOf('\r\n\r\n');
  const headers = Object.fromEntries(
    all
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ', 2) as [string, string]),
  );
  const { Status: status = '200', ...others } = headers;
  response.writeHead(Number.parseInt(status, 10), others);
  response.end(all.subarray(end + 4));
  return rest === '/git-receive-pack' ? account : undefined;
}
