import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { GitHubApi } from '../../../core/forge/github/github-api.ts';
import type { Fault } from '../../support/github/faults.ts';
import { type RepoOnGitHub, repoOnGitHub } from '../../support/github/repo-on-github.ts';

/** A world with one open request, and its head. */
async function withRequest(): Promise<RepoOnGitHub & { head: string }> {
  const world = await repoOnGitHub();
  const { github, repo, alice } = world;
  const head = await github.push(repo, 'a', alice, { 'a.yaml': '1\n' });
  await github.open(repo, alice, { head: 'a' });
  return { ...world, head };
}

test('a token that is unknown, lacks a permission, or does not see the repo is refused by name, and never told', async () => {
  await using world = await withRequest();
  const { github, bob, head, api } = world;
  const stranger = github.account('stranger');
  const tokens = {
    unknown: 'ghp_0000',
    weak: github.token(bob, { contents: 'read' }),
    reading: github.token(bob, { pull_requests: 'read', contents: 'read' }),
    blind: github.token(stranger),
  };
  const by = (token: string): GitHubApi => api(bob, { token });
  const said = { commit: head, verdict: 'approve', body: '' } as const;
  const asked: readonly [() => Promise<unknown>, RegExp][] = [
    [() => by(tokens.unknown).repo(), /answered 401/],
    [() => by(tokens.weak).openPulls('main'), /'Pull requests: read'/],
    [() => by(tokens.weak).pull(1), /'Pull requests: read'/],
    [() => by(tokens.reading).review(1, said), /'Pull requests: write'/],
    [() => by(tokens.reading).merge(1, { head, title: 'x' }), /'Contents: write'/],
    [() => by(tokens.blind).pull(1), /'Metadata: read'/],
    [() => by(tokens.blind).repo(), /'Metadata: read'/],
    [() => api(bob, { token: undefined }).account(), /answered 401/],
  ];
  for (const [answer, words] of asked) {
    const error = (await answer().catch((thrown: unknown) => thrown)) as { why: string; fix: string; cause?: unknown };
    expect(error).toMatchObject({ code: 'ForgeDenied', retry: 'later' });
    expect(`${error.why} ${error.fix}`).toMatch(words);
    const all = JSON.stringify({ ...error, cause: error.cause });
    for (const token of Object.values(tokens)) expect(all).not.toContain(token);
  }
  expect(await api(bob).pull(2)).toBeUndefined();
});

test.each<[string, Fault['with'], RegExp]>([
  ['HTML', 'html', /it is HTML/],
  ['half an answer', 'half', /no whole answer: the connection failed/],
  ['no answer', 'silence', /no whole answer in 300 ms/],
  ['500', { status: 500 }, /answered 500/],
  ['409 on a later page', { next: 'PAGE2' }, /answered 409/],
  ['a next page elsewhere', { next: 'http://127.0.0.1:1/repos/acme/policies' }, /next page is at another place/],
  ['a redirect elsewhere', { redirect: 'http://127.0.0.1:1/repos/acme/policies' }, /another place than the API/],
  ['an object', { change: () => ({}) }, /it is no list/],
  ['text', { change: () => 'none' }, /it is no JSON/],
  ['an empty answer', { change: () => null }, /it is no list/],
])('%s instead of a list of reviews is an error, not an empty list', async (_, fault, words) => {
  await using world = await withRequest();
  const { github, repo, bob, api } = world;
  github.review(repo, repo.pulls.get(1)!, bob, 'CHANGES_REQUESTED');
  const page2 = `${github.url}/repos/acme/policies/pulls/1/reviews?page=2`;
  github.fail({ on: /reviews\?page=2/, with: { status: 409 } });
  github.fail({
    on: /reviews/,
    with: typeof fault === 'object' && 'next' in fault && fault.next === 'PAGE2' ? { next: page2 } : fault,
  });
  const asked = api(bob, { timeoutMs: 300 }).reviews(1);
  await expect(asked).rejects.toMatchObject({ code: 'ForgeFailed', why: expect.stringMatching(words) });
});

