/**
 * A real Gitea on a free loopback port, with its data in a temporary folder that goes when it is disposed of. One admin,
 * and whoever a test adds.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemClock } from '../../../core/clock/clock.ts';
import { SourceError } from '../../../core/errors/sluice-error.ts';
import { freePorts } from '../kafka-broker.ts';
import { buildGitea } from './build-gitea.ts';
import { giteaSettings } from './gitea-settings.ts';

const run = promisify(execFile);

/** Waits on a pipe from this process and kills the server when that breaks off: it cannot outlive this one. */
const guard = '(read -r _ <&3 || kill -9 $$) 2>/dev/null & exec "$@"';

export interface GiteaUser {
  readonly id: number;
  readonly login: string;
  /** May do all that the user may. */
  readonly token: string;
}

export interface Gitea extends AsyncDisposable {
  readonly url: string;
  readonly admin: GiteaUser;
  addUser(login: string): Promise<GiteaUser>;
  /** A token of a user who was added here, for some scopes alone: `read:repository`. */
  tokenFor(login: string, scopes: readonly string[]): Promise<string>;
  /** Takes a token of such a user away again. */
  deleteToken(login: string, token: string): Promise<void>;
  /** An `owner/name` with one commit on main. */
  createRepo(owner: string, name: string): Promise<{ readonly id: number; readonly fullName: string }>;
  addCollaborator(repo: string, login: string, permission: 'read' | 'write' | 'admin'): Promise<void>;
  /** Nobody pushes to main, but files that match `openFiles`; merges need approvals. */
  protectBranch(
    repo: string,
    rule: { readonly approvals: number; readonly dismissStale: boolean; readonly openFiles?: string },
  ): Promise<void>;
  /** All events go there. */
  addWebhook(repo: string, hook: { readonly url: string; readonly secret: string }): Promise<void>;
  /** Where git clones and pushes as a user. */
  gitUrl(repo: string, user: GiteaUser): string;
  /** Any call below /api/v1; throws for another status than 2xx. Undefined for an empty answer. */
  api(token: string, method: string, path: string, body?: unknown): Promise<unknown>;
}

/** Starts a server, which is built first when it is not there yet, and resolves when it answers. */
export async function startGitea(): Promise<Gitea> {
  const { binary, staticRoot } = await buildGitea();
  const [port] = await freePorts(1);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-gitea-'));
  const config = join(folder, 'app.ini');
  await writeFile(config, giteaSettings({ folder, port: port!, staticRoot }), { mode: 0o600 });
  const environment = { PATH: process.env['PATH'], HOME: folder, USER: process.env['USER'] ?? 'root', TMPDIR: folder };
  const log = openSync(join(folder, 'gitea.log'), 'a');
  const command = ['-c', guard, 'sh', binary, 'web', '--config', config];
  const child = spawn('sh', command, { stdio: ['ignore', log, log, 'pipe'], env: environment, cwd: folder });
  closeSync(log);
  const pipe = child.stdio[3];
  pipe?.on('error', () => undefined);
  child.once('exit', () => {
    if (pipe && 'end' in pipe) pipe.end('ended\n');
  });
  const dispose = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await answering(child, url);
    const name = 'site-admin';
    const create = `admin user create --admin --username ${name} --email ${name}@example.com --must-change-password=false`;
    const options = { env: environment, cwd: folder };
    await run(binary, [...create.split(' '), '--password', password(), '--config', config], options);
    const issue = `admin user generate-access-token --username ${name} --token-name all --scopes all --raw`;
    const { stdout } = await run(binary, [...issue.split(' '), '--config', config], options);
    const token = stdout
      .split('\n')
      .find((line) => /^[0-9a-f]{40}$/.test(line.trim()))!
      .trim();
    const { id } = (await call(url, `token ${token}`, 'GET', '/user')) as { id: number };
    return { ...calls(url, { id, login: name, token }), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    const tail = readFileSync(join(folder, 'gitea.log'), 'utf8').slice(-3000);
    await dispose();
    const why = `${String(error)}\n${tail}`;
    throw new SourceError('ForgeFailed', 'Gitea did not start', { why, cause: error });
  }
}

