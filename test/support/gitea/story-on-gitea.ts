import { randomBytes } from 'node:crypto';
import type { RepoOnForge } from '../repo-on-forge.ts';
import { storyPeople } from '../story-policies.ts';
import type { Gitea, GiteaUser } from './gitea.ts';

export interface StoryOnGitea extends RepoOnForge {
  readonly gateway: { readonly token: string };
  readonly users: Readonly<Record<(typeof storyPeople)[number], GiteaUser>>;
}

/**
 * acme/policies with the people of the story, who may all write there. `suffix` keeps the names of several on one
 * server apart. The gateway has an account of its own, which may read.
 */
export async function storyOnGitea(server: Gitea, suffix = ''): Promise<StoryOnGitea> {
  const owner = `acme${suffix}`;
  await server.addUser(owner);
  const { id, fullName: name } = await server.createRepo(owner, 'policies');
  const users = {} as Record<(typeof storyPeople)[number], GiteaUser>;
  for (const person of storyPeople) {
    users[person] = await server.addUser(`${person}${suffix}`);
    await server.addCollaborator(name, users[person].login, 'write');
  }
  const gateway = await server.addUser(`gateway${suffix}`);
  await server.addCollaborator(name, gateway.login, 'read');
  return {
    kind: 'gitea',
    api: server.url,
    host: new URL(server.url).host,
    name,
    id,
    url: `${server.url}/${name}.git`,
    people: users,
    users,
    adminToken: server.admin.token,
    gateway: { token: await server.tokenFor(gateway.login, ['read:repository', 'read:issue']) },
    webhookSecret: randomBytes(16).toString('hex'),
  };
}
