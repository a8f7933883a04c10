import type { AnswerFields } from '../hosted/answer-fields.ts';
import type { Account, MergedPull, Pull } from '../hosted/forge-api.ts';
import { readAccount } from './gitea-answers.ts';
import type { GiteaLists } from './gitea-lists.ts';

/** How long before a pull request was opened its branch may have been pushed, ms. */
const before = 30 * 86_400_000;
const permission = 'repository: Read, issue: Read';

/**
 * When a merged pull request was pointed to another branch, and accounts that Gitea connects with its commits. Authors and committers are found by their addresses, which
 * whoever writes a commit chooses; who pushed is said by Gitea itself: in the request's history for pushes after it was
 * opened, and in the activities of the head's repo for those before. Activities are left out there of accounts that
 * keep them private. A fork's owner could push to it.
 */
export async function historyOf(
  lists: GiteaLists,
  repo: string,
  pull: Pull,
  fields: AnswerFields,
): Promise<Pick<MergedPull, 'contributors' | 'retargetedAt'>> {
  const about = (what: string): string => `read ${what} of pull request ${pull.number}`;
  const found: (Account | undefined)[] = [pull.author];
  const commits = await lists.whole({
    path: `/repos/${repo}/pulls/${pull.number}/commits`,
    query: { files: 'false', verification: 'false' },
    asked: about('the commits'),
    permission,
  });
  for (const commit of commits) {
    found.push(readAccount(commit.objectOrNull('author')), readAccount(commit.objectOrNull('committer')));
  }
  const history = await lists.beyond(
    { path: `/repos/${repo}/issues/${pull.number}/timeline`, asked: about('the history'), permission },
    (event) => event.text('type') === 'merge_pull',
  );
  let retargetedAt: number | undefined;
  for (const event of history) {
    const type = event.text('type');
    if (type === 'pull_push') found.push(readAccount(event.objectOrNull('user')));
    if (type === 'change_target_branch') retargetedAt = Math.max(retargetedAt ?? 0, event.instant('created_at'));
  }
  const head = fields.object('head').objectOrNull('repo');
  if (head) {
    if (pull.head.repoId !== pull.base.repoId) found.push(readAccount(head.objectOrNull('owner')));
    const path = head.text('full_name').split('/').map(encodeURIComponent).join('/');
    const activities = await lists.recent(
      { path: `/repos/${path}/activities/feeds`, asked: about('the pushes'), permission },
      fields.instant('created_at') - before,
    );
    for (const activity of activities) {
      const pushed = activity.text('op_type') === 'commit_repo';
      if (!pushed || activity.text('ref_name') !== `refs/heads/${pull.head.branch}`) continue;
      found.push(readAccount(activity.objectOrNull('act_user')));
    }
  }
  const accounts = new Map(found.flatMap((account) => (account ? [[account.id, account] as const] : [])));
  return { contributors: [...accounts.values()], retargetedAt };
}