test('an answer over the cap, and a list of more than 50 pages, are errors', async () => {
  await using world = await withRequest();
  const { github, bob, api } = world;
  const small = api(bob, { cap: 500 }).reviews(1);
  await expect(small).rejects.toMatchObject({ why: 'it is longer than 500 bytes' });
  github.fail({ on: /reviews/, with: { next: `${github.url}/repos/acme/policies/pulls/1/reviews?page=2` } });
  await expect(api(bob).reviews(1)).rejects.toMatchObject({ why: 'it has more than 50 pages' });
});

test.each<[string, RegExp, (body: never) => unknown, string]>([
  ['no id', /reviews/, ([row]: [object]) => [{ ...row, id: undefined }], 'its field [0].id is not an id'],
  [
    'an unknown state',
    /reviews/,
    ([row]: [object]) => [{ ...row, state: 'LIKED' }],
    'its field [0].state is not one that is known',
  ],
  ['no user', /reviews/, ([row]: [object]) => [{ ...row, user: undefined }], 'its field [0].user is no object'],
  [
    'no commit',
    /reviews/,
    ([row]: [object]) => [{ ...row, commit_id: 'abc' }],
    'its field [0].commit_id is not a commit',
  ],
  ['a review twice', /reviews/, ([row]: [object]) => [row, row], 'it tells of one review twice'],
  [
    'a merge while open',
    /pulls\/1$/,
    (pull: object) => ({ ...pull, merged_at: '2026-01-01T00:00:00Z' }),
    'its field merged_at is not null, although it is open',
  ],
  [
    'no merged',
    /pulls\/1$/,
    (pull: object) => ({ ...pull, merged: undefined }),
    'its field merged is not true or false',
  ],
  ['a fraction as id', /pulls\/1$/, (pull: object) => ({ ...pull, number: 1.5 }), 'its field number is not an id'],
])('an answer with %s is refused, and the field named', async (_, on, change, flaw) => {
  await using world = await withRequest();
  const { github, repo, bob, api } = world;
  github.review(repo, repo.pulls.get(1)!, bob);
  github.fail({ on, with: { change: change as (body: unknown) => unknown } });
  await expect(api(bob).reviews(1)).rejects.toMatchObject({
    code: 'ForgeFailed',
    why: expect.stringContaining(flaw.replace(' no object', '')),
  });
});

test('a merged request whose commits are not all told is an error', async () => {
  await using world = await withRequest();
  const { github, repo, bob, api } = world;
  const commit = await github.merge(repo, repo.pulls.get(1)!, bob);
  github.fail({ on: /pulls\/1$/, with: { change: (pull) => ({ ...(pull as object), commits: 251 }) }, times: 1 });
  await expect(api(bob).mergedAs(commit)).rejects.toMatchObject({ why: expect.stringContaining('no more than 250') });
  github.fail({ on: /pulls\/1$/, with: { change: (pull) => ({ ...(pull as object), commits: 2 }) }, times: 1 });
  await expect(api(bob).mergedAs(commit)).rejects.toMatchObject({ why: 'it tells of 1 of 2 commits' });
});

