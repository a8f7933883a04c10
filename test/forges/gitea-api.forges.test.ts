import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import { GiteaApi } from '../../core/forge/gitea/gitea-api.ts';
import { readGiteaWebhook } from '../../core/forge/gitea/gitea-webhook.ts';
import type { ForgeApi, Pull } from '../../core/forge/hosted/forge-api.ts';
import { type Gitea, type GiteaUser, startGitea } from '../support/gitea/gitea.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
let gitea: Gitea;
let ann: GiteaUser; // asks
let bob: GiteaUser; // reviews, may write
let cyd: GiteaUser; // may read
let count = 0;

beforeAll(async () => {
  gitea = await startGitea();
  [ann, bob, cyd] = [await gitea.addUser('ann'), await gitea.addUser('bob'), await gitea.addUser('cyd')];
});
afterAll(async () => await gitea?.[Symbol.asyncDispose]());

/** A repo of its own for a test, `acme/policies-N`, where ann and bob may write. */
async function policies(approvals = 0, dismissStale = true) {
  const owner = `acme-${++count}`;
  await gitea.addUser(owner);
  const { id, fullName } = await gitea.createRepo(owner, 'policies');
  for (const user of [ann, bob]) await gitea.addCollaborator(fullName, user.login, 'write');
  if (approvals > 0) await gitea.protectBranch(fullName, { approvals, dismissStale });
  const as = (user: GiteaUser | undefined): ForgeApi => asWith(fullName, user?.token);
  return { id, repo: fullName, owner, as };
}

function asWith(repo: string, token: string | undefined): ForgeApi {
  return new GiteaApi({ url: gitea.url, repo, token, clock: systemClock });
}

/** Adds a file on a branch by the API; the branch is made when `from` is given. */
async function addFile(repo: string, user: GiteaUser, path: string, branch: string, from?: string): Promise<void> {
  const where = from === undefined ? { branch } : { branch: from, new_branch: branch };
  const content = Buffer.from(`${path}\n`).toString('base64');
  await gitea.api(user.token, 'POST', `/repos/${repo}/contents/${path}`, { content, message: `Add ${path}`, ...where });
}

/** A server on loopback that takes whatever it is sent. */
async function received() {
  const requests: { headers: IncomingHttpHeaders; body: Uint8Array }[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ headers: request.headers, body: await buffer(request) });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function openBy(repo: string, user: GiteaUser, head = 'ask'): Promise<Pull> {
  await addFile(repo, user, `${head}.yaml`, head, 'main');
  return await asWith(repo, user.token).open({ title: 'Ask', body: 'Please', head, base: 'main' });
}

/** Gitea finds out about pushes in the background. */
async function eventually<T>(look: () => Promise<T>, is: (value: T) => boolean): Promise<T> {
  return await expect.poll(look, { timeout: 20_000, interval: 100 }).toSatisfy(is).then(look);
}

test('whose token it is and which repo, by ids', async () => {
  const { id, repo, as } = await policies();
  expect(await as(ann).account()).toEqual({ id: ann.id, login: 'ann', bot: false });
  expect(await as(ann).repo()).toEqual({ id, fullName: repo, defaultBranch: 'main' });
  expect(as(ann).host).toBe(new URL(gitea.url).host);
});

test('what is opened is listed and found, and closed it is listed no more', async () => {
  const { id, repo, as } = await policies();
  const opened = await openBy(repo, ann);
  expect(opened).toMatchObject({
    number: 1,
    title: 'Ask',
    state: 'open',
    author: { id: ann.id, login: 'ann', bot: false },
    head: { branch: 'ask', repoId: id },
    base: { branch: 'main', repoId: id },
    merged: undefined,
  });
  expect(await as(bob).openPulls('main')).toEqual([opened]);
  expect(await as(bob).openPulls('other')).toEqual([]);
  expect(await as(bob).pull(1)).toEqual(opened);
  await as(ann).close(1);
  expect(await as(bob).openPulls('main')).toEqual([]);
  expect(await as(bob).pull(1)).toMatchObject({ state: 'closed', merged: undefined });
});

test('there is no pull request with a number that nobody gave, and none merged as a commit that was pushed', async () => {
  const { repo, as } = await policies();
  expect(await as(ann).pull(99)).toBeUndefined();
  const main = (await gitea.api(ann.token, 'GET', `/repos/${repo}/branches/main`)) as { commit: { id: string } };
  expect(await as(ann).mergedAs(main.commit.id)).toBeUndefined();
  expect(await as(ann).mergedAs('f'.repeat(40))).toBeUndefined();
});

