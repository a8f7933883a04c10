import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { giteaUnderTest } from '../contract/forge/gitea-under-test.ts';
import { HostedWorld, type Person, settled } from '../contract/forge/hosted-world.ts';
import { type Gitea, startGitea } from '../support/gitea/gitea.ts';
import { type Ran, runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

let gitea: Gitea;
let count = 0;

beforeAll(async () => {
  gitea = await startGitea();
});
afterAll(async () => await gitea?.[Symbol.asyncDispose]());

/** The story's repo on Gitea, which says in its sluice.yaml that it is there; and the real binary. */
async function story() {
  const forge = await giteaUnderTest(gitea, ++count);
  const world = await HostedWorld.make(forge, await tempDir(), (files) => {
    const repo = parse(files['sluice.yaml']!) as { spec: Record<string, unknown> };
    repo.spec['forge'] = { kind: 'gitea', url: gitea.url, repo: forge.repo };
    return { ...files, 'sluice.yaml': stringify(repo) };
  });
  mkdirSync(world.dir.join('home'));
  const as = (person: Person | 'nobody', ...args: readonly string[]): Promise<Ran> => {
    const { url, token } = forge.git(person === 'nobody' ? 'alice' : person);
    const env: Record<string, string> = {
      HOME: world.dir.join('home'),
      XDG_CACHE_HOME: world.dir.join('home', person),
      SLUICE_FORGE_TOKEN: person === 'nobody' ? '' : token!,
    };
    return runSluice([...args, '--repo', url, '--genesis', world.genesis.commit], { env });
  };
  const done = async (person: Person, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await as(person, ...args);
    expect([args.join(' '), code, stderr]).toEqual([args.join(' '), 0, '']);
    return stdout;
  };
  const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '1h', '--reason', 'INC-1 `|` @bob'];
  return { forge, world, as, done, wish };
}

test('asked, approved, merged and revoked with the binary and a token alone', async () => {
  const { forge, world, done, wish } = await story();
  await using there = world;
  await using gateway = await there.follow();
  const asked = JSON.parse(await done('alice', 'access', 'request', ...wish, '--format', 'json')) as {
    name: string;
    uid: string;
    url: string;
  };
  expect(asked.url).toBe(`${gitea.url}/${forge.repo}/pulls/1`);
  const { body, user } = (await gitea.api(gitea.admin.token, 'GET', `/repos/${forge.repo}/pulls/1`)) as {
    body: string;
    user: { id: number };
  };
  expect(user.id).toBe(forge.accounts.alice);
  expect(body).toContain('``INC-1 `\\|` @bob``');
  expect(body).toContain('(`bob`, `carol`)');
  expect(await done('bob', 'access', 'list')).toContain(asked.name);
  await done('bob', 'approval', 'sign', asked.name, '--yes');
  expect(await done('alice', 'access', 'status', asked.name)).toMatch(/approved:\s+bob/);
  const merged = JSON.parse(await done('bob', 'approval', 'merge', asked.name, '--format', 'json')) as {
    commit: string;
  };
  expect(await there.tip()).toBe(merged.commit);
  expect(await settled(gateway)).toEqual({ [asked.name]: 'admitted' });
  expect(await done('alice', 'access', 'status', asked.name)).toContain('Active');
  await done('carol', 'access', 'revoke', asked.name, '--reason', 'over');
  await settled(gateway);
  expect(gateway.state.current.tombstones).toMatchObject([{ target: { grant: asked.name } }]);
}, 240_000);

test('a branch that nobody may push to still takes a revocation, by a pull request of its own', async () => {
  const { forge, world, done, wish } = await story();
  await using there = world;
  await using gateway = await there.follow();
  const asked = JSON.parse(await done('alice', 'access', 'request', ...wish, '--format', 'json')) as { name: string };
  await done('bob', 'approval', 'sign', asked.name, '--yes');
  await done('bob', 'approval', 'merge', asked.name);
  await gitea.protectBranch(forge.repo, { approvals: 0, dismissStale: true });
  await done('alice', 'access', 'revoke', asked.name, '--reason', 'over');
  await settled(gateway);
  expect(gateway.state.current.tombstones).toMatchObject([{ target: { grant: asked.name } }]);
}, 240_000);

test('without a token, or with one of somebody unknown, it says what to do', async () => {
  const { world, as, wish } = await story();
  await using there = world;
  const anonymous = await as('nobody', 'access', 'request', ...wish);
  expect(anonymous.code).not.toBe(0);
  expect(anonymous.stderr).toContain('SLUICE_FORGE_TOKEN');
  expect(there.forge.kind).toBe('gitea');
}, 120_000);
