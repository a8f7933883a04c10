import { execFile } from 'node:child_process';
import { devNull } from 'node:os';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tempDir } from '../temp-dir.ts';
import { repoOnGitHub } from './repo-on-github.ts';

const run = promisify(execFile);

test('git reads a private repo with a token that may, and pushes with one that may write', async () => {
  await using dir = await tempDir();
  await using there = await repoOnGitHub({ base: '/api/v3' });
  const { github, repo, alice } = there;
  const url = `${new URL(github.url).origin}/acme/policies.git`;
  const environment = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1' };
  const git = async (token: string | undefined, ...args: string[]): Promise<string> => {
    const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
    const shown = token === undefined ? [] : ['-c', `http.extraHeader=Authorization: Basic ${basic}`];
    const env = { ...environment, GIT_TERMINAL_PROMPT: '0' };
    return run('git', [...shown, ...args], { env }).then(
      ({ stdout }) => stdout.trim(),
      (error: { stderr: string }) => /error: \d{3}|could not read Username/.exec(error.stderr)?.[0] ?? '',
    );
  };
  const [writes, reads, stranger] = [
    github.token(alice),
    github.token(alice, { contents: 'read' }),
    github.token(github.account('mallory')),
  ];
  expect(await git(undefined, 'ls-remote', url, 'main')).toBe('could not read Username');
  expect(await git('none', 'ls-remote', url, 'main')).not.toMatch(/refs/);
  expect(await git(reads, 'ls-remote', url, 'main')).toMatch(/^[0-9a-f]{40}\trefs\/heads\/main$/);
  expect(await git(stranger, 'ls-remote', url, 'main')).toBe('error: 403');
  const copy = dir.join('copy');
  await git(reads, 'clone', '-q', url, copy);
  const push = (token: string): Promise<string> =>
    git(token, '-C', copy, 'push', '-q', 'origin', 'main:refs/heads/mine');
  expect(await push(reads)).toBe('error: 403');
  expect(await push(stranger)).toBe('error: 403');
  expect(await repo.git.tip('refs/heads/mine')).toBeUndefined();
  expect(await push(writes)).toBe('');
  expect(await repo.git.tip('refs/heads/mine')).toBe(await repo.git.tip('refs/heads/main'));
  expect(repo.activity.at(-1)).toMatchObject({ ref: 'refs/heads/mine', by: alice.id });
});
