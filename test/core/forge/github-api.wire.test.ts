import { expect, test } from 'vitest';
import { personOf } from '../../support/github/merges.ts';
import { repoOnGitHub } from '../../support/github/repo-on-github.ts';

test('the repo and the account of the token are told by their ids', async () => {
  await using world = await repoOnGitHub();
  const { repo, alice, api, github } = world;
  const forge = api(alice);
  expect(await forge.repo()).toEqual({ id: repo.id, fullName: 'acme/policies', defaultBranch: 'main' });
  expect(await forge.account()).toEqual({ id: alice.id, login: 'alice', bot: false });
  expect(forge.host).toBe(new URL(github.url).host);
});

test('a request is opened, reviewed, merged by a merge commit, and told by that commit', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, carol, api } = world;
  const head = await github.push(repo, 'request/one', alice, { 'one.yaml': '1\n' });
  const opened = await api(alice).open({ title: 'One', body: 'Please', head: 'request/one', base: 'main' });
  expect(opened).toMatchObject({
    number: 1,
    title: 'One',
    state: 'open',
    author: { id: alice.id, login: 'alice', bot: false },
    head: { commit: head, branch: 'request/one', repoId: repo.id },
    base: { branch: 'main', repoId: repo.id },
    merged: undefined,
  });
  expect(await api(carol).openPulls('main')).toEqual([opened]);
  expect(await api(carol).openPulls('other')).toEqual([]);
  await api(bob).review(1, { commit: head, verdict: 'approve', body: '' });
  await api(carol).review(1, { commit: head, verdict: 'reject', body: '' });
  const commit = await api(bob).merge(1, { head, title: 'Merge request one' });
  expect(await repo.git.facts(commit)).toMatchObject({
    parents: [expect.any(String), head],
    message: 'Merge request one',
  });
  expect(await repo.git.tip('refs/heads/main')).toBe(commit);

  const merged = await api(carol).mergedAs(commit);
  const at = expect.any(Number);
  expect(merged?.pull).toMatchObject({ number: 1, state: 'merged', merged: { commit, by: { id: bob.id }, at } });
  expect(merged?.reviews).toMatchObject([
    { author: { id: bob.id }, verdict: 'approve', dismissed: false, official: true, stale: false, commit: head },
    { author: { id: carol.id }, verdict: 'reject', dismissed: false, official: true, stale: false, commit: head },
  ]);
  expect(merged?.contributors.map(({ login }) => login)).toEqual(['alice']);
  expect(await api(alice).mergedAs(head)).toBeUndefined();
  expect(await api(alice).mergedAs('0'.repeat(40))).toBeUndefined();
  expect(await api(alice).openPulls('main')).toEqual([]);
});

test.each(['squash', 'rebase'] as const)(
  'a %s is told by the last commit that it made, and by no other',
  async (method) => {
    await using world = await repoOnGitHub();
    const { github, repo, alice, bob, api } = world;
    await github.push(repo, 'two', alice, { 'one.yaml': '1\n' });
    await github.push(repo, 'two', alice, { 'two.yaml': '2\n' });
    const pull = await github.open(repo, alice, { head: 'two' });
    await github.push(repo, 'main', bob, { 'other.yaml': '3\n' });
    const commit = await github.merge(repo, pull, bob, method);
    const { parents } = await repo.git.facts(commit);
    expect(parents).toHaveLength(1);
    expect((await api(alice).mergedAs(commit))?.pull.merged?.commit).toBe(commit);
    expect(await api(alice).mergedAs(parents[0]!)).toBeUndefined();
  },
);

test('each request of a merge queue has a commit of its own', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  await github.push(repo, 'b', bob, { 'b.yaml': '1\n' });
  const pulls = [await github.open(repo, alice, { head: 'a' }), await github.open(repo, bob, { head: 'b' })];
  const commits = await github.mergeByQueue(repo, pulls, bob);
  expect(await repo.git.tip('refs/heads/main')).toBe(commits[1]);
  const told = await Promise.all(commits.map((commit) => api(alice).mergedAs(commit)));
  expect(told.map((merged) => merged?.pull.number)).toEqual([1, 2]);
});

test('several requests that claim one commit are none', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const commit = await github.merge(repo, await github.open(repo, alice, { head: 'a' }), bob);
  expect(await api(alice).mergedAs(commit)).toBeDefined();
  const twice = (rows: unknown): unknown => {
    const [row] = rows as readonly object[];
    return [row, { ...row, number: 2, id: 2 }];
  };
  github.fail({ on: /\/commits\/\w+\/pulls/, with: { change: twice } });
  expect(await api(alice).mergedAs(commit)).toBeUndefined();
});

