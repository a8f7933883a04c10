/** One comment on a pull request that is kept up to date, whoever else writes there. */
import { InputError } from '../../errors/sluice-error.ts';
import type { Comment, CommentApi } from './comment-api.ts';
import type { ForgeApi } from './forge-api.ts';

/** Whose comments a workflow's own token writes, where the forge does not say: no person can have these names. */
const workflowLogins = { github: 'github-actions[bot]', gitea: 'gitea-actions' } as const;

export interface StickyComment {
  /** Number of the pull request. */
  readonly number: number;
  /** What the body is about: nothing is written once the request is about something else. */
  readonly about: { readonly head: string; readonly branch: string; readonly repoId: number };
  /** First line of the body, by which it is found again. */
  readonly marker: string;
  readonly body: string;
  /** Login of the token's account, where the forge does not tell and it is not the workflow's own. */
  readonly login: string | undefined;
}

export type StickyOutcome = 'added' | 'edited' | 'same' | 'movedOn';

/**
 * Writes the comment, or replaces the one that the token's own account wrote before. Comments of others with the same
 * marker are left alone: anybody can write one, and with some permissions a token could change what they said.
 */
export async function keepComment(
  api: Pick<ForgeApi, 'kind' | 'host' | 'pull'>,
  comments: CommentApi,
  sticky: StickyComment,
): Promise<StickyOutcome> {
  const { number, about, marker, body, login } = sticky;
  const text = `${marker}\n${body}`;
  const self = await comments.self();
  const own = ({ author }: Comment): boolean => {
    if (!author) return false;
    if (self) return author.id === self.id;
    return login === undefined ? author.bot && author.login === workflowLogins[api.kind] : author.login === login;
  };
  const found = (await comments.comments(number)).filter((one) => own(one) && one.body.startsWith(marker));
  const latest = found.at(-1);
  if (!(await isStillAbout(api, number, about))) return 'movedOn';
  if (latest?.body.trimEnd() === text.trimEnd()) return 'same';
  if (latest) {
    await comments.edit(latest.id, text);
    return 'edited';
  }
  const added = await comments.add(number, text);
  if (!own(added)) throw foreign(added, api);
  return 'added';
}

async function isStillAbout(
  api: Pick<ForgeApi, 'pull'>,
  number: number,
  { head, branch, repoId }: StickyComment['about'],
): Promise<boolean> {
  const pull = await api.pull(number);
  if (pull?.state !== 'open') return false;
  return pull.head.commit === head && pull.base.branch === branch && pull.base.repoId === repoId;
}

/** It would not be found again, and there would be one more with every push. */
function foreign({ author }: Comment, { host }: Pick<ForgeApi, 'host'>): InputError {
  return new InputError(
    'BadUsage',
    'the comment is of another account than expected, so the next run would not find it',
    {
      why: `it is of '${author?.login ?? 'nobody'}'`,
      fix: `give the action the input account: ${author?.login ?? 'LOGIN'}`,
      at: host,
    },
  );
}
