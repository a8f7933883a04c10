/** Gitea's answers as what core/forge/hosted asks for. What is not as it must be is an error, never a guess. */

import type { AnswerFields } from '../hosted/answer-fields.ts';
import type { Account, ForgeRepo, Pull, Review } from '../hosted/forge-api.ts';

/** Ids below 1 are Gitea's own: -1 stands for every deleted account, -2 is the one of its actions. */
const ghost = -1;

const verdicts: Readonly<Record<string, Review['verdict'] | 'none'>> = {
  APPROVED: 'approve',
  REQUEST_CHANGES: 'reject',
  COMMENT: 'comment',
  PENDING: 'none',
  REQUEST_REVIEW: 'none',
};

export function readRepo(fields: AnswerFields): ForgeRepo {
  return { id: fields.id('id'), fullName: fields.text('full_name'), defaultBranch: fields.text('default_branch') };
}

/** undefined for a deleted account. Gitea does not tell a bot of its users, or an organisation, from a person. */
export function readAccount(fields: AnswerFields | undefined): Account | undefined {
  if (!fields) return undefined;
  const id = fields.number('id');
  if (id === 0) throw fields.flaw('id', 'an id');
  return id === ghost ? undefined : { id, login: fields.text('login'), bot: id < 0 };
}

export function readPull(fields: AnswerFields): Pull {
  const [head, base] = [fields.object('head'), fields.object('base')];
  const headRepo = head.number('repo_id');
  const isMerged = fields.flag('merged');
  const state = fields.text('state');
  if (state !== 'open' && state !== 'closed') throw fields.flaw('state', 'open or closed');
  if (isMerged && state === 'open') throw fields.flaw('state', 'closed, though it is merged');
  return {
    number: fields.id('number'),
    title: fields.text('title'),
    url: fields.text('html_url'),
    state: isMerged ? 'merged' : state,
    author: readAccount(fields.objectOrNull('user')),
    head: {
      commit: head.commit('sha'),
      branch: head.text('label') || head.text('ref'), // no branch has it when it was pushed to refs/for
      repoId: headRepo > 0 ? headRepo : undefined,
    },
    base: { branch: base.text('ref'), repoId: base.id('repo_id') },
    merged: isMerged
      ? {
          at: fields.instant('merged_at'),
          by: readAccount(fields.objectOrNull('merged_by')),
          commit: fields.commit('merge_commit_sha'),
          from: fields.text('merge_base') === '' ? undefined : fields.commit('merge_base'),
        }
      : undefined,
  };
}

/** undefined for what says nothing yet: a review that is being written, or one that is asked for. */
export function readReview(fields: AnswerFields): Review | undefined {
  const state = fields.text('state');
  const verdict = Object.hasOwn(verdicts, state) ? verdicts[state] : undefined;
  if (verdict === undefined) throw fields.flaw('state', 'a verdict');
  if (verdict === 'none') return undefined;
  const commit = fields.text('commit_id');
  return {
    id: fields.id('id'),
    author: readAccount(fields.objectOrNull('user')),
    verdict,
    dismissed: fields.flag('dismissed'),
    official: fields.flag('official'),
    stale: fields.flag('stale'),
    commit: commit === '' ? '' : fields.commit('commit_id'),
    at: fields.instant('submitted_at'),
  };
}
