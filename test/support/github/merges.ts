/** The ways in which GitHub merges, made in the repo as GitHub makes them. */
import type { BareRepo, CommitFacts, GitPerson } from './bare-repo.ts';
import { type GhAccount, webFlow } from './world.ts';

export type MergeMethod = 'merge' | 'squash' | 'rebase';

export interface Merge {
  readonly base: string;
  readonly head: string;
  readonly by: GhAccount;
  readonly title: string;
  readonly at: number;
}

/** The new commits of the base branch, oldest first. */
export async function mergeBy(method: MergeMethod, git: BareRepo, merge: Merge): Promise<readonly string[]> {
  const { base, head, title, at } = merge;
  const [author, committer] = [personOf(merge.by), personOf(webFlow)];
  if (method === 'rebase') return rebase(git, merge);
  const tree = await git.mergedTree(base, head);
  const parents = method === 'merge' ? [base, head] : [base];
  return [await git.commitTree({ tree, parents, message: title, author, committer, at })];
}

async function rebase(git: BareRepo, { base, head, by, at }: Merge): Promise<readonly string[]> {
  const made: string[] = [];
  for (const sha of await git.between(base, head)) {
    const facts: CommitFacts = await git.facts(sha);
    const onto = made.at(-1) ?? base;
    const tree = await git.pickedTree(onto, facts);
    const { author, message } = facts;
    made.push(await git.commitTree({ tree, parents: [onto], message, author, committer: personOf(by), at }));
  }
  return made;
}

export function personOf({ login, email }: GhAccount): GitPerson {
  return { name: login, email };
}
