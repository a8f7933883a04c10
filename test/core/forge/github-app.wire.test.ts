import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { GitHubApp } from '../../../core/forge/github/github-app-token.ts';
import { openAppToken } from '../../../core/forge/open-app-token.ts';
import { openForgeApi } from '../../../core/forge/open-forge-api.ts';
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
  const installationId = github.apps.install('12345', publicKey, { pull_requests: 'read', contents: 'read' });
  const address = { kind: 'github', url: github.url, repo: 'acme/policies' } as const;
  const app = { appId: 12345, privateKey: async () => privateKey, installationId };
  const made = () => github.front.requests.filter(({ path }) => path.endsWith('/access_tokens')).length;
  return {
    github,
    clock,
    publicKey,
    installationId,
    /** Tokens asked for. */
    made,
    api: async (changes: Partial<GitHubApp> = {}, own = clock) =>
      openForgeApi(address, { token: await openAppToken(address, { ...app, ...changes }, own) }, own),
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
    const { clock, made } = world;
    const api = await world.api();
    await Promise.all([api.repo(), api.openPulls('main')]);
    expect(await api.account()).toBeUndefined();
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
  const api = await world.api({}, new FakeClock(world.clock.now() + 5 * 60_000));
  await expect(api.repo()).rejects.toMatchObject({ code: 'ForgeDenied' });
  expect((await api.repo()).fullName).toBe('acme/policies');
});

test('an app that is not installed, another key, and a key that is none are refused without telling it', async () => {
  await using world = await appWorld();
  await expect((await world.api({ installationId: 1 })).repo()).rejects.toMatchObject({ code: 'ForgeDenied' });
  const other = keys().privateKey;
  await expect((await world.api({ privateKey: async () => other })).repo()).rejects.toMatchObject({
    code: 'ForgeDenied',
    why: expect.stringContaining('401'),
  });
  const none = (await world.api({ privateKey: async () => 'not a key, but secret' })).repo();
  const error: unknown = await none.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'BadKey' });
  expect(inspect(error, { depth: 9 })).not.toContain('secret');
});

test('a token that was revoked before its hour is over is made anew within the question that it was refused to', async () => {
  await using world = await appWorld();
  const { github, installationId, made } = world;
  const api = await world.api();
  await api.repo();
  for (const token of github.apps.tokens(installationId)) github.revoke(token);
  expect(await Promise.all([api.repo(), api.openPulls('main')])).toMatchObject([{ fullName: 'acme/policies' }, []]);
  expect(made()).toBe(2);
  for (const token of github.apps.tokens(installationId)) github.revoke(token);
  github.apps.setKeys(installationId, []);
  await expect(api.repo()).rejects.toMatchObject({
    code: 'ForgeDenied',
    message: expect.stringContaining('make a token of the app'),
  });
});

test('a new private key is used at once, so that one that GitHub does not know is seen while the old one is good', async () => {
  await using world = await appWorld();
  const { github, installationId, publicKey, made } = world;
  const [first, second] = [keys(), keys()];
  let key = first.privateKey;
  github.apps.setKeys(installationId, [first.publicKey]);
  const api = await world.api({ privateKey: async () => key });
  await api.repo();
  key = second.privateKey;
  await expect(api.repo()).rejects.toMatchObject({ code: 'ForgeDenied' });
  key = first.privateKey;
  await api.repo();
  github.apps.setKeys(installationId, [first.publicKey, second.publicKey, publicKey]);
  const before = made();
  key = second.privateKey;
  await Promise.all([api.repo(), api.openPulls('main')]);
  github.apps.setKeys(installationId, [second.publicKey]);
  await api.repo();
  expect(made() - before).toBe(1);
});
