import type { JsonAnswer } from '../hosted/json-client.ts';

/** Statuses of Gitea's refusals that say why in a message. */
export const refusals: readonly number[] = [405, 409, 412, 422];

export interface Refusal {
  readonly flaw: string;
  /** Gitea has not found out yet whether the request can be merged. */
  readonly passes: boolean;
}

/** Gitea's words for what is refused, and ours. Its own are not shown: they may quote what was sent. */
const known: readonly (readonly [string, string])[] = [
  ['head out of date', 'its head is another commit now: look at it again'],
  ['merge push out of date', 'the branch moved at the same time: try again'],
  ['user not allowed to merge', 'the account may not merge into the branch'],
  ['already merged', 'it is merged already'],
  ['work in progress', 'it is marked as work in progress'],
  ['enough approvals', 'the branch asks for more approvals'],
  ['requested changes', 'somebody rejected it'],
  ['official review requests', 'a review that was asked for is not there'],
  ['status checks', 'a check that the branch asks for has not passed'],
  ['behind the base branch', 'it is behind the branch: update it'],
  ['protected files', 'it changes protected files'],
  ['not allowed an allowed merge style', 'the repo does not allow merge commits'],
  ['pushrejected', 'the forge refused the push to the branch'],
  ['your own pull', 'nobody can approve or reject a pull request of their own'],
  ['review pull requests that are closed', 'it is closed'],
  ['closed', 'it is closed'],
  ['pull request already exists', 'there is an open pull request for this branch already'],
  ['no changes between', 'the branch has nothing to merge'],
  ['must be branches', 'a branch of it does not exist'],
];

/** Why Gitea refused, in words that hold nothing of the answer. */
export function refusalOf({ status, value }: JsonAnswer): Refusal {
  const said = messageOf(value).toLowerCase();
  if (status === 405 && said.includes('try again later')) {
    return { flaw: 'it conflicts with the branch, or the forge is still looking', passes: true };
  }
  const flaw = known.find(([theirs]) => said.includes(theirs))?.[1] ?? `it answered ${status}`;
  return { flaw, passes: false };
}

function messageOf(value: unknown): string {
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : '';
  return typeof message === 'string' ? message.slice(0, 1000) : '';
}