function calls(url: string, admin: GiteaUser): Omit<Gitea, typeof Symbol.asyncDispose> {
  const passwords = new Map<string, string>();
  const api: Gitea['api'] = (token, method, path, body) => call(url, `token ${token}`, method, path, body);
  const asAdmin = (method: string, path: string, body?: unknown): Promise<unknown> =>
    api(admin.token, method, path, body);
  const tokens = (login: string, method: string, path = '', body?: object): Promise<unknown> => {
    const basic = Buffer.from(`${login}:${passwords.get(login)}`).toString('base64');
    return call(url, `Basic ${basic}`, method, `/users/${login}/tokens${path}`, body);
  };
  const tokenFor: Gitea['tokenFor'] = async (login, scopes) => {
    const made = await tokens(login, 'POST', '', { name: randomBytes(8).toString('hex'), scopes });
    return (made as { sha1: string }).sha1;
  };
  return {
    url,
    admin,
    api,
    tokenFor,
    async deleteToken(login, token) {
      const known = (await tokens(login, 'GET')) as { id: number; token_last_eight: string }[];
      const { id } = known.find(({ token_last_eight: end }) => token.endsWith(end))!;
      await tokens(login, 'DELETE', `/${id}`);
    },
    async addUser(login) {
      const secret = password();
      const email = `${login}.${randomBytes(4).toString('hex')}@example.com`; // a renamed account keeps its own
      const body = { username: login, email, password: secret, must_change_password: false };
      const { id } = (await asAdmin('POST', '/admin/users', body)) as { id: number };
      passwords.set(login, secret);
      return { id, login, token: await tokenFor(login, ['all']) };
    },
    async createRepo(owner, name) {
      const body = { name, auto_init: true, default_branch: 'main', private: false };
      const made = await asAdmin('POST', `/admin/users/${owner}/repos`, body);
      const { id, full_name: fullName } = made as { id: number; full_name: string };
      return { id, fullName };
    },
    async addCollaborator(repo, login, permission) {
      await asAdmin('PUT', `/repos/${repo}/collaborators/${login}`, { permission });
    },
    async protectBranch(repo, { approvals, dismissStale, openFiles = '' }) {
      await asAdmin('POST', `/repos/${repo}/branch_protections`, {
        rule_name: 'main',
        enable_push: false,
        required_approvals: approvals,
        dismiss_stale_approvals: dismissStale,
        unprotected_file_patterns: openFiles,
      });
    },
    async addWebhook(repo, hook) {
      await asAdmin('POST', `/repos/${repo}/hooks`, {
        type: 'gitea',
        active: true,
        events: ['push', 'pull_request', 'pull_request_review', 'pull_request_sync'],
        config: { url: hook.url, secret: hook.secret, content_type: 'json' },
      });
    },
    gitUrl: (repo, user) => `${url.replace('//', `//${user.login}:${user.token}@`)}/${repo}.git`,
  };
}

async function call(url: string, who: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: who, accept: 'application/json', 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new SourceError('ForgeFailed', `${method} ${path}: Gitea answered ${answer.status}`, { why: text });
  }
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

async function answering(child: ChildProcess, url: string): Promise<void> {
  const end = systemClock.monotonic() + 60_000;
  while (systemClock.monotonic() < end && child.exitCode === null) {
    const answer = await fetch(`${url}/api/healthz`).catch(() => undefined);
    await answer?.text();
    if (answer?.ok) return;
    await pause(100);
  }
  throw new SourceError('ForgeFailed', 'Gitea does not answer');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGKILL');
  await promise;
}

function password(): string {
  return randomBytes(12).toString('hex');
}