test('a second pull request for a branch is refused, in words', async () => {
  const { repo, as } = await policies();
  await openBy(repo, ann);
  const again = as(ann).open({ title: 'Ask', body: '', head: 'ask', base: 'main' });
  await expect(again).rejects.toMatchObject({ code: 'ForgeFailed', why: expect.stringContaining('already') as string });
});

test('an approval is of one commit, a later push makes it stale, and it is taken back', async () => {
  const { repo, as } = await policies(1);
  const { head } = await openBy(repo, ann);
  await as(bob).review(1, { commit: head.commit, verdict: 'approve', body: 'Fine' });
  const [first] = await as(ann).reviews(1);
  expect(first).toMatchObject({
    author: { id: bob.id },
    verdict: 'approve',
    commit: head.commit,
    dismissed: false,
    official: true,
    stale: false,
  });
  await addFile(repo, ann, 'more.yaml', 'ask');
  const reviews = await eventually(
    () => as(ann).reviews(1),
    ([review]) => review?.stale === true && review.dismissed,
  );
  expect(reviews).toMatchObject([{ verdict: 'approve', commit: head.commit, dismissed: true }]);
});

test('nobody approves what is not the head any more, or what is their own', async () => {
  const { repo, as } = await policies();
  const { head } = await openBy(repo, ann);
  await addFile(repo, ann, 'more.yaml', 'ask');
  const old = as(bob).review(1, { commit: head.commit, verdict: 'approve', body: '' });
  await expect(old).rejects.toMatchObject({ code: 'ForgeFailed', why: expect.stringContaining('head') as string });
  const now = (await as(ann).pull(1))!.head.commit;
  const own = as(ann).review(1, { commit: now, verdict: 'approve', body: '' });
  await expect(own).rejects.toMatchObject({ code: 'ForgeFailed', why: expect.stringContaining('own') as string });
  expect(await as(bob).reviews(1)).toEqual([]);
});

test('a dismissed approval still says that it approves, and that it is dismissed', async () => {
  const { repo, owner, as } = await policies();
  const { head } = await openBy(repo, ann);
  await as(bob).review(1, { commit: head.commit, verdict: 'approve', body: '' });
  const [review] = await as(ann).reviews(1);
  const path = `/repos/${repo}/pulls/1/reviews/${review!.id}/dismissals`;
  await gitea.api(gitea.admin.token, 'POST', path, { message: `for ${owner}` });
  expect(await as(ann).reviews(1)).toMatchObject([{ verdict: 'approve', dismissed: true }]);
});

test('an approval of somebody who may only read is there, and is not official', async () => {
  const { repo, as } = await policies(1);
  const { head } = await openBy(repo, ann);
  await as(cyd).review(1, { commit: head.commit, verdict: 'approve', body: '' });
  expect(await as(ann).reviews(1)).toMatchObject([{ author: { id: cyd.id }, official: false, dismissed: false }]);
});

test('reviews are oldest first, and neither a request for one nor a pending one is among them', async () => {
  const { repo, as } = await policies();
  const { head } = await openBy(repo, ann);
  const say = (user: GiteaUser, body: unknown): Promise<unknown> =>
    gitea.api(user.token, 'POST', `/repos/${repo}/pulls/1/reviews`, body);
  await gitea.api(ann.token, 'POST', `/repos/${repo}/pulls/1/requested_reviewers`, { reviewers: ['cyd'] });
  await say(cyd, { event: 'PENDING', body: 'not yet', commit_id: head.commit });
  await say(bob, { event: 'COMMENT', body: 'Hm', commit_id: head.commit });
  await as(bob).review(1, { commit: head.commit, verdict: 'reject', body: 'No' });
  await as(bob).review(1, { commit: head.commit, verdict: 'approve', body: 'Yes' });
  const reviews = await as(ann).reviews(1);
  expect(reviews.map(({ verdict }) => verdict)).toEqual(['comment', 'reject', 'approve']);
  expect(await as(cyd).reviews(1)).toEqual(reviews);
});

test('a list of reviews of more than a page comes whole', async () => {
  const { repo, as } = await policies();
  const { head } = await openBy(repo, ann);
  for (let i = 0; i < 60; i++) {
    await gitea.api(bob.token, 'POST', `/repos/${repo}/pulls/1/reviews`, { event: 'COMMENT', body: `${i}` });
  }
  await as(bob).review(1, { commit: head.commit, verdict: 'approve', body: '' });
  const reviews = await as(ann).reviews(1);
  expect(reviews).toHaveLength(61);
  expect(reviews.at(-1)).toMatchObject({ verdict: 'approve' });
});

