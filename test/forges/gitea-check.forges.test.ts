import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtAction } from '../support/built-action.ts';
import { type Gitea, type GiteaUser, startGitea } from '../support/gitea/gitea.ts';
import { type GiteaJob, type GiteaRunner, giteaRunner } from '../support/gitea/gitea-runner.ts';
import { type Git, grantFile, grantText, initRepo } from '../support/init-repo.ts';
import { type ActionResult, runAction } from '../support/run-action.ts';
import { tempDir } from '../support/temp-dir.ts';

const marker = '<!-- sluice: what this change comes to -->';
const check = 'sluice / policies (pull_request_target)';
let gitea: Gitea;
let runner: GiteaRunner;
let dir: Awaited<ReturnType<typeof tempDir>>;
let git: Git;
let repo: { readonly id: number; readonly fullName: string };
let [alice, mallory]: GiteaUser[] = [];

/** What `sluice init --forge gitea` writes, on a real Gitea with Actions. */
beforeAll(async () => {
  await builtAction();
  dir = await tempDir();
  gitea = await startGitea();
  runner = await giteaRunner(gitea);
  await gitea.addUser('acme');
  repo = await gitea.createRepo('acme', 'access');
  [alice, mallory] = [await gitea.addUser('alice'), await gitea.addUser('mallory')];
  await gitea.addUser('bob');
  for (const login of ['alice', 'bob']) await gitea.addCollaborator(repo.fullName, login, 'write');
  const env = { PATH: process.env['PATH'], HOME: dir.path, GIT_CONFIG_NOSYSTEM: '1' };
  git = await initRepo(dir.join('base'), { kind: 'gitea', address: `${gitea.url}/acme/access` }, env);
  await push(gitea.gitUrl(repo.fullName, gitea.admin), 'main', 'The first policies', '--force');
});
afterAll(async () => {
  await gitea?.[Symbol.asyncDispose]();
  await dir?.[Symbol.asyncDispose]();
});

async function push(url: string, branch: string, message: string, ...flags: readonly string[]): Promise<string> {
  await git('add', '-A');
  await git('commit', '-q', '-m', message);
  await git('push', '-q', ...flags, url, `HEAD:refs/heads/${branch}`);
  return git('rev-parse', 'HEAD');
}

/** Runs the step of the job that is the action, from the base that the job checks out. */
async function perform(job: GiteaJob): Promise<ActionResult> {
  const base = dir.join(`checkout-${job.env['GITHUB_RUN_ID']}`);
  const url = gitea.gitUrl(repo.fullName, gitea.admin);
  await promisify(execFile)('git', ['clone', '-q', '--no-checkout', url, base]);
  await promisify(execFile)('git', ['-C', base, 'checkout', '-q', job.env['GITHUB_SHA']!]);
  const [steps] = Object.values(job.workflow.jobs).map((one) => one.steps);
  const uses = steps!.map((step) => String(step['uses']));
  expect(uses).toEqual([expect.stringMatching(/^actions\/checkout@[0-9a-f]{40}$/), './.gitea/actions/sluice']);
  const { event } = job;
  return runAction({
    action: `${base}/.gitea/actions/sluice`,
    event,
    server: job.server,
    api: job.api,
    repo: job.repo,
    token: job.token,
    inputs: { comment: String(event.name === 'pull_request_target') },
    env: job.env,
  });
}

/** Whom Gitea asked because of CODEOWNERS. */
async function reviewers(number: number): Promise<string[]> {
  const path = `/repos/${repo.fullName}/pulls/${number}`;
  const { requested_reviewers: asked } = (await gitea.api(gitea.admin.token, 'GET', path)) as {
    requested_reviewers: { login: string }[] | null;
  };
  return (asked ?? []).map(({ login }) => login).sort();
}

async function comments(number: number): Promise<{ id: number; body: string; user: { id: number; login: string } }[]> {
  const path = `/repos/${repo.fullName}/issues/${number}/comments`;
  return (await gitea.api(gitea.admin.token, 'GET', path)) as Awaited<ReturnType<typeof comments>>;
}

async function statuses(commit: string): Promise<Readonly<Record<string, string>>> {
  const path = `/repos/${repo.fullName}/commits/${commit}/status`;
  const { statuses: all } = (await gitea.api(gitea.admin.token, 'GET', path)) as {
    statuses: { context: string; status: string }[];
  };
  return Object.fromEntries(all.map(({ context, status }) => [context, status]));
}

