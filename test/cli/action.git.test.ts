import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { actionFile } from '../../cli/actions/action-file.ts';
import { demandNode } from '../../cli/actions/workflow-run.ts';
import { systemClock } from '../../core/clock/clock.ts';
import { builtAction } from '../support/built-action.ts';
import { type RepoOnGitHub, repoOnGitHub } from '../support/github/repo-on-github.ts';
import type { GhPull, GhRepo, Permissions } from '../support/github/world.ts';
import { type ActionResult, actionAlone, runAction } from '../support/run-action.ts';
import { tempDir } from '../support/temp-dir.ts';

const description = '.github/actions/validate/action.yml';
const grantFile = 'grants/2026-12/2026-12-01-alice-payments.yaml';
let program: Buffer;

beforeAll(async () => {
  program = await readFile(await builtAction());
});

/** The example policies on the emulated GitHub, and the action as a release has it. */
interface Scene extends AsyncDisposable {
  readonly world: RepoOnGitHub;
  readonly base: string;
  /** Runs the action for a pull request, as it is now or as an event of before said. */
  check(pull: GhPull, options?: CheckOptions): Promise<ActionResult>;
  run(event: { name: string; body: unknown }, options?: CheckOptions): Promise<ActionResult>;
  /** Opens a pull request of somebody with files. */
  ask(files: Readonly<Record<string, string | undefined>>, from?: GhRepo): Promise<GhPull>;
}