test('a merge is by a merge commit, and is found by it with all that was said', async () => {
  const { repo, as } = await policies(1);
  const { head } = await openBy(repo, ann);
  await as(bob).review(1, { commit: head.commit, verdict: 'approve', body: '' });
  const before = systemClock.now();
  const commit = await as(bob).merge(1, { head: head.commit, title: 'Merge the request' });
  const found = await as(cyd).mergedAs(commit);
  expect(found).toMatchObject({
    pull: { number: 1, state: 'merged', head: { commit: head.commit }, merged: { by: { id: bob.id }, commit } },
    reviews: [{ author: { id: bob.id }, commit: head.commit }],
    contributors: [{ id: ann.id }],
  });
  expect(Math.abs(found!.pull.merged!.at - before)).toBeLessThan(20_000);
  const made = (await gitea.api(ann.token, 'GET', `/repos/${repo}/git/commits/${commit}`)) as {
    parents: { sha: string }[];
    commit: { message: string };
  };
  expect(made.parents.map(({ sha }) => sha)[1]).toBe(head.commit);
  expect(made.commit.message.trim()).toBe('Merge the request');
  expect(await as(cyd).mergedAs(head.commit)).toBeUndefined();
});

test.each(['squash', 'rebase'])('a merge by %s is found by the commit that it became', async (style) => {
  const { repo, as } = await policies();
  const { head } = await openBy(repo, ann);
  await addFile(repo, bob, 'other.yaml', 'main');
  await expect
    .poll(() => gitea.api(bob.token, 'POST', `/repos/${repo}/pulls/1/merge`, { Do: style }), { timeout: 20_000 })
    .toBeUndefined();
  const { merged } = (await as(ann).pull(1))!;
  expect(merged!.commit).not.toBe(head.commit);
  expect((await as(ann).mergedAs(merged!.commit))?.pull).toMatchObject({ number: 1, head: { commit: head.commit } });
});

test('a head that moved is not merged', async () => {
  const { repo, as } = await policies();
  const { head } = await openBy(repo, ann);
  await addFile(repo, ann, 'more.yaml', 'ask');
  const merge = as(bob).merge(1, { head: head.commit, title: 'Merge' });
  await expect(merge).rejects.toMatchObject({ why: expect.stringContaining('head') as string });
  expect(await as(ann).pull(1)).toMatchObject({ state: 'open' });
});

test('too few approvals, a conflict and a second merge are refused, each in words', async () => {
  const few = await policies(1);
  const { head } = await openBy(few.repo, ann);
  const early = few.as(bob).merge(1, { head: head.commit, title: 'Merge' });
  await expect(early).rejects.toMatchObject({ why: 'the branch asks for more approvals' });

  const { repo, as } = await policies();
  const asked = await openBy(repo, ann);
  await as(bob).merge(1, { head: asked.head.commit, title: 'Merge' });
  const again = as(bob).merge(1, { head: asked.head.commit, title: 'Merge' });
  await expect(again).rejects.toMatchObject({ why: 'it is merged' });

  const [one, two] = [await openBy(repo, ann, 'one'), await openBy(repo, ann, 'two')];
  await addFile(repo, ann, 'same.yaml', 'one');
  await gitea.api(ann.token, 'POST', `/repos/${repo}/contents/same.yaml`, {
    content: Buffer.from('another\n').toString('base64'),
    message: 'Add another',
    branch: 'two',
  });
  const headOf = async (pull: Pull): Promise<string> => (await as(ann).pull(pull.number))!.head.commit;
  await as(bob).merge(one.number, { head: await headOf(one), title: 'Merge' });
  const conflict = as(bob).merge(two.number, { head: await headOf(two), title: 'Merge' });
  await expect(conflict).rejects.toMatchObject({ why: expect.stringContaining('conflicts') as string });
});

test('a merged request keeps the head that was merged, though its branch moves on', async () => {
  const { repo, as } = await policies();
  const { head } = await openBy(repo, ann);
  const commit = await as(bob).merge(1, { head: head.commit, title: 'Merge' });
  await addFile(repo, ann, 'after.yaml', 'ask');
  expect((await as(ann).mergedAs(commit))!.pull.head.commit).toBe(head.commit);
  await gitea.api(ann.token, 'DELETE', `/repos/${repo}/branches/ask`);
  expect((await as(ann).mergedAs(commit))!.pull).toMatchObject({ head: { commit: head.commit, branch: 'ask' } });
});