test('a request from a fork has the head of another repo, and of none when the fork is gone', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, bob, api } = world;
  const dave = github.account('dave');
  const fork = await github.createRepo(dave, 'policies', { fork: repo });
  await github.push(fork, 'wide', dave, { 'wide.yaml': '1\n' });
  const pull = await github.open(repo, dave, { head: 'wide', headRepo: fork });
  expect((await api(bob).pull(1))?.head).toMatchObject({ repoId: fork.id, branch: 'wide', commit: pull.headSha });
  expect(await repo.git.tip('refs/pull/1/head')).toBe(pull.headSha);
  const commit = await github.merge(repo, pull, bob);
  expect((await api(bob).mergedAs(commit))?.contributors.map(({ id }) => id)).toEqual([dave.id]);
  expect(github.front.requests.some(({ path }) => path.includes('/activity'))).toBe(false);
  github.deleteAccount(dave);
  const told = await api(bob).mergedAs(commit);
  expect(told?.pull).toMatchObject({ author: undefined, head: { repoId: undefined } });
  expect(told?.contributors).toEqual([]);
});

test('reviews tell what does not count of them', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, carol, api } = world;
  const first = await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const pull = await github.open(repo, alice, { head: 'a' });
  const [bot, stranger, gone] = [github.account('app[bot]', 'Bot'), github.account('stranger'), github.account('gone')];
  repo.collaborators.add(bot.id).add(gone.id);
  github.review(repo, pull, bob);
  const head = await github.push(repo, 'a', alice, { 'a.yaml': '2\n' });
  github.dismiss(repo, pull, github.review(repo, pull, carol));
  github.review(repo, pull, bot);
  github.review(repo, pull, stranger);
  github.review(repo, pull, gone, 'CHANGES_REQUESTED');
  github.review(repo, pull, carol, 'PENDING');
  github.review(repo, pull, carol, 'COMMENTED');
  github.review(repo, pull, carol).commit = null;
  github.deleteAccount(gone);
  const seen = await api(carol).reviews(1);
  expect(seen).toMatchObject([
    { author: { id: bob.id }, verdict: 'approve', stale: true, official: true, commit: first },
    { author: { id: carol.id }, verdict: 'approve', dismissed: true, stale: false, commit: head },
    { author: { id: bot.id, bot: true }, verdict: 'approve', official: true },
    { author: { id: stranger.id, bot: false }, verdict: 'approve', official: false },
    { author: undefined, verdict: 'reject' },
    { author: { id: carol.id }, verdict: 'comment' },
    { author: { id: carol.id }, verdict: 'approve', stale: true, commit: '' },
  ]);
});

test('whoever wrote, committed or pushed is a contributor; whoever only deleted the branch is not', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, carol, api } = world;
  const dave = github.account('dave');
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' }, { author: personOf(dave) });
  await github.push(repo, 'a', bob, { 'a.yaml': '2\n' }, { author: { name: 'Nobody', email: 'nobody@example.com' } });
  const pull = await github.open(repo, alice, { head: 'a' });
  const commit = await github.merge(repo, pull, carol);
  await github.pushCommit(repo, 'a', carol, undefined);
  const ids = (await api(carol).mergedAs(commit))?.contributors.map(({ id }) => id);
  expect(ids).toEqual([alice.id, dave.id, bob.id]);
  const without = api(carol, { token: github.token(carol, { pull_requests: 'read' }) });
  const known = (await without.mergedAs(commit))?.contributors.map(({ id }) => id);
  expect(known).toEqual([alice.id, dave.id]);
});

test('whoever pushed to the branch after the merge had no hand in it', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, carol, api } = world;
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const commit = await github.merge(repo, await github.open(repo, alice, { head: 'a' }), bob);
  await github.push(repo, 'a', carol, { 'a.yaml': '2\n' });
  const late = repo.activity.pop()!;
  repo.activity.push({ ...late, at: late.at + 60_000 });
  expect((await api(bob).mergedAs(commit))?.contributors.map(({ id }) => id)).toEqual([alice.id]);
});

test('nobody approves their own request, nor a head that is another by now', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  const old = await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  await github.open(repo, alice, { head: 'a' });
  const own = api(alice).review(1, { commit: old, verdict: 'approve', body: '' });
  await expect(own).rejects.toMatchObject({ code: 'ForgeFailed', why: expect.stringContaining('author') });
  await github.push(repo, 'a', alice, { 'a.yaml': '2\n' });
  const late = api(bob).review(1, { commit: old, verdict: 'approve', body: '' });
  await expect(late).rejects.toMatchObject({ why: 'its head is another commit by now' });
  const missing = api(bob).review(9, { commit: old, verdict: 'approve', body: '' });
  await expect(missing).rejects.toMatchObject({ why: 'there is no such pull request' });
});