test('what is read is asked again after a 500, what is written is not', async () => {
  await using world = await withRequest();
  const { github, bob, head, api } = world;
  const log = vi.spyOn(console, 'warn');
  github.fail({ on: /^GET .*policies$/, with: { status: 502 }, times: 2 });
  expect((await api(bob).repo()).fullName).toBe('acme/policies');
  github.fail({ on: /^PUT/, with: { status: 502 }, times: 1 });
  await expect(api(bob).merge(1, { head, title: 'x' })).rejects.toMatchObject({ why: 'it answered 502' });
  expect(github.front.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  expect(log).not.toHaveBeenCalled();
});

test('a limit that ends soon is waited out once', async () => {
  await using world = await withRequest();
  const { github, bob, head, api } = world;
  github.fail({ on: /policies$/, with: { secondary: 1 }, times: 1 });
  const before = performance.now();
  expect((await api(bob).repo()).fullName).toBe('acme/policies');
  expect(performance.now() - before).toBeGreaterThan(900);
  github.fail({ on: /merge$/, with: { primary: 1 }, times: 1 });
  expect(await api(bob).merge(1, { head, title: 'x' })).toMatch(/^[0-9a-f]{40}$/);
  github.fail({ on: /policies$/, with: { secondary: 0 }, times: 2 });
  await expect(api(bob).repo()).rejects.toMatchObject({ code: 'ForgeLimited' });
});

test.each<[string, Fault['with'], number]>([
  ['a primary limit', { primary: 1800 }, 1800],
  ['a secondary limit', { secondary: 120 }, 120],
  ['a secondary limit that says so in words alone', { secondary: undefined }, 60],
  ['a 429', { status: 429 }, 60],
])('%s that lasts is told with its end', async (_, fault, seconds) => {
  await using world = await withRequest();
  const { github, bob, api } = world;
  github.fail({ on: /policies$/, with: fault });
  const error = (await api(bob)
    .repo()
    .catch((thrown: unknown) => thrown)) as { code: string; why: string };
  expect(error.code).toBe('ForgeLimited');
  const until = Date.parse(/at (\S+)$/.exec(error.why)![1]!);
  expect(Math.abs(until - Date.now() - seconds * 1000)).toBeLessThan(5000);
  expect(github.front.requests).toHaveLength(1);
});

test('who pushed is not left out because of a limit', async () => {
  await using world = await withRequest();
  const { github, repo, bob, api } = world;
  const commit = await github.merge(repo, repo.pulls.get(1)!, bob);
  github.fail({ on: /activity/, with: { secondary: 120 } });
  await expect(api(bob).mergedAs(commit)).rejects.toMatchObject({ code: 'ForgeLimited' });
});

test('the clock of the forge is told by its last Date', async () => {
  await using world = await repoOnGitHub();
  const { github, alice, api } = world;
  const forge = api(alice);
  expect(forge.skew).toBeUndefined();
  github.front.dateOffset = 90_000;
  await forge.repo();
  expect(Math.abs(forge.skew! - 90_000)).toBeLessThanOrEqual(1000);
  github.front.dateOffset = undefined;
  await forge.repo();
  expect(forge.skew).toBeUndefined();
});

test('an aborted signal ends what is under way', async () => {
  await using world = await repoOnGitHub();
  const { github, alice, api } = world;
  github.fail({ on: /policies$/, with: 'silence' });
  const stop = new AbortController();
  const asked = api(alice, { signal: stop.signal }).repo();
  setTimeout(() => stop.abort('enough'), 50);
  await expect(asked).rejects.toBe('enough');
  await expect(api(alice, { signal: stop.signal }).account()).rejects.toBe('enough');
});

test('the host is that of the web site; a token goes nowhere without TLS but to this machine', () => {
  const at = (url: string) => new GitHubApi({ url, repo: 'acme/policies', token: undefined, clock: systemClock });
  expect(at('https://api.github.com').host).toBe('github.com');
  expect(at('https://ghe.example.com/api/v3/').host).toBe('ghe.example.com');
  expect(at('https://ghe.example.com:8443/api/v3').host).toBe('ghe.example.com:8443');
  expect(() => at('http://ghe.example.com/api/v3')).toThrow(/without TLS/);
  expect(() => at('ghe.example.com')).toThrow(/address of the forge/);
  const named =
    (repo: string, token = 't') =>
    () =>
      new GitHubApi({ url: 'https://api.github.com', repo, token, clock: systemClock });
  for (const repo of ['policies', 'a/b/c', '../x', 'a/..', 'a b/c', ''])
    expect(named(repo)).toThrow(/name of the repo/);
  expect(named('a/b', 'with\nline')).toThrow(/token/);
});

test('a token that was rotated meanwhile is asked for again when it is refused, once', async () => {
  await using world = await withRequest();
  const { github, alice, api } = world;
  const files = ['ghp_before', github.token(alice), 'ghp_before', 'ghp_before', 'two words'];
  const rotated = api(alice, { token: async () => files.shift() });
  expect(await rotated.account()).toMatchObject({ login: 'alice' });
  expect(files).toHaveLength(3);
  await expect(rotated.account()).rejects.toMatchObject({ code: 'ForgeDenied', why: expect.stringContaining('401') });
  await expect(rotated.account()).rejects.toMatchObject({
    code: 'BadConfig',
    message: expect.stringContaining('token'),
  });
  expect(files).toEqual([]);
});
