/**
 * GitHub on loopback, for tests: a REST interface with state over real bare git repos, which gateways and people fetch
 * from and push to by their path, or over HTTP with a token where GitHub has them. Every answer is held against GitHub's
 * own description; an answer that it does not allow is answered 500 and thrown when the emulator is disposed of.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../core/clock/clock.ts';
import { BugError } from '../../../core/errors/sluice-error.ts';
import { Apps } from './apps.ts';
import { BareRepo, type GitPerson } from './bare-repo.ts';
import type { Fault } from './faults.ts';
import { GitHubFront } from './front.ts';
import { gitRequest, serveGit } from './git-over-http.ts';
import { type MergeMethod, personOf } from './merges.ts';
import { flawOfSchema } from './openapi-description.ts';
import { Pulls, present } from './pulls.ts';
import { routesOf } from './routes.ts';
import { Shapes } from './shapes.ts';
import { type GhEvent, payloadOf, schemaOf } from './webhook-payloads.ts';
import {
  type AccountType,
  type GhAccount,
  type GhComment,
  type GhPull,
  type GhRepo,
  type Permissions,
  World,
} from './world.ts';

export interface GitHubEmulatorOptions {
  /** Folder for the bare repos. */
  readonly dir: string;
  readonly clock?: Clock;
  /** Where the API begins: `/api/v3` on an Enterprise Server. */
  readonly base?: string;
}

export interface Delivery {
  readonly url: string;
  readonly event: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** undefined when nobody answered. */
  readonly status: number | undefined;
}

