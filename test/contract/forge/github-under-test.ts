import { systemClock } from '../../../core/clock/clock.ts';
import { GitHubApi } from '../../../core/forge/github/github-api.ts';
import type { GitHubEmulator } from '../../support/github/github-emulator.ts';
import type { GhAccount } from '../../support/github/world.ts';
import { storyPeople } from '../../support/story-policies.ts';
import type { HostedForgeUnderTest, Person } from './hosted-world.ts';

/** What GitHub has and not every forge. */
export interface GitHubUnderTest extends HostedForgeUnderTest {
  /** By a merge queue, in this order. */
  mergeByQueue(numbers: readonly number[], by: Person): Promise<void>;
  /** From now on the account is a program's. */
  makeBot(person: Person): void;
}

/** A repo of its own on the emulator. */
export async function githubUnderTest(github: GitHubEmulator): Promise<GitHubUnderTest> {
  const owner = github.account('acme', 'Organization');
  const repo = await github.createRepo(owner, 'policies', { private: true });
  const people = Object.fromEntries(storyPeople.map((name) => [name, github.account(name)])) as Record<
    Person,
    GhAccount
  >;
  for (const { id } of Object.values(people)) repo.members.add(id);
  const gateway = github.account('sluice-gateway');
  repo.members.add(gateway.id);
  const pullOf = (number: number) => repo.pulls.get(number)!;
  return {
    kind: 'github',
    accounts: Object.fromEntries(Object.entries(people).map(([name, { id }]) => [name, id])) as Record<Person, number>,
    repoId: repo.id,
    api: (person) =>
      new GitHubApi({
        url: github.url,
        repo: 'acme/policies',
        token: github.token(person ? people[person] : gateway),
        clock: systemClock,
      }),
    git: () => ({ url: repo.git.path, token: undefined }),
    async mergeAs(person, number, how) {
      await github.merge(repo, pullOf(number), people[person], how);
    },
    async dismiss(number, by) {
      const pull = pullOf(number);
      github.dismiss(repo, pull, pull.reviews.find((review) => review.by === people[by].id)!);
    },
    async fork(by) {
      const fork = await github.createRepo(people[by], 'policies', { fork: repo });
      const open = async (branch: string): Promise<number> =>
        (await github.open(repo, people[by], { head: branch, headRepo: fork })).number;
      return { url: fork.git.path, token: undefined, open };
    },
    async mergeByQueue(numbers, by) {
      await github.mergeByQueue(repo, numbers.map(pullOf), people[by]);
    },
    makeBot(person) {
      people[person].type = 'Bot';
    },
    deleteReview: async () => false, // it can only be dismissed
    retarget: (by, number, branch) => github.retarget(repo, pullOf(number), people[by], branch),
    async rename(person) {
      people[person].login = `${person}-new`;
    },
  };
}
