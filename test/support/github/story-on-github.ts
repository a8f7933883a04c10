import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { AppOfGateway, RepoOnForge } from '../repo-on-forge.ts';
import { storyPeople } from '../story-policies.ts';
import type { GitHubEmulator } from './github-emulator.ts';
import type { GhAccount, GhRepo } from './world.ts';

export interface StoryOnGitHub extends RepoOnForge {
  readonly gateway: AppOfGateway;
  readonly repo: GhRepo;
  readonly accounts: Readonly<Record<(typeof storyPeople)[number], GhAccount>>;
}

/** acme/policies, private, with the people of the story, who may all write there; the gateway's app may read. */
export async function storyOnGitHub(github: GitHubEmulator): Promise<StoryOnGitHub> {
  const acme = github.account('acme', 'Organization');
  const repo = await github.createRepo(acme, 'policies', { private: true });
  const accounts = Object.fromEntries(storyPeople.map((name) => [name, github.account(name)])) as Record<
    (typeof storyPeople)[number],
    GhAccount
  >;
  for (const { id } of Object.values(accounts)) repo.members.add(id);
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const appId = 12345;
  const installationId = github.apps.install(`${appId}`, publicKey, { contents: 'read', pull_requests: 'read' });
  const people = storyPeople.map((name) => [name, { id: accounts[name].id, token: github.token(accounts[name]) }]);
  const { origin, host } = new URL(github.url);
  return {
    kind: 'github',
    api: github.url,
    host,
    name: 'acme/policies',
    id: repo.id,
    url: `${origin}/acme/policies.git`,
    repo,
    accounts,
    people: Object.fromEntries(people) as RepoOnForge['people'],
    adminToken: github.token(accounts.olga),
    gateway: { appId, installationId, privateKey },
    webhookSecret: randomBytes(16).toString('hex'),
  };
}
