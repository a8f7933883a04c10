import { AnswerFields, type Failed } from '../hosted/answer-fields.ts';
import type { Account, Pull } from '../hosted/forge-api.ts';
import { tooLarge } from '../hosted/forge-error.ts';
import { readAccount, readHands } from './github-answers.ts';
import { fresh, pageSize } from './github-cache.ts';
import type { GitHubClient } from './github-client.ts';
import type { GitHubList } from './github-question.ts';

/** GitHub tells of no more commits of a pull request. */
const mostCommits = 250;

interface RepoName {
  readonly owner: string;
  readonly repo: string;
}

/**
 * Accounts that had a hand in a merged request: its author, those of its commits, and, where the token may know, who
 * pushed to its branch until it was merged. `commits` is how many it has by its own count.
 */
export async function contributorsOf(
  client: GitHubClient,
  name: RepoName,
  pull: Pull,
  commits: number,
): Promise<readonly Account[]> {
  const hands = new Map<number, Account>();
  const add = (account: Account | undefined): void => {
    if (account && !hands.has(account.id)) hands.set(account.id, account);
  };
  add(pull.author);
  for (const account of await committers(client, name, pull.number, commits)) add(account);
  for (const account of await pushers(client, name, pull)) add(account);
  return [...hands.values()];
}

async function committers(client: GitHubClient, name: RepoName, number: number, count: number) {
  const question = { asked: `read the commits of pull request ${number}`, permission: 'Pull requests: read' };
  if (count > mostCommits) {
    const flaw = `it has ${count} commits, and GitHub tells of no more than ${mostCommits}`;
    throw tooLarge(client.error(question, { flaw }));
  }
  const list = await client.list(question, (request) =>
    request('GET /repos/{owner}/{repo}/pulls/{pull_number}/commits', {
      ...name,
      pull_number: number,
      per_page: pageSize,
      headers: fresh,
    }),
  );
  const { value, failed } = list!;
  if (value.length !== count) throw failed(`it tells of ${value.length} of ${count} commits`);
  return value.flatMap((row, index) => readHands(row, failed, `[${index}]`));
}

/** Whoever only deleted the branch brought nothing. A fork's branch is not the token's to ask about. */
async function pushers(client: GitHubClient, name: RepoName, { head, base, merged }: Pull): Promise<Account[]> {
  if (head.repoId !== base.repoId) return [];
  const list = await client.list(
    { asked: `read who pushed to ${head.branch}`, permission: 'Contents: read', besides: [403, 404] },
    (request) =>
      request('GET /repos/{owner}/{repo}/activity', {
        ...name,
        ref: `refs/heads/${head.branch}`,
        per_page: pageSize,
        headers: fresh,
      }),
  );
  return list ? readPushers(list, merged?.at ?? Number.POSITIVE_INFINITY) : [];
}

function readPushers({ value, failed }: GitHubList, until: number): Account[] {
  return value.flatMap((row, index) => {
    const fields = fieldsOf(row, failed, index);
    const account = readAccount(fields.objectOrNull('actor'));
    const counts = fields.text('activity_type') !== 'branch_deletion' && fields.instant('timestamp') <= until;
    return account && counts ? [account] : [];
  });
}

function fieldsOf(row: unknown, failed: Failed, index: number): AnswerFields {
  return new AnswerFields(row, failed, `[${index}]`);
}
