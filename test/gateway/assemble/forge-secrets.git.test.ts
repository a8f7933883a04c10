import { generateKeyPairSync } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { openForgeApi } from '../../../core/forge/open-forge-api.ts';
import { BareClone } from '../../../core/git/bare-clone.ts';
import { forgeSecretsOf } from '../../../gateway/assemble/forge-secrets.ts';
import type { ForgeConfig } from '../../../gateway/config/gateway-config.ts';
import { Conditions } from '../../../gateway/telemetry/conditions.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startGitHub } from '../../support/github/github-emulator.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** acme/policies, private, on an emulated Enterprise Server, with a gateway's secrets for it. */
async function world(options: { credentials: 'app' | 'token'; webhooks?: string; gitAt?: (url: string) => string }) {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const clock = new FakeClock();
  const github = stack.use(await startGitHub({ dir: dir.path, clock, base: '/api/v3' }));
  const [acme, machine] = [github.account('acme', 'Organization'), github.account('machine')];
  const repo = await github.createRepo(acme, 'policies', { private: true });
  repo.members.add(machine.id);
  const may = { pull_requests: 'read', contents: 'read' } as const;
  const [first, second] = [keyPair(), keyPair()];
  const installationId = github.apps.install('12345', first.publicKey, may);
  const [privateKeyFile, tokenFile] = [dir.join('app.pem'), dir.join('token')];
  const webhookSecretFile = options.webhooks === undefined ? undefined : dir.join('webhook-secret');
  writeFileSync(privateKeyFile, first.privateKey);
  writeFileSync(tokenFile, `${github.token(machine, may)}\n`);
  if (webhookSecretFile !== undefined) writeFileSync(webhookSecretFile, options.webhooks!);
  const forge: ForgeConfig = {
    kind: 'github',
    url: github.url,
    repo: 'acme/policies',
    credentials: options.credentials === 'app' ? { appId: 12345, installationId, privateKeyFile } : { tokenFile },
    webhookSecretFile,
  };
  const { gitAt = (url: string) => url } = options;
  const url = gitAt(`${new URL(github.url).origin}/acme/policies.git`);
  const conditions = new Conditions(clock);
  const policyRepo = { url, branch: 'main', pollInterval: 1000 };
  const secrets = (await forgeSecretsOf({ forge, policyRepo }, conditions, clock))!;
  const clone = stack.use(await BareClone.open(dir.join('clone'), url, { token: secrets.gitToken }));
  const api = await openForgeApi(forge, { token: secrets.token }, clock);
  const tip = await repo.git.tip('refs/heads/main');
  const moved = stack.move();
  return {
    github,
    clock,
    secrets,
    clone,
    api,
    tip,
    files: { privateKeyFile, tokenFile, webhookSecretFile },
    keys: { first, second },
    installationId,
    token: () => github.token(machine, may),
    made: () => github.front.requests.filter(({ path }) => path.endsWith('/access_tokens')).length,
    condition: () => conditions.get('SecretsReadable'),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

function keyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
}

test('git fetches with the token of the app that the API is asked with, a current one, and with nothing else', async () => {
  await using there = await world({ credentials: 'app' });
  const { github, clock, clone, api, tip, installationId, made } = there;
  expect(await clone.fetch('main')).toBe(tip);
  await api.repo();
  expect(made()).toBe(1);
  clock.advance(59 * 60_000);
  expect(await clone.fetch('main')).toBe(tip);
  expect(made()).toBe(2);
  for (const token of github.apps.tokens(installationId)) github.world.tokens.delete(token);
  expect(await clone.fetch('main')).toBe(tip);
  expect(made()).toBe(3);

  // Without the app the emulated GitHub gives nothing away.
  for (const token of github.apps.tokens(installationId)) github.world.tokens.delete(token);
  github.apps.setKeys(installationId, []);
  await expect(clone.fetch('main')).rejects.toMatchObject({ code: 'ForgeDenied' });
});

test('the key of the app is rotated while it runs', async () => {
  await using there = await world({ credentials: 'app' });
  const { github, clone, api, tip, keys, files, installationId } = there;
  expect(await clone.fetch('main')).toBe(tip);
  github.apps.setKeys(installationId, [keys.first.publicKey, keys.second.publicKey]);
  writeFileSync(files.privateKeyFile, keys.second.privateKey.slice(0, 300)); // half of it
  expect(await clone.fetch('main')).toBe(tip);
  expect(there.condition()).toMatchObject({
    status: 'False',
    reason: 'SecretUnreadable',
    message: `${files.privateKeyFile}: it is no RSA key in PEM; the one that was read before is used`,
  });
  writeFileSync(files.privateKeyFile, keys.second.privateKey);
  expect(await clone.fetch('main')).toBe(tip);
  github.apps.setKeys(installationId, [keys.second.publicKey]);
  for (const token of github.apps.tokens(installationId)) github.world.tokens.delete(token);
  expect((await api.repo()).fullName).toBe('acme/policies');
  expect(await clone.fetch('main')).toBe(tip);
  expect(there.condition()).toMatchObject({ status: 'True', reason: 'Read' });
});

test('a token is rotated while it runs: the API and git go on with the new one', async () => {
  await using there = await world({ credentials: 'token' });
  const { github, clone, api, tip, files } = there;
  expect(await clone.fetch('main')).toBe(tip);
  await api.repo();
  github.world.tokens.clear();
  for (const ask of [() => clone.fetch('main'), () => api.repo()]) {
    const error: unknown = await ask().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ForgeDenied', why: expect.stringContaining('401') });
    expect(inspect(error, { depth: 9 })).not.toContain('ghp_');
  }
  writeFileSync(`${files.tokenFile}.new`, there.token());
  renameSync(`${files.tokenFile}.new`, files.tokenFile);
  expect(await clone.fetch('main')).toBe(tip);
  expect((await api.repo()).fullName).toBe('acme/policies');

  rmSync(files.tokenFile);
  await there.secrets.look();
  expect(there.condition()).toMatchObject({ status: 'False', message: expect.stringContaining('ENOENT') });
  expect(await clone.fetch('main')).toBe(tip);
  expect((await api.repo()).fullName).toBe('acme/policies');
  writeFileSync(files.tokenFile, there.token());
  await there.secrets.look();
  expect(there.condition()).toMatchObject({ status: 'True' });
});

test('git at another host, or with a user of its own, is shown nothing of the forge', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="another"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    for (const credentials of ['app', 'token'] as const) {
      await using elsewhere = await world({ credentials, gitAt: () => `${origin}/acme/policies.git` });
      await expect(elsewhere.clone.fetch('main')).rejects.toMatchObject({ code: 'ForgeDenied' });
      await using own = await world({ credentials, gitAt: (url) => url.replace('//', '//ann:own@') });
      expect(own.secrets.gitToken).toBeUndefined();
      expect((await own.api.repo()).fullName).toBe('acme/policies');
    }
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.filter((shown) => shown !== undefined)).toEqual([]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('webhooks may be of two secrets while one is rotated, not of three', async () => {
  await using there = await world({ credentials: 'token', webhooks: ' new \r\nold\n' });
  expect(await there.secrets.webhookSecrets!()).toEqual(['new', 'old']);
  writeFileSync(there.files.webhookSecretFile!, 'newer\nnew\nold\n');
  expect(await there.secrets.webhookSecrets!()).toEqual(['new', 'old']);
  expect(there.condition()?.message).toMatch(/webhook-secret: it has more than 2 lines; the one/);
  writeFileSync(there.files.webhookSecretFile!, 'newer\n');
  expect(await there.secrets.webhookSecrets!()).toEqual(['newer']);
});

test('at the start what the forge is shown must be there; the secret of webhooks may come later', async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  const conditions = new Conditions(clock);
  const [tokenFile, webhookSecretFile] = [dir.join('token'), dir.join('webhook-secret')];
  const address = { kind: 'gitea', url: 'https://git.example.com', repo: 'acme/policies' } as const;
  const forge: ForgeConfig = { ...address, credentials: { tokenFile }, webhookSecretFile };
  const policyRepo = { url: `${address.url}/acme/policies.git`, branch: 'main', pollInterval: 1000 };
  const start = () => forgeSecretsOf({ forge, policyRepo }, conditions, clock);
  await expect(start()).rejects.toMatchObject({ code: 'FileUnreadable', at: tokenFile });
  writeFileSync(tokenFile, 'a token of\n two lines');
  const error: unknown = await start().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'BadConfig' });
  expect(inspect(error, { depth: 9 })).not.toContain('a token of');
  writeFileSync(tokenFile, 'a-token\n');
  const secrets = (await start())!;
  expect(await secrets.token()).toBe('a-token');
  await expect(secrets.webhookSecrets!()).rejects.toMatchObject({ code: 'FileUnreadable' });
  const missing = `${webhookSecretFile}: it could not be read (ENOENT)`;
  expect(conditions.get('SecretsReadable')).toMatchObject({ status: 'False', message: missing });
  writeFileSync(webhookSecretFile, 'one');
  expect(await secrets.webhookSecrets!()).toEqual(['one']);
  expect(conditions.get('SecretsReadable')).toMatchObject({ status: 'True' });
  expect(await forgeSecretsOf({ forge: undefined, policyRepo }, conditions, clock)).toBeUndefined();
});