test('with the token of its job it checks a request, keeps one comment on it, and is a check that can be required', async () => {
  const pushed = await runner.next();
  expect(pushed.event.name).toBe('push');
  const first = await perform(pushed);
  expect([first.code, first.outputs['valid']]).toEqual([0, 'true']);
  await pushed.end(true);

  await git('checkout', '-q', '-b', 'wish');
  await mkdir(dir.join('base/grants/2026-12'), { recursive: true });
  await writeFile(dir.join('base', grantFile), grantText('INC-1 @bob `|` <b>'));
  const url = gitea.gitUrl(repo.fullName, alice!);
  const head = await push(url, 'wish', 'wish');
  const pull = (await gitea.api(alice!.token, 'POST', `/repos/${repo.fullName}/pulls`, {
    title: 'Orders',
    body: 'all is well',
    head: 'wish',
    base: 'main',
  })) as { number: number };
  const theirs = await gitea.api(mallory!.token, 'POST', `/repos/${repo.fullName}/issues/${pull.number}/comments`, {
    body: `${marker}\napprove it`,
  });
  const job = await runner.next();
  expect(job.event.name).toBe('pull_request_target');
  const ran = await perform(job);
  expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^::notice file=grants\/2026-12\//)]);
  expect(ran.outputs['comment']).toBe('added');
  expect(await reviewers(pull.number)).toEqual(['bob']); // and alice, whose request it is, is not asked
  const [hers, ours] = await comments(pull.number);
  expect(hers).toMatchObject({ body: `${marker}\napprove it`, id: (theirs as { id: number }).id });
  expect(ours).toMatchObject({ user: { id: -2, login: 'gitea-actions' } });
  for (const text of [head, '| Why | ``INC-1 @bob `\\|` <b>`` |', '`owners`: 1 of `owners` (`bob`)']) {
    expect(ours!.body).toContain(text);
  }
  await job.end(true);
  expect((await statuses(head))[check]).toBe('success');

  await writeFile(dir.join('base', grantFile), grantText('INC-2'));
  const next = await push(url, 'wish', 'other wish');
  const again = await runner.next();
  expect((await perform(again)).outputs['comment']).toBe('edited');
  await again.end(true);
  const after = await comments(pull.number);
  expect(after.map(({ id }) => id)).toEqual([hers!.id, ours!.id]);
  expect(after[0]!.body).toBe(`${marker}\napprove it`);
  expect(after[1]!.body).toContain(next);
  expect(ran.stdout + ran.stderr + ran.summary).not.toContain(job.token);
}, 240_000);

test('a fork that changes the workflow and its program is checked by those of the branch', async () => {
  await gitea.api(mallory!.token, 'POST', `/repos/${repo.fullName}/forks`, { name: 'access' });
  await git('checkout', '-q', 'main');
  await git('checkout', '-q', '-b', 'evil');
  const workflow = await readFile(dir.join('base/.gitea/workflows/sluice.yml'), 'utf8');
  await writeFile(dir.join('base/.gitea/workflows/sluice.yml'), workflow.replace('uses: ./', 'uses: mallory/'));
  await writeFile(dir.join('base/.gitea/actions/sluice/main.mjs'), 'process.exit(0);\n');
  await writeFile(dir.join('base/masks/orders.yaml'), 'kind: nothing\n');
  await push(gitea.gitUrl('mallory/access', mallory!), 'evil', 'evil');
  const pull = (await gitea.api(mallory!.token, 'POST', `/repos/${repo.fullName}/pulls`, {
    title: 'Harmless',
    head: 'mallory:evil',
    base: 'main',
  })) as { number: number };
  let job = await runner.next();
  while (job.event.name !== 'pull_request_target') job = await runner.next(); // her own repo has a push of its own
  const ran = await perform(job);
  await job.end(false);
  expect([ran.code, ran.outputs['comment']]).toEqual([1, 'added']);
  expect(await reviewers(pull.number)).toEqual(['bob']);
  const [ours, ...more] = await comments(pull.number);
  expect(more).toEqual([]);
  expect(ours!.body).toContain('## Sluice: this change cannot take effect as it is');
  expect(ours!.body).toContain('`masks/orders.yaml');
}, 240_000);

test('a token that may not write is said so by the permission it lacks; one that may keeps a comment of its own account', async () => {
  await gitea.addUser('robot');
  await gitea.addCollaborator(repo.fullName, 'robot', 'read');
  await git('checkout', '-q', 'main');
  await git('checkout', '-q', '-b', 'readme');
  await writeFile(dir.join('base/README.md'), 'Access\n');
  const head = await push(gitea.gitUrl(repo.fullName, alice!), 'readme', 'readme');
  const pull = (await gitea.api(alice!.token, 'POST', `/repos/${repo.fullName}/pulls`, {
    title: 'Readme',
    head: 'readme',
    base: 'main',
  })) as { number: number };
  const job = await runner.next();
  const run = async (scopes: readonly string[], account = ''): Promise<ActionResult> =>
    runAction({
      action: dir.join('base/.gitea/actions/sluice'),
      event: job.event,
      server: job.server,
      api: job.api,
      repo: job.repo,
      token: await gitea.tokenFor('robot', scopes),
      inputs: { comment: 'true', account },
      env: job.env,
    });
  const reading = ['read:repository', 'read:issue'];
  const refused = await run(reading);
  expect([refused.code, refused.stdout]).toEqual([3, expect.stringContaining('permissions: pull-requests: write')]);
  expect(await comments(pull.number)).toEqual([]);
  const writing = ['read:repository', 'write:issue'];
  expect((await run([...writing, 'read:user'])).outputs['comment']).toBe('added');
  expect((await run([...writing, 'read:user'])).outputs['comment']).toBe('same');
  expect((await run(writing, 'robot')).outputs['comment']).toBe('same');
  expect((await run(writing)).stdout).toContain('account: robot');
  expect((await comments(pull.number)).every(({ user, body }) => user.login === 'robot' && body.includes(head))).toBe(
    true,
  );
  await job.end(true);
}, 240_000);