test('who pushed is a contributor, whoever the commits say they are by', async () => {
  await using dir = await tempDir();
  const { repo, as } = await policies();
  const clone = dir.join('clone');
  const git = async (...args: string[]): Promise<string> => {
    const names = ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'Nobody'],
      [`GIT_${who}_EMAIL`, 'nobody@example.org'],
    ]);
    const env = { ...process.env, ...Object.fromEntries(names), GIT_CONFIG_GLOBAL: '/dev/null' };
    return (await run('git', args, { env })).stdout.trim();
  };
  await git('clone', '-q', gitea.gitUrl(repo, ann), clone);
  const push = async (user: GiteaUser, file: string): Promise<void> => {
    await writeFile(dir.join('clone', file), file);
    await git('-C', clone, 'add', file);
    await git('-C', clone, 'commit', '-q', '-m', file);
    await git('-C', clone, 'push', '-q', gitea.gitUrl(repo, user), 'HEAD:refs/heads/ask');
  };
  const dan = await gitea.addUser('dan');
  await gitea.addCollaborator(repo, 'dan', 'write');
  await gitea.api(dan.token, 'PATCH', '/user/settings', { hide_activity: true });
  await push(bob, 'first.yaml'); // before it is opened
  await as(ann).open({ title: 'Ask', body: '', head: 'ask', base: 'main' });
  const comments = Array.from({ length: 120 }, (_, i) => ({ path: 'first.yaml', body: `${i}`, new_position: 1 }));
  await gitea.api(bob.token, 'POST', `/repos/${repo}/pulls/1/reviews`, { event: 'COMMENT', body: 'Many', comments });
  await push(dan, 'second.yaml'); // after it, by somebody who hides what they do
  const head = await git('-C', clone, 'rev-parse', 'HEAD');
  await eventually(
    async () => (await as(ann).pull(1))!.head.commit,
    (tip) => tip === head,
  );
  const commit = await as(gitea.admin).merge(1, { head, title: 'Merge' });
  const contributors = (await as(cyd).mergedAs(commit))!.contributors;
  expect(contributors.map(({ login }) => login).sort()).toEqual(['ann', 'bob', 'dan']);
});

test('a request from a fork says where it is from, and its owner is a contributor', async () => {
  const { id, repo, as } = await policies();
  const eve = await gitea.addUser('eve');
  const fork = (await gitea.api(eve.token, 'POST', `/repos/${repo}/forks`, {})) as { id: number; full_name: string };
  await gitea.addCollaborator(fork.full_name, 'cyd', 'write');
  await addFile(fork.full_name, cyd, 'forked.yaml', 'ask', 'main');
  const body = { title: 'Ask', head: 'eve:ask', base: 'main' };
  await gitea.api(cyd.token, 'POST', `/repos/${repo}/pulls`, body);
  const pull = (await as(bob).pull(1))!;
  expect(pull).toMatchObject({
    author: { id: cyd.id },
    head: { branch: 'ask', repoId: fork.id },
    base: { repoId: id },
  });
  const commit = await as(bob).merge(1, { head: pull.head.commit, title: 'Merge' });
  const logins = (await as(bob).mergedAs(commit))!.contributors.map(({ login }) => login);
  expect(logins.sort()).toEqual(['cyd', 'eve']);
  await gitea.api(eve.token, 'DELETE', `/repos/${fork.full_name}`);
  expect((await as(bob).mergedAs(commit))!.pull.head).toEqual({ ...pull.head, repoId: undefined });
});

test('a deleted account is nobody: as author, as reviewer and as who merged', async () => {
  const { repo, as } = await policies();
  const [fay, gus] = [await gitea.addUser('fay'), await gitea.addUser('gus')];
  for (const user of [fay, gus]) await gitea.addCollaborator(repo, user.login, 'write');
  const { head } = await openBy(repo, fay);
  await as(gus).review(1, { commit: head.commit, verdict: 'approve', body: '' });
  const commit = await as(gus).merge(1, { head: head.commit, title: 'Merge' });
  for (const user of [fay, gus]) {
    await gitea.api(gitea.admin.token, 'DELETE', `/admin/users/${user.login}?purge=false`);
  }
  const found = (await as(ann).mergedAs(commit))!;
  expect(found.pull).toMatchObject({ author: undefined, merged: { by: undefined } });
  expect(found.reviews).toMatchObject([{ author: undefined, verdict: 'approve' }]);
  expect(found.contributors).toEqual([]);
});

