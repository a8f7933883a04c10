import { expect, test } from 'vitest';
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
  await api(carol).review(1, { commit: head, verdict: 'reject', body: 'too wide' });
  const commit = await api(bob).merge(1, { head, title: 'Merge request one' });
  expect((await repo.git.facts(commit)).parents).toEqual([expect.any(String), head]);
  expect(await repo.git.tip('refs/heads/main')).toBe(commit);

  const merged = await api(carol).mergedAs(commit);
  expect(merged?.pull).toMatchObject({
    number: 1,
    state: 'merged',
    merged: { commit, by: { id: bob.id }, at: expect.any(Number) },
  });
  expect(merged?.reviews).toMatchObject([
    { author: { id: bob.id }, verdict: 'approve', dismissed: false, official: true, stale: false, commit: head },
    { author: { id: carol.id }, verdict: 'reject', dismissed: false, official: true, stale: false, commit: head },
  ]);
  expect(merged?.contributors.map(({ login }) => login)).toEqual(['alice']);
  expect(await api(alice).mergedAs(head)).toBeUndefined();
  expect(await api(alice).mergedAs('0'.repeat(40))).toBeUndefined();
  expect(await api(alice).openPulls('main')).toEqual([]);
});
