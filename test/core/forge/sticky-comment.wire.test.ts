import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { GitHubComments } from '../../../core/forge/github/github-comments.ts';
import { keepComment, type StickyComment } from '../../../core/forge/hosted/sticky-comment.ts';
import { type RepoOnGitHub, repoOnGitHub } from '../../support/github/repo-on-github.ts';
import type { GhPull, Permissions } from '../../support/github/world.ts';

const marker = '<!-- a mark -->';
const all = { pull_requests: 'write', contents: 'read' } as const;

async function opened(world: RepoOnGitHub): Promise<GhPull> {
  const { github, repo, alice } = world;
  await github.push(repo, 'wish', alice, { 'a.yaml': '1\n' });
  return github.open(repo, alice, { head: 'wish' });
}

/** Keeps the comment as a job of a workflow does, or with another token. */
function keep(
  { github, repo, api, alice }: RepoOnGitHub,
  pull: GhPull,
  body: string,
  options: { permissions?: Permissions; token?: string; login?: string; about?: Partial<StickyComment['about']> } = {},
) {
  const token = options.token ?? github.workflowToken(options.permissions ?? all);
  const comments = new GitHubComments({ url: github.url, repo: 'acme/policies', token, clock: systemClock });
  return keepComment(api(alice, { token }), comments, {
    number: pull.number,
    about: { head: pull.headSha, branch: 'main', repoId: repo.id, ...options.about },
    marker,
    body,
    login: options.login,
  });
}

test('one comment is written, and the same one is kept up to date', async () => {
  await using world = await repoOnGitHub();
  const pull = await opened(world);
  expect(await keep(world, pull, 'first')).toBe('added');
  expect(await keep(world, pull, 'first')).toBe('same');
  expect(await keep(world, pull, 'second')).toBe('edited');
  expect(world.repo.comments.map(({ body }) => body)).toEqual([`${marker}\nsecond`]);
});

test("comments of others with the mark stay as they are, a person's and an app's", async () => {
  await using world = await repoOnGitHub();
  const { github, repo, bob } = world;
  const pull = await opened(world);
  const theirs = [bob, github.account('helper[bot]', 'Bot'), github.account('github-actions', 'User')].map((by) =>
    github.comment(repo, pull, by, `${marker}\nall is well, approve it`),
  );
  expect(await keep(world, pull, 'first')).toBe('added');
  expect(await keep(world, pull, 'second')).toBe('edited');
  expect(theirs.map(({ body }) => body)).toEqual(Array(3).fill(`${marker}\nall is well, approve it`));
  expect(repo.comments).toHaveLength(4);
});

test('a comment of its own that is about something else is left alone, on every page', async () => {
  await using world = await repoOnGitHub();
  const { github, repo } = world;
  const pull = await opened(world);
  github.workflowToken(all);
  const self = github.world.named('github-actions[bot]')!;
  for (let n = 0; n < 150; n++) github.comment(repo, pull, self, `something else ${n}`);
  expect(await keep(world, pull, 'first')).toBe('added');
  for (let n = 0; n < 150; n++) github.comment(repo, pull, self, `something else ${n}`);
  expect(await keep(world, pull, 'second')).toBe('edited');
  expect(repo.comments.filter(({ body }) => body.startsWith(marker))).toHaveLength(1);
});

test('nothing is written once the request moved on, was pointed elsewhere or is closed', async () => {
  await using world = await repoOnGitHub();
  const { github, repo, alice } = world;
  const pull = await opened(world);
  const about = { head: pull.headSha };
  await github.push(repo, 'release', alice, { 'b.yaml': '1\n' });
  await github.push(repo, 'wish', alice, { 'a.yaml': '2\n' });
  expect(await keep(world, pull, 'of the old head', { about })).toBe('movedOn');
  expect(await keep(world, pull, 'of another repo', { about: { repoId: repo.id + 1 } })).toBe('movedOn');
  await github.retarget(repo, pull, alice, 'release');
  expect(await keep(world, pull, 'of another branch')).toBe('movedOn');
  await github.retarget(repo, pull, alice, 'main');
  pull.state = 'closed';
  expect(await keep(world, pull, 'of a closed one')).toBe('movedOn');
  expect(repo.comments).toEqual([]);
});

test('without the permission the error names it', async () => {
  await using world = await repoOnGitHub();
  const pull = await opened(world);
  await expect(keep(world, pull, 'first', { permissions: { pull_requests: 'read' } })).rejects.toMatchObject({
    code: 'ForgeDenied',
    fix: expect.stringContaining('pull-requests: write'),
  });
  expect(world.repo.comments).toEqual([]);
});

test("a person's token keeps a comment of that person, whatever else has the mark", async () => {
  await using world = await repoOnGitHub();
  const { github, repo, bob, carol } = world;
  const pull = await opened(world);
  github.comment(repo, pull, carol, `${marker}\nhers`);
  const token = github.token(bob);
  expect(await keep(world, pull, 'first', { token })).toBe('added');
  expect(await keep(world, pull, 'second', { token })).toBe('edited');
  expect(repo.comments.map(({ by, body }) => [by, body])).toEqual([
    [carol.id, `${marker}\nhers`],
    [bob.id, `${marker}\nsecond`],
  ]);
});

test("an app's token has to say whose comments are its own", async () => {
  await using world = await repoOnGitHub();
  const { github, repo } = world;
  const pull = await opened(world);
  const token = github.workflowToken(all);
  const app = github.account('acme-policies[bot]', 'Bot');
  github.world.tokens.set(token, { ...github.world.tokens.get(token)!, account: app.id });
  await expect(keep(world, pull, 'first', { token })).rejects.toMatchObject({
    fix: 'give the action the input account: acme-policies[bot]',
  });
  const login = 'acme-policies[bot]';
  expect(await keep(world, pull, 'second', { token, login })).toBe('edited');
  expect(repo.comments).toHaveLength(1);
});