test('a merge is refused when the head moved, in conflict, and without the approvals that the branch needs', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  const old = await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  await github.open(repo, alice, { head: 'a' });
  const head = await github.push(repo, 'a', alice, { 'a.yaml': '2\n' });
  const moved = api(bob).merge(1, { head: old, title: 'x' });
  await expect(moved).rejects.toMatchObject({ code: 'ForgeFailed', why: 'its head is another commit by now' });
  repo.requiredApprovals = 1;
  const needed = { code: 'ForgeFailed', why: expect.stringContaining('cannot be merged') };
  await expect(api(bob).merge(1, { head, title: 'x' })).rejects.toMatchObject(needed);
  await api(bob).review(1, { commit: head, verdict: 'approve', body: '' });
  await github.push(repo, 'main', bob, { 'a.yaml': '3\n' });
  await expect(api(bob).merge(1, { head, title: 'x' })).rejects.toMatchObject(needed);
  expect((await api(bob).pull(1))?.state).toBe('open');
});

test('a request is closed without a merge, and a second one of its branch refused while it is open', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, api } = world;
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const request = { title: 'A', body: '', head: 'a', base: 'main' };
  await api(alice).open(request);
  await expect(api(alice).open(request)).rejects.toMatchObject({ code: 'ForgeFailed', why: /there is one/ });
  await api(alice).close(1);
  expect(await api(alice).pull(1)).toMatchObject({ state: 'closed', merged: undefined });
  expect((await api(alice).open(request)).number).toBe(2);
});

test('a renamed repo, a renamed account and a transfer change no id, for reading and for writing', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  const head = await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const other = github.account('other', 'Organization');
  github.rename(repo, { owner: other, name: 'rules' });
  alice.login = 'alicia';
  const opened = await api(alice).open({ title: 'A', body: '', head: 'a', base: 'main' });
  expect(opened.author).toEqual({ id: alice.id, login: 'alicia', bot: false });
  expect(await api(bob).repo()).toEqual({ id: repo.id, fullName: 'other/rules', defaultBranch: 'main' });
  await api(bob).review(1, { commit: head, verdict: 'approve', body: '' });
  const commit = await api(bob).merge(1, { head, title: 'A' });
  expect((await api(bob).mergedAs(commit))?.reviews).toHaveLength(1);
});

test('lists of more than a page come whole', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  const commit = await github.push(repo, 'p0', alice, { 'a.yaml': '1\n' });
  for (let index = 0; index < 101; index++) {
    await repo.git.point(`refs/heads/p${index}`, commit);
    await github.open(repo, alice, { head: `p${index}` });
  }
  for (let index = 0; index < 250; index++) github.review(repo, repo.pulls.get(1)!, bob);
  expect(await api(bob).openPulls('main')).toHaveLength(101);
  expect(new Set((await api(bob).reviews(1)).map(({ id }) => id)).size).toBe(250);
});

test('a request of 3,000 files is told like any other', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  const files = Array.from({ length: 3000 }, (_, index) => [`grants/${index}.yaml`, '1\n'] as const);
  await github.push(repo, 'a', alice, Object.fromEntries(files));
  const commit = await github.merge(repo, await github.open(repo, alice, { head: 'a' }), bob);
  expect((await api(bob).mergedAs(commit))?.pull.number).toBe(1);
});

test('a request of another repo that claims the commit is none of this one', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const commit = await github.merge(repo, await github.open(repo, alice, { head: 'a' }), bob);
  const elsewhere = (rows: unknown): unknown => {
    const [row] = rows as readonly [{ readonly base: { readonly repo: object } }];
    return [{ ...row, base: { ...row.base, repo: { ...row.base.repo, id: repo.id + 1 } } }];
  };
  github.fail({ on: /\/commits\/\w+\/pulls/, with: { change: elsewhere } });
  expect(await api(alice).mergedAs(commit)).toBeUndefined();
});

test('what has not changed is asked for without a cost; evidence is asked for anew', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, api } = world;
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const pull = await github.open(repo, alice, { head: 'a' });
  const forge = api(bob);
  const first = [await forge.repo(), await forge.openPulls('main')];
  await forge.reviews(1);
  const asked = github.front.requests.length;
  expect([await forge.repo(), await forge.openPulls('main')]).toEqual(first);
  const counted = () => github.front.requests.slice(asked).map((request) => [request.status, request.counted]);
  const [same, anew] = [
    [304, false],
    [200, true],
  ];
  expect(counted()).toEqual([same, same]);
  github.review(repo, pull, alice);
  expect(await forge.reviews(1)).toHaveLength(1);
  expect(counted()).toEqual([same, same, same, anew]);
  await github.push(repo, 'a', alice, { 'a.yaml': '2\n' });
  expect((await forge.openPulls('main'))[0]?.head.commit).toBe(pull.headSha);
  expect(counted().at(-1)).toEqual(anew);
});