test('a renamed account keeps its id, and nobody who takes its name gets it', async () => {
  const { repo, as } = await policies();
  const hal = await gitea.addUser('hal');
  await gitea.addCollaborator(repo, 'hal', 'write');
  const { head } = await openBy(repo, ann);
  await as(hal).review(1, { commit: head.commit, verdict: 'approve', body: '' });
  await gitea.api(gitea.admin.token, 'POST', '/admin/users/hal/rename', { new_username: 'hal-2' });
  const taker = await gitea.addUser('hal');
  expect(taker.id).not.toBe(hal.id);
  expect(await as(ann).reviews(1)).toMatchObject([{ author: { id: hal.id, login: 'hal-2' } }]);
});

test('a renamed repo is said to be, and is not followed', async () => {
  const { id, repo, owner, as } = await policies();
  await gitea.api(gitea.admin.token, 'PATCH', `/repos/${repo}`, { name: 'renamed' });
  await expect(as(ann).repo()).rejects.toMatchObject({ why: expect.stringContaining('renamed') as string });
  expect(await asWith(`${owner}/renamed`, ann.token).repo()).toMatchObject({ id });
});

test('a wrong token, a missing scope and a repo that is not shown are denials', async () => {
  const { repo, as } = await policies();
  await openBy(repo, ann);
  await expect(asWith(repo, 'f'.repeat(40)).repo()).rejects.toMatchObject({ code: 'ForgeDenied' });
  const narrow = asWith(repo, await gitea.tokenFor('bob', ['read:user']));
  expect(await narrow.account()).toMatchObject({ id: bob.id });
  for (const call of [() => narrow.pull(1), () => narrow.reviews(1), () => narrow.openPulls('main')]) {
    const fix = expect.stringContaining('repository: Read') as string;
    await expect(call()).rejects.toMatchObject({ code: 'ForgeDenied', fix });
  }
  const reader = asWith(repo, await gitea.tokenFor('bob', ['read:repository']));
  expect(await reader.pull(1)).toMatchObject({ number: 1 });
  await expect(reader.close(1)).rejects.toMatchObject({
    code: 'ForgeDenied',
    fix: expect.stringContaining('repository: Write') as string,
  });
  await gitea.api(gitea.admin.token, 'PATCH', `/repos/${repo}`, { private: true });
  for (const call of [() => as(cyd).pull(1), () => as(cyd).mergedAs('f'.repeat(40)), () => as(undefined).repo()]) {
    await expect(call()).rejects.toMatchObject({ code: 'ForgeDenied' });
  }
});

test('a repo that shows no pull requests is a denial, not one that has none', async () => {
  const { repo, as } = await policies();
  await gitea.api(gitea.admin.token, 'PATCH', `/repos/${repo}`, { has_pull_requests: false });
  await expect(as(ann).pull(1)).rejects.toMatchObject({ code: 'ForgeDenied' });
  await expect(as(ann).mergedAs('f'.repeat(40))).rejects.toMatchObject({ code: 'ForgeDenied' });
});

test('webhooks of a push and of an approval are read, and are of their secret alone', async () => {
  const { id, repo, as } = await policies();
  await using receiver = await received();
  await gitea.addWebhook(repo, { url: receiver.url, secret: 'shared' });
  const { head } = await openBy(repo, ann);
  await as(bob).review(1, { commit: head.commit, verdict: 'approve', body: '' });
  const read = (secret: string) =>
    receiver.requests.map(({ headers, body }) => readGiteaWebhook(headers, body, secret));
  const events = (): string[] => read('shared').map((hook) => ('event' in hook ? hook.event : hook.refused));
  await expect.poll(events, { timeout: 20_000 }).toContain('pull_request_approved');
  expect(read('shared')).toContainEqual({
    delivery: expect.any(String) as string,
    event: 'push',
    repoId: id,
    ref: 'refs/heads/ask',
  });
  expect(read('shared')).toContainEqual({
    delivery: expect.any(String) as string,
    event: 'pull_request_approved',
    repoId: id,
    pull: 1,
  });
  expect(new Set(read('another').map((hook) => JSON.stringify(hook)))).toEqual(
    new Set([JSON.stringify({ refused: 'its signature is of another secret' })]),
  );
});

test('the clock of a forge on the same machine is the same', async () => {
  const { as } = await policies();
  const api = as(ann);
  await api.repo();
  expect(Math.abs(api.skew!)).toBeLessThanOrEqual(1000);
});
