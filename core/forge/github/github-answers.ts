import { AnswerFields, type Failed } from '../hosted/answer-fields.ts';
import type { Account, ForgeRepo, Pull, Review } from '../hosted/forge-api.ts';

/** GitHub's own account, which stands in for those that were deleted. */
const ghost = 10137;

/** What a review counts as; a pending one, which nobody has said yet, is none. */
const verdicts: Readonly<Record<string, Review['verdict'] | undefined>> = {
  APPROVED: 'approve',
  CHANGES_REQUESTED: 'reject',
  COMMENTED: 'comment',
  DISMISSED: 'approve',
};
/** Those whose word a repo takes. */
const insiders: readonly string[] = ['OWNER', 'MEMBER', 'COLLABORATOR'];

export function readRepo(value: unknown, failed: Failed): ForgeRepo {
  const fields = new AnswerFields(value, failed);
  return { id: fields.id('id'), fullName: fields.text('full_name'), defaultBranch: fields.text('default_branch') };
}

/** undefined when the account is deleted. Whatever is no person is a bot. */
export function readAccount(fields: AnswerFields | undefined): Account | undefined {
  if (!fields) return undefined;
  const id = fields.id('id');
  if (id === ghost) return undefined;
  return { id, login: fields.text('login'), bot: fields.text('type') !== 'User' };
}

/** A pull request of a list, or a whole one, which alone says who merged it. */
export function readPull(value: unknown, failed: Failed, path = ''): Pull {
  const fields = new AnswerFields(value, failed, path);
  const [head, base] = [fields.object('head'), fields.object('base')];
  const said = fields.text('state');
  if (said !== 'open' && said !== 'closed') throw fields.flaw('state', 'open or closed');
  const merged = isMerged(value, fields);
  if (merged && said === 'open') throw fields.flaw('merged_at', 'null, although it is open');
  const whole = has(value, 'merged_by');
  if (whole && fields.flag('merged') !== merged) throw fields.flaw('merged', 'as merged_at says');
  const headRepo = head.objectOrNull('repo');
  return {
    number: fields.id('number'),
    title: fields.text('title'),
    url: fields.text('html_url'),
    state: merged ? 'merged' : said,
    author: readAccount(fields.objectOrNull('user')),
    head: { commit: head.commit('sha'), branch: head.text('ref'), repoId: headRepo?.id('id') },
    base: { branch: base.text('ref'), repoId: base.object('repo').id('id') },
    merged: merged
      ? {
          at: fields.instant('merged_at'),
          from: undefined,
          by: whole ? readAccount(fields.objectOrNull('merged_by')) : undefined,
          commit: fields.commit('merge_commit_sha'),
        }
      : undefined,
  };
}

/** undefined for a pending one. `head` is the pull request's. */
export function readReview(value: unknown, failed: Failed, path: string, head: string): Review | undefined {
  const fields = new AnswerFields(value, failed, path);
  const state = fields.text('state');
  if (state === 'PENDING') return undefined;
  const verdict = Object.hasOwn(verdicts, state) ? verdicts[state] : undefined;
  if (!verdict) throw fields.flaw('state', 'one that is known');
  const commit = isNull(value, 'commit_id') ? '' : fields.commit('commit_id');
  return {
    id: fields.id('id'),
    author: readAccount(fields.objectOrNull('user')),
    verdict,
    dismissed: state === 'DISMISSED',
    official: insiders.includes(fields.text('author_association')),
    stale: commit !== head,
    commit,
    at: fields.instant('submitted_at'),
  };
}

/** Accounts of a commit's author and committer. GitHub writes {} or null where it knows none. */
export function readHands(value: unknown, failed: Failed, path: string): readonly Account[] {
  const fields = new AnswerFields(value, failed, path);
  return ['author', 'committer'].flatMap((name) => {
    const hand = fields.objectOrNull(name);
    const account = isEmpty(value, name) ? undefined : readAccount(hand);
    return account ? [account] : [];
  });
}

/** What a pull request of a list became, and where; undefined when it is not merged. */
export function mergedTo(
  value: unknown,
  failed: Failed,
  path: string,
): { readonly number: number; readonly commit: string; readonly repoId: number } | undefined {
  const fields = new AnswerFields(value, failed, path);
  if (!isMerged(value, fields)) return undefined;
  const repoId = fields.object('base').object('repo').id('id');
  return { number: fields.id('number'), commit: fields.commit('merge_commit_sha'), repoId };
}

function isMerged(value: unknown, fields: AnswerFields): boolean {
  if (isNull(value, 'merged_at')) return false;
  fields.instant('merged_at');
  return true;
}

function has(value: unknown, name: string): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

function isNull(value: unknown, name: string): boolean {
  return has(value, name) && value[name] === null;
}

function isEmpty(value: unknown, name: string): boolean {
  const inner = has(value, name) ? value[name] : undefined;
  return typeof inner === 'object' && inner !== null && Object.keys(inner).length === 0;
}