export async function startGitHub(options: GitHubEmulatorOptions): Promise<GitHubEmulator> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${options.base ?? ''}`;
  const emulator = new GitHubEmulator(options, url, async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  });
  server.on('request', (request, response) => {
    emulator.handle(request, response).catch((error: unknown) => {
      emulator.front.violations.push(String(error));
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end('{"message":"the emulator failed"}');
    });
  });
  return emulator;
}

export class GitHubEmulator implements AsyncDisposable {
  /** Base of the API. */
  readonly url: string;
  readonly world = new World();
  readonly apps: Apps;
  readonly front: GitHubFront;
  readonly deliveries: Delivery[] = [];
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #pulls: Pulls;
  readonly #shapes: Shapes;
  readonly #stop: () => Promise<void>;
  readonly #sending = new Set<Promise<void>>();

  constructor({ dir, clock = systemClock }: GitHubEmulatorOptions, url: string, stop: () => Promise<void>) {
    this.url = url;
    this.#dir = dir;
    this.#clock = clock;
    this.#stop = stop;
    this.apps = new Apps(this.world, (login) => this.account(login, 'Bot'), clock);
    this.#shapes = new Shapes(this.world, url);
    this.#pulls = new Pulls(
      this.world,
      () => clock.now(),
      (repo, said) => this.#notify(repo, said),
    );
    this.front = new GitHubFront({
      world: this.world,
      routes: routesOf(this.world, this.#pulls, this.#shapes, () => clock.now()),
      api: url,
      now: () => clock.now(),
      see: () => this.#pulls.see(),
      exchange: (method, path, authorization) => this.apps.exchange(method, path, authorization),
    });
  }

  /** One request over HTTP: git's own, or one of the API. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = gitRequest(this.world, request);
    if (!asked) return this.front.handle(request, response);
    const pushed = await serveGit(asked, request, response, this.#clock.now());
    if (pushed) await this.front.inTurn(() => this.#pulls.see(pushed));
  }

  account(login: string, type: AccountType = 'User'): GhAccount {
    const account: GhAccount = { id: this.world.nextId(), login, type, email: `${login}@example.com`, deleted: false };
    this.world.accounts.set(account.id, account);
    return account;
  }

  /** A token of an account; all permissions when none are named. */
  token(account: GhAccount, permissions: Permissions = { pull_requests: 'write', contents: 'write' }): string {
    const token = `ghp_${randomUUID().replaceAll('-', '')}`;
    this.world.tokens.set(token, {
      account: account.id,
      permissions,
      installation: false,
      until: Number.POSITIVE_INFINITY,
    });
    return token;
  }

  /** What a workflow's job gets: a token of an app's installation, which is not told whose it is. */
  workflowToken(permissions: Permissions): string {
    const token = `ghs_${randomUUID().replaceAll('-', '')}`;
    const login = 'github-actions[bot]';
    const account = this.world.named(login) ?? this.account(login, 'Bot');
    this.world.tokens.set(token, {
      account: account.id,
      permissions,
      installation: true,
      until: Number.POSITIVE_INFINITY,
    });
    return token;
  }

  /** Somebody writes below a pull request. */
  comment(repo: GhRepo, pull: GhPull, by: GhAccount, body: string): GhComment {
    const made = { id: this.world.nextId(), pull: pull.number, by: by.id, at: this.#clock.now(), body };
    repo.comments.push(made);
    return made;
  }

  revoke(token: string): void {
    this.world.tokens.delete(token);
  }

  /** A repo whose branch main has one commit with `files`, unless it is a fork. */
  async createRepo(
    owner: GhAccount,
    name: string,
    options: { files?: Readonly<Record<string, string>>; fork?: GhRepo; private?: boolean } = {},
  ): Promise<GhRepo> {
    const { fork } = options;
    const id = this.world.nextId();
    const git = await BareRepo.create(join(this.#dir, `${id}.git`), fork?.git.path);
    if (!fork) {
      const at = this.#clock.now();
      const commit = await git.commit({
        parents: [],
        files: options.files ?? { 'README.md': 'first\n' },
        message: 'first',
        author: personOf(owner),
        at,
      });
      await git.point('refs/heads/main', commit);
    }
    const repo: GhRepo = {
      id,
      owner: owner.id,
      name,
      private: options.private ?? false,
      forkOf: fork?.id,
      git,
      createdAt: this.#clock.now(),
      collaborators: new Set(),
      members: new Set(),
      pulls: new Map(),
      comments: [],
      activity: [],
      branches: await git.refs('refs/heads/'),
      hooks: [],
      requiredApprovals: 0,
    };
    this.world.repos.set(id, repo);
    return repo;
  }

  /** Commits files onto a branch, or onto `options.onto`, and pushes that as `by`. Returns the commit. */
  async push(
    repo: GhRepo,
    branch: string,
    by: GhAccount,
    files: Readonly<Record<string, string | undefined>>,
    options: { onto?: string; message?: string; author?: GitPerson } = {},
  ): Promise<string> {
    const ref = `refs/heads/${branch}`;
    const onto = options.onto ?? (await repo.git.tip(ref)) ?? present(await repo.git.tip('refs/heads/main'), 'main');
    const author = options.author ?? personOf(by);
    const at = this.#clock.now();
    const commit = await repo.git.commit({ parents: [onto], files, message: options.message ?? 'change', author, at });
    await this.pushCommit(repo, branch, by, commit);
    return commit;
  }

  /** Points a branch to a commit, by force where it must, or takes it away. */
  async pushCommit(repo: GhRepo, branch: string, by: GhAccount, commit: string | undefined): Promise<void> {
    await this.#pulls.see();
    await repo.git.point(`refs/heads/${branch}`, commit);
    await this.#pulls.see(by);
  }

  async open(
    repo: GhRepo,
    by: GhAccount,
    request: { head: string; title?: string; body?: string; headRepo?: GhRepo; base?: string },
  ): Promise<GhPull> {
    const pull = await this.#pulls.open(repo, {
      by,
      title: request.title ?? request.head,
      body: request.body ?? '',
      headRepo: request.headRepo ?? repo,
      headRef: request.head,
      baseRef: request.base ?? 'main',
    });
    if (typeof pull === 'string') throw new BugError(pull);
    return pull;
  }

  review(repo: GhRepo, pull: GhPull, by: GhAccount, state: GhPull['reviews'][number]['state'] = 'APPROVED') {
    return this.#pulls.review(repo, pull, { by, state, body: '', commit: pull.headSha });
  }

  retarget(repo: GhRepo, pull: GhPull, by: GhAccount, base: string): Promise<void> {
    return this.#pulls.retarget(repo, pull, by, base);
  }

  dismiss(repo: GhRepo, pull: GhPull, review: GhPull['reviews'][number]): void {
    this.#pulls.dismiss(repo, pull, review);
  }

  /** Merges whatever the branch's rules say, as an administrator can. Returns the last new commit. */
  async merge(repo: GhRepo, pull: GhPull, by: GhAccount, method: MergeMethod = 'merge'): Promise<string> {
    await this.#pulls.see();
    return this.#pulls.merge(repo, pull, by, method, `Merge pull request #${pull.number}`);
  }

  /** By the merge queue, all in one group. Returns a commit for each. */
  async mergeByQueue(repo: GhRepo, pulls: readonly GhPull[], by: GhAccount): Promise<readonly string[]> {
    await this.#pulls.see();
    return this.#pulls.mergeByQueue(repo, pulls, by);
  }

  /** The old name leads to the new one, as the id stays. */
  rename(repo: GhRepo, to: { owner?: GhAccount; name?: string }): void {
    this.world.oldNames.set(this.world.fullName(repo).toLowerCase(), repo.id);
    if (to.owner) repo.owner = to.owner.id;
    if (to.name !== undefined) repo.name = to.name;
  }

  /** Its forks go with their requests' head repos; what it said stays, as the ghost's or nobody's. */
  deleteAccount(account: GhAccount): void {
    account.deleted = true;
    for (const repo of this.world.repos.values()) if (repo.owner === account.id) this.deleteRepo(repo);
  }

  deleteRepo(gone: GhRepo): void {
    this.world.repos.delete(gone.id);
    for (const repo of this.world.repos.values()) {
      for (const pull of repo.pulls.values()) if (pull.headRepo === gone.id) pull.headRepo = undefined;
    }
  }

  fail(fault: Fault): void {
    this.front.faults.add(fault);
  }

  /** Waits until all webhooks are delivered. */
  async settled(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    await this.#stop();
    const { violations } = this.front;
    if (violations.length > 0) {
      throw new BugError(`the emulated GitHub gave answers that GitHub does not give: ${violations.join('; ')}`);
    }
  }

  #notify(repo: GhRepo, said: GhEvent): void {
    for (const { url, secret } of repo.hooks) {
      const { event } = said;
      const payload = payloadOf(this.world, this.#shapes, repo, said);
      const flaw = flawOfSchema(schemaOf(said), payload);
      if (flaw !== undefined) this.front.violations.push(flaw);
      const body = JSON.stringify(payload);
      const headers = {
        'content-type': 'application/json',
        'x-github-event': event,
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      };
      const sending: Promise<void> = fetch(url, { method: 'POST', headers, body })
        .then(
          ({ status }) => status,
          () => undefined,
        )
        .then((status) => {
          this.deliveries.push({ url, event, headers, body, status });
          this.#sending.delete(sending);
        });
      this.#sending.add(sending);
    }
  }
}