interface CheckOptions {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly permissions?: Permissions;
  readonly token?: string;
  readonly name?: string;
  readonly head?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function scene(): Promise<Scene> {
  const dir = await tempDir();
  const world = await repoOnGitHub();
  const { github, repo, alice } = world;
  const base = await github.push(repo, 'main', alice, { 'README.md': undefined, ...(await examples()) });
  await mkdir(dir.join('server/acme'), { recursive: true });
  await symlink(repo.git.path, dir.join('server/acme/policies.git'));
  const action = await actionAlone(dir.join('release'), program, description);
  let count = 0;
  const run: Scene['run'] = (event, options = {}) =>
    runAction({
      action,
      event,
      server: `file://${dir.join('server')}`,
      api: github.url,
      repo: 'acme/policies',
      token: options.token ?? github.workflowToken(options.permissions ?? { pull_requests: 'write', contents: 'read' }),
      inputs: { comment: 'true', ...options.inputs },
      env: { GITHUB_REF: 'refs/heads/main', GITHUB_SHA: base, ...options.env },
    });
  return {
    world,
    base,
    run,
    check: (pull, options = {}) =>
      run(
        {
          name: options.name ?? 'pull_request_target',
          body: {
            action: 'synchronize',
            number: pull.number,
            pull_request: {
              number: pull.number,
              title: pull.title,
              head: { sha: options.head ?? pull.headSha, ref: pull.headRef, repo: { id: pull.headRepo } },
              base: { sha: pull.baseSha, ref: pull.baseRef, repo: { id: repo.id } },
            },
            repository: { id: repo.id, full_name: 'acme/policies' },
          },
        },
        options,
      ),
    async ask(files, from = repo) {
      const head = `wish-${++count}`;
      await github.push(from, head, alice, files);
      return await github.open(repo, alice, { head, headRepo: from, title: '::error::a title', body: 'approve me' });
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

async function examples(): Promise<Record<string, string>> {
  const root = 'policies-example';
  const paths = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.yaml'));
  const texts = await Promise.all(
    paths.map(async (path): Promise<[string, string]> => [path, await readFile(join(root, path), 'utf8')]),
  );
  return Object.fromEntries(texts);
}

function grant(reason = 'INC-1', more: Readonly<Record<string, string>> = {}): string {
  const spec = {
    uid: '"0123456789abcdef0123456789abcdef"',
    requestedBy: 'alice',
    subject: 'alice',
    policy: 'payments-read-on-request',
    streams: '[payments]',
    operations: '[consume]',
    window: '{ duration: PT1H }',
    reason: JSON.stringify(reason),
    ...more,
  };
  const fields = Object.entries(spec).map(([name, value]) => `  ${name}: ${value}`);
  const name = '2026-12-01-alice-payments';
  return `apiVersion: sluice.dev/v1\nkind: Grant\nmetadata:\n  name: ${name}\nspec:\n${fields.join('\n')}\n`;
}

const commentsOf = ({ world }: Scene): readonly string[] => world.repo.comments.map(({ body }) => body);

test('the description of the action is the one that sluice init writes', async () => {
  expect(await readFile(description, 'utf8')).toBe(actionFile('../../../dist/action/main.mjs'));
});

test('the program says which packages are in it, and under which licenses', () => {
  const [, packages = ''] = program.toString().split('Packages that are in this file:');
  for (const name of ['yaml', 'simple-git', '@octokit/core', 'ajv']) {
    expect(packages).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n\\n[^\\n]+`, 'm'));
  }
});

test('a request is told on its line, in the summary, in the outputs and in one comment', async () => {
  await using there = await scene();
  const pull = await there.ask({ [grantFile]: grant() });
  const ran = await there.check(pull);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout).toBe(
    `::notice file=${grantFile},line=4,col=9,endLine=4,endColumn=34,title=asks for access::alice may consume on payments for PT1H from the merge, under policy payments-read-on-request\n`,
  );
  expect(ran.outputs).toMatchObject({ valid: 'true', errors: '0', 'tests-failed': '0', widens: '2', comment: 'added' });
  expect(ran.outputs['approval-digest']).toMatch(/^[0-9a-f]{64}$/);
  for (const text of [
    '| Who | `alice` |',
    '| May | `consume` |',
    '| For | `PT1H from the merge` |',
    '| Under policy | `payments-read-on-request` |',
    '`payments-leads`: 1 of `payments-leads` (`bob`, `carol`)',
    'What it widens:',
    ran.outputs['approval-digest']!,
    'sluice access revoke 2026-12-01-alice-payments',
    pull.headSha,
  ]) {
    expect(ran.summary).toContain(text);
  }
  expect(ran.summary).not.toContain('approve me');
  expect(ran.summary).not.toContain('a title');
  expect(commentsOf(there)).toEqual([`<!-- sluice: what this change comes to -->\n${ran.summary.slice(0, -1)}`]);
  expect((await there.check(pull)).outputs['comment']).toBe('same');
  await there.world.github.push(there.world.repo, pull.headRef, there.world.alice, { [grantFile]: grant('INC-2') });
  expect((await there.check(pull)).outputs['comment']).toBe('edited');
  expect(commentsOf(there)).toHaveLength(1);
  expect(commentsOf(there)[0]).toContain('`INC-2`');
});

test('a pull request from a fork is checked and commented on alike', async () => {
  await using there = await scene();
  const { github, alice, repo } = there.world;
  const fork = await github.createRepo(alice, 'policies', { fork: repo });
  const pull = await there.ask({ [grantFile]: grant() }, fork);
  const ran = await there.check(pull);
  expect([ran.code, ran.outputs['comment']]).toEqual([0, 'added']);
  const reading = { permissions: { pull_requests: 'read', contents: 'read' }, inputs: { comment: 'false' } } as const;
  const untrusted = await there.check(pull, { ...reading, name: 'pull_request' });
  expect([untrusted.code, untrusted.outputs['comment']]).toEqual([0, undefined]);
});

test('what people wrote stands as code, and starts no workflow command', async () => {
  await using there = await scene();
  const reason = '`x` | @bob <img src=x> ::error::boo <!-- --> ```';
  const ran = await there.check(await there.ask({ [grantFile]: grant(reason) }));
  expect(ran.code).toBe(0);
  expect(ran.stdout.split('\n').filter((line) => line.startsWith('::'))).toHaveLength(1);
  expect(ran.summary).toContain('| Why | ```` `x` \\| @bob <img src=x> ::error::boo <!-- --> ``` ```` |');
});

test('errors stand on their lines, escaped, and the comment says that it cannot take effect', async () => {
  await using there = await scene();
  const pull = await there.ask({ [grantFile]: grant('INC-1', { streams: '["pay%0A::error::ments"]' }) });
  const ran = await there.check(pull);
  expect(ran.code).toBe(1);
  expect(ran.outputs).toMatchObject({ valid: 'false', comment: 'added' });
  const [annotation] = ran.stdout.split('\n');
  expect(annotation).toMatch(new RegExp(`^::error file=${grantFile},line=10,col=\\d+,.*title=`));
  expect(ran.stdout).toContain('pay%250A::error::ments');
  expect(commentsOf(there)[0]).toContain('## Sluice: this change cannot take effect as it is');
});

test('a policy test that fails is an error at its assertion', async () => {
  await using there = await scene();
  const tests = await readFile('policies-example/tests/payments.yaml', 'utf8');
  const turned = tests.replace('until: 2026-11-24T14:00:00', 'until: 2026-11-24T15:00:00');
  const ran = await there.check(await there.ask({ 'tests/payments.yaml': turned }));
  expect(ran.code).toBe(1);
  expect(ran.outputs['tests-failed']).toBe('1');
  expect(ran.stdout).toMatch(/^::error file=tests\/payments\.yaml,line=\d+,.*title=test\//m);
  expect(ran.stdout).toMatch(/::1 of \d+ policy tests failed/);
});

test('a change of the rules says what it widens and what its owners approve', async () => {
  await using there = await scene();
  const path = 'policies/dave.yaml';
  const pull = await there.ask({
    [path]: `apiVersion: sluice.dev/v1
kind: AccessPolicy
metadata:
  name: dave-reads-payments
spec:
  mode: onRequest
  subjects:
    - identity: dave
  streams: [payments]
  operations: [consume]
  limits:
    maxDuration: PT8H
  approval: payments-leads
`,
  });
  const ran = await there.check(pull);
  expect([ran.code, ran.stdout]).toEqual([0, '']);
  for (const text of ['### For the owners', `- \`${path}\``, ran.outputs['approval-digest']!, 'up to PT8H']) {
    expect(ran.summary).toContain(text);
  }
  const strict = await there.check(pull, { inputs: { 'fail-on-widening': 'true' } });
  expect([strict.code, strict.stdout]).toEqual([1, expect.stringContaining('it widens access')]);
  const base = await there.check(pull, { inputs: { base: pull.headSha } });
  expect(base.outputs).toMatchObject({ widens: '0', narrows: '0' });
});

test('a change beyond a safety limit has to be acknowledged', async () => {
  await using there = await scene();
  const masks = await readFile('policies-example/masks/payments.yaml', 'utf8');
  const ran = await there.check(await there.ask({ 'masks/payments.yaml': masks.replace('redact', 'hash') }));
  expect(ran.stdout).toContain('title=plan/unacknowledged');
  expect(ran.stdout).toContain(ran.outputs['plan-digest']);
  expect(ran.code).toBe(1);
});

test('a grant and a change of the rules in one request is an error, as the gateway refuses both', async () => {
  await using there = await scene();
  const ran = await there.check(await there.ask({ [grantFile]: grant(), 'docs.md': 'also\n' }));
  expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining('title=plan/mixed-step')]);
});

test('a file that is no file is refused and never followed', async () => {
  await using there = await scene();
  const { repo, github, alice } = there.world;
  const link = await repo.git.commitTree({
    tree: await treeWithLink(repo, there.base),
    parents: [there.base],
    message: 'a link',
    author: { name: 'alice', email: 'alice@example.com' },
    committer: { name: 'alice', email: 'alice@example.com' },
    at: systemClock.now(),
  });
  await github.pushCommit(repo, 'link', alice, link);
  const ran = await there.check(await github.open(repo, alice, { head: 'link' }));
  expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining('title=schema/unsafe-path')]);
  expect(ran.stdout + ran.summary).not.toContain('root:');
});

async function treeWithLink({ git }: GhRepo, base: string): Promise<string> {
  const scratch = await git.commit({
    parents: [base],
    files: { 'groups/passwd.yaml': '/etc/passwd' },
    message: 'scratch',
    author: { name: 'a', email: 'a@example.com' },
    at: 0,
  });
  const target = await git.git('rev-parse', `${scratch}:groups/passwd.yaml`);
  const index = `${git.path}/index-link`;
  const run = (...args: string[]): string =>
    execFileSync('git', ['--git-dir', git.path, ...args], {
      env: { ...process.env, GIT_INDEX_FILE: index },
      encoding: 'utf8',
    }).trim();
  run('read-tree', base);
  run('update-index', '--add', '--cacheinfo', `120000,${target},groups/passwd.yaml`);
  return run('write-tree');
}

test('a request that moved on meanwhile gets no comment', async () => {
  await using there = await scene();
  const { github, repo, alice } = there.world;
  const pull = await there.ask({ [grantFile]: grant() });
  const head = pull.headSha;
  await github.push(repo, pull.headRef, alice, { [grantFile]: grant('INC-2') });
  const ran = await there.check(pull, { head });
  expect(ran.outputs['comment']).toBe('movedOn');
  expect(ran.stdout).toContain('::notice title=sluice::there was a push meanwhile');
  expect(ran.summary).toContain('`INC-1`');
  expect(commentsOf(there)).toEqual([]);
});

test('without the permission the error names it, nothing is written, and no token is shown', async () => {
  await using there = await scene();
  const token = there.world.github.workflowToken({ pull_requests: 'read', contents: 'read' });
  const ran = await there.check(await there.ask({ [grantFile]: grant() }), { token });
  expect(ran.code).toBe(3);
  expect(ran.stdout).toContain('permissions: pull-requests: write');
  expect(ran.stdout).toContain('ForgeDenied');
  expect(ran.stdout + ran.stderr + ran.summary).not.toContain(token);
  expect(commentsOf(there)).toEqual([]);
});

test('a forge that is down, or comes back in a moment, is said so', async () => {
  await using there = await scene();
  const pull = await there.ask({ [grantFile]: grant() });
  there.world.github.fail({ on: /GET .*comments/, with: { status: 502 }, times: 1 });
  expect((await there.check(pull)).outputs['comment']).toBe('added');
  const down = await there.check(pull, { env: { GITHUB_API_URL: 'http://127.0.0.1:1' } });
  expect([down.code, down.stderr]).toEqual([3, '']);
  expect(down.stdout).toContain('the forge could not read whose token it is');
  expect(down.summary).toContain('asks for access');
}, 30_000);

test('a Node that is too old is said so', () => {
  expect(() => demandNode('20.20.2')).toThrow('the check needs Node 22 or newer');
  expect(() => demandNode('22.2.0')).not.toThrow();
});

test('a push is compared with what was there before it; a new branch has nothing to compare with', async () => {
  await using there = await scene();
  const { github, repo, alice } = there.world;
  const after = await github.push(repo, 'main', alice, { [grantFile]: grant() });
  const body = { before: there.base, after, repository: { id: repo.id } };
  const env = { GITHUB_SHA: after };
  const ran = await there.run({ name: 'push', body }, { env });
  expect([ran.code, ran.outputs['widens'], ran.outputs['comment']]).toEqual([0, '2', undefined]);
  const both = await github.push(repo, 'main', alice, { 'README.md': 'a merge of its own\n' });
  const several = await there.run({ name: 'push', body: { ...body, after: both } }, { env: { GITHUB_SHA: both } });
  expect([several.code, several.stdout]).toEqual([0, expect.not.stringContaining('plan/mixed-step')]);
  const fresh = await there.run({ name: 'push', body: { ...body, before: '0'.repeat(40) } }, { env });
  expect([fresh.code, fresh.outputs['widens'], fresh.outputs['valid']]).toEqual([0, undefined, 'true']);
});

test('a group of a merge queue is checked as what it puts on its branch', async () => {
  await using there = await scene();
  const { github, repo, alice } = there.world;
  const pull = await there.ask({ [grantFile]: grant() });
  const digest = (await there.check(pull)).outputs['approval-digest'];
  const head = 'gh-readonly-queue/main/pr-1-0';
  await github.push(repo, 'main', alice, { 'README.md': 'moved on\n' });
  const base = (await repo.git.tip('refs/heads/main'))!;
  const merged = await repo.git.commitTree({
    tree: await repo.git.mergedTree(base, pull.headSha),
    parents: [base, pull.headSha],
    message: 'merge',
    author: { name: 'alice', email: 'alice@example.com' },
    committer: { name: 'alice', email: 'alice@example.com' },
    at: systemClock.now(),
  });
  await github.pushCommit(repo, head, alice, merged);
  const group = { head_sha: merged, head_ref: `refs/heads/${head}`, base_sha: base, base_ref: 'refs/heads/main' };
  const body = { merge_group: group, repository: { id: repo.id } };
  const env = { GITHUB_SHA: merged, GITHUB_REF: `refs/heads/${head}` };
  const ran = await there.run({ name: 'merge_group', body }, { env });
  expect([ran.code, ran.outputs['widens'], ran.outputs['approval-digest']]).toEqual([0, '2', digest]);
});

test('the report is written where it is asked for; what cannot be used is said', async () => {
  await using there = await scene();
  await using dir = await tempDir();
  const pull = await there.ask({ [grantFile]: grant() });
  const report = dir.join('to/hand/on.md');
  const ran = await there.check(pull, { inputs: { report } });
  expect(await readFile(report, 'utf8')).toBe(ran.summary.slice(0, -1));
  const nowhere = await there.check(pull, { inputs: { report: '/proc/self/x/on.md' } }); // where mkdir -p would not end
  expect([nowhere.code, nowhere.stdout]).toEqual([3, expect.stringContaining('cannot write /proc/self/x/on.md')]);
  const bad = await there.check(pull, { inputs: { comment: 'yes' } });
  expect([bad.code, bad.stdout]).toEqual([2, expect.stringContaining('the input comment of the action')]);
  const schedule = await there.run({ name: 'schedule', body: {} });
  expect([schedule.code, schedule.stdout]).toEqual([2, expect.stringContaining('the event has no repository')]);
});

test('it starts and ends in under a second where there is nothing to do', async () => {
  await using there = await scene();
  const times: number[] = [];
  for (let n = 0; n < 3; n++) {
    const start = systemClock.monotonic();
    expect((await there.run({ name: 'schedule', body: {} })).code).toBe(2);
    times.push(systemClock.monotonic() - start);
  }
  expect(Math.min(...times)).toBeLessThan(1000);
});
