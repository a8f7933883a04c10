import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { GitHubApi } from '../../../core/forge/github/github-api.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startGitHub } from '../../support/github/github-emulator.ts';
import { tempDir } from '../../support/temp-dir.ts';

function keys(type: 'pkcs1' | 'pkcs8' = 'pkcs1') {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type, format: 'pem' },
  });
}

async function appWorld(type: 'pkcs1' | 'pkcs8' = 'pkcs1') {
  const dir = await tempDir();
  const clock = new FakeClock();
  const github = await startGitHub({ dir: dir.path, clock, base: '/api/v3' });
  await github.createRepo(github.account('acme', 'Organization'), 'policies', { private: true });
  const { publicKey, privateKey } = keys(type);
  const installationId = github.install('12345', publicKey, { pull_requests: 'read', contents: 'read' });
  const api = (changes: object = {}, own = clock) =>
    new GitHubApi({
      url: github.url,
      repo: 'acme/policies',
      auth: { appId: 12345, privateKey, installationId, ...changes },
      clock: own,
    });
  return {
    github,
    clock,
    api,
    async [Symbol.asyncDispose]() {
      await github[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

test.each(['pkcs1', 'pkcs8'] as const)(
  'an app asks with a token of its installation, made once an hour (%s)',
  async (type) => {
    await using world = await appWorld(type);
    const { github, clock } = world;
    const api = world.api();
    await Promise.all([api.repo(), api.openPulls('main')]);
    expect(await api.account()).toBeUndefined();
    const made = () => github.front.requests.filter(({ path }) => path.endsWith('/access_tokens')).length;
    expect(made()).toBe(1);
    clock.advance(57 * 60_000);
    await api.repo();
    expect(made()).toBe(1);
    clock.advance(2 * 60_000);
    await api.repo();
    expect(made()).toBe(2);
  },
);

test('an app whose clock is ahead is known once the forge has told the time', async () => {
  await using world = await appWorld('pkcs1');
  const api = world.api({}, new FakeClock(world.clock.now() + 5 * 60_000));
  await expect(api.repo()).rejects.toMatchObject({ code: 'ForgeDenied' });
  expect((await api.repo()).fullName).toBe('acme/policies');
});

test('an app that is not installed, another key, and a key that is none are refused without telling it', async () => {
  await using world = await appWorld();
  await expect(world.api({ installationId: 1 }).repo()).rejects.toMatchObject({ code: 'ForgeDenied' });
  const other = keys().privateKey;
  const error: unknown = await world
    .api({ privateKey: other })
    .repo()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ForgeDenied', why: expect.stringContaining('401') });
  const text = 'not a key, but secret';
  expect(() => world.api({ privateKey: text })).toThrow(expect.objectContaining({ code: 'BadKey' }));
  try {
    world.api({ privateKey: text });
  } catch (thrown) {
    expect(JSON.stringify(thrown)).not.toContain('secret');
  }
});
