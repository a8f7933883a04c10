import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { readGitHubWebhook } from '../../../core/forge/github/github-webhook.ts';
import { flawOf } from './openapi-description.ts';
import { type RepoOnGitHub, repoOnGitHub } from './repo-on-github.ts';
import type { GhAccount } from './world.ts';

/** Asks as GitHub is asked without an adapter. */
async function ask(world: RepoOnGitHub, by: GhAccount, path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bearer ${world.github.token(by)}`, ...(init.headers as object) };
  const answer = await fetch(`${world.github.url}${path}`, { redirect: 'manual', ...init, headers });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
}

test('an answer of a wrong shape is a 500, and fails the test that it was given in', async () => {
  const world = await repoOnGitHub();
  const { github, repo, alice, bob } = world;
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const pull = await github.open(repo, alice, { head: 'a' });
  github.review(repo, pull, bob).state = 7 as never;
  expect(await ask(world, bob, '/repos/acme/policies/pulls/1/reviews')).toMatchObject({ status: 500 });
  await expect(world[Symbol.asyncDispose]()).rejects.toThrow(/reviews 200: \/0\/state must be string/);
});

test.each<[string, string, number, unknown, RegExp]>([
  ['GET', '/repos/{owner}/{repo}', 200, {}, /required property/],
  ['GET', '/repos/{owner}/{repo}', 200, null, /must be object/],
  ['GET', '/repos/{owner}/{repo}/pulls', 200, {}, /must be array/],
  [
    'PUT',
    '/repos/{owner}/{repo}/pulls/{pull_number}/merge',
    200,
    { sha: 'a', merged: 'yes', message: '' },
    /must be boolean/,
  ],
  ['GET', '/repos/{owner}/{repo}/activity', 200, [{ id: 1 }], /required property/],
  ['GET', '/repos/{owner}/{repo}', 418, {}, /required property/],
  ['GET', '/repos/{owner}/{repo}', 202, {}, /must NOT be valid/],
  ['GET', '/nowhere', 200, {}, /must NOT be valid/],
  ['GET', '/repos/{owner}/{repo}/pulls', 304, {}, /has a body/],
])("GitHub's description does not allow %s %s to answer %s %j", (method, template, status, body, flaw) => {
  expect(flawOf(method, template, status, body)).toMatch(flaw);
});

test("GitHub's description allows null where it says so, and an error that is told as its others are", () => {
  const review = '/repos/{owner}/{repo}/pulls/{pull_number}/reviews';
  expect(flawOf('GET', review, 200, [])).toBeUndefined();
  expect(
    flawOf('GET', review, 404, { message: 'Not Found', documentation_url: 'https://docs.github.com' }),
  ).toBeUndefined();
  expect(flawOf('GET', review, 304, undefined)).toBeUndefined();
});

test('a renamed repo answers 301 for reading and 307 for writing, at its id', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice } = world;
  github.rename(repo, { name: 'rules' });
  const read = await ask(world, alice, '/repos/acme/policies/pulls?state=all');
  expect([read.status, read.headers.get('location')]).toEqual([
    301,
    `${github.url}/repositories/${repo.id}/pulls?state=all`,
  ]);
  expect((await ask(world, alice, '/repos/acme/policies/pulls', { method: 'POST', body: '{}' })).status).toBe(307);
  expect((await ask(world, alice, `/repositories/${repo.id}`)).body).toMatchObject({
    id: repo.id,
    full_name: 'acme/rules',
  });
});

test('an ETag is of what was answered: 304 costs nothing, a change is told', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice } = world;
  const token = github.token(alice);
  const get = (etag: string) =>
    ask(world, alice, '/repos/acme/policies/pulls', {
      headers: { authorization: `Bearer ${token}`, 'if-none-match': etag },
    });
  const first = await get('');
  const [etag, left] = [first.headers.get('etag')!, first.headers.get('x-ratelimit-remaining')];
  const same = await get(etag);
  expect([same.status, same.headers.get('x-ratelimit-remaining')]).toEqual([304, left]);
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  await github.open(repo, alice, { head: 'a' });
  expect((await get(etag)).status).toBe(200);
});

test('a push by path is seen: the request gets the commit, what was said of the old one stays, by force too', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob } = world;
  const first = await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  const pull = await github.open(repo, alice, { head: 'a' });
  github.review(repo, pull, bob);
  const main = (await repo.git.tip('refs/heads/main'))!;
  const at = Date.now();
  const author = { name: 'bob', email: bob.email };
  const forced = await repo.git.commit({ parents: [main], files: { 'b.yaml': '1\n' }, message: 'b', author, at });
  await repo.git.point('refs/heads/a', forced);
  const { body } = await ask(world, alice, '/repos/acme/policies/pulls/1');
  expect(body.head.sha).toBe(forced);
  expect(await repo.git.tip('refs/pull/1/head')).toBe(forced);
  const reviews = await ask(world, alice, '/repos/acme/policies/pulls/1/reviews');
  expect(reviews.body).toMatchObject([{ commit_id: first, state: 'APPROVED' }]);
  const activity = await ask(world, alice, '/repos/acme/policies/activity?ref=refs/heads/a');
  expect(activity.body).toMatchObject([
    { activity_type: 'force_push', before: first, after: forced, actor: { id: bob.id } },
    { activity_type: 'branch_creation', after: first, actor: { id: alice.id } },
  ]);
});

test('a pending review is seen by its author alone, and an author cannot approve', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice, bob, carol } = world;
  await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  await github.open(repo, alice, { head: 'a' });
  const reviews = '/repos/acme/policies/pulls/1/reviews';
  expect((await ask(world, bob, reviews, { method: 'POST', body: '{"body":"hm"}' })).body.state).toBe('PENDING');
  expect((await ask(world, bob, reviews)).body).toHaveLength(1);
  expect((await ask(world, carol, reviews)).body).toHaveLength(0);
  expect((await ask(world, alice, reviews, { method: 'POST', body: '{"event":"APPROVE"}' })).status).toBe(422);
  const dismissed = await ask(
    world,
    bob,
    `${reviews}/${github.review(repo, repo.pulls.get(1)!, carol).id}/dismissals`,
    {
      method: 'PUT',
      body: '{"message":"old"}',
    },
  );
  expect(dismissed.body.state).toBe('DISMISSED');
});

test('webhooks are signed, and tell of pushes, requests and reviews', async () => {
  const secret = 'between-two-machines';
  const seen: unknown[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    seen.push(readGitHubWebhook(request.headers, Buffer.concat(parts), secret));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await using world = await repoOnGitHub();
    const { github, repo, alice, bob } = world;
    repo.hooks.push({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, secret });
    await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
    await github.settled();
    const pull = await github.open(repo, alice, { head: 'a' });
    await github.settled();
    const review = github.review(repo, pull, bob);
    await github.settled();
    github.dismiss(repo, pull, review);
    await github.settled();
    await github.merge(repo, pull, bob);
    await github.settled();
    const delivery = expect.any(String);
    const about = { delivery, repoId: repo.id };
    const merged = expect.arrayContaining([
      { ...about, event: 'push', ref: 'refs/heads/main' },
      { ...about, event: 'pull_request', pull: 1 },
    ]);
    expect(seen.slice(4)).toEqual(merged);
    expect(seen.slice(0, 4)).toEqual([
      { delivery, event: 'push', repoId: repo.id, ref: 'refs/heads/a' },
      { delivery, event: 'pull_request', repoId: repo.id, pull: 1 },
      { delivery, event: 'pull_request_review', repoId: repo.id, pull: 1 },
      { delivery, event: 'pull_request_review', repoId: repo.id, pull: 1 },
    ]);
    expect(github.deliveries.every(({ status }) => status === 200)).toBe(true);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});
