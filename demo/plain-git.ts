import { makePolicyRepo } from '../test/support/policy-repo.ts';
import { storyPeople, type storyPolicies } from '../test/support/story-policies.ts';
import type { Narrator } from './narrator.ts';
import { People } from './people.ts';
import type { StoryForge } from './story-forge.ts';

/** Nothing but git: requests are signed branches, approvals signed statements. */
export function plainGit(dir: string, policies: ReturnType<typeof storyPolicies>, narrator: Narrator): StoryForge {
  const repo = makePolicyRepo(dir, [...storyPeople], policies);
  const people = new People(dir, repo);
  narrator.good(`the policy repo is ${repo.url}; its first commit is ${repo.genesis.commit.slice(0, 12)}`);
  return {
    repo,
    pollInterval: 'PT1S',
    webhooksTo: async () => {},
    shortcut: 'Mallory approves her own request and merges it',
    async takeShortcut(request) {
      await people.run('mallory', ['approval', 'sign', request, '--yes']);
      await people.run('mallory', ['approval', 'merge', request]);
    },
    async approveAndMerge(request) {
      await people.run('carol', ['approval', 'sign', request, '--yes']);
      await people.run('carol', ['approval', 'merge', request]);
    },
    leave: async () => repo.url,
  };
}
