import type { Clock } from '../clock/clock.ts';
import type { ForgeAddress } from '../model/documents.ts';
import type { CommentApi } from './hosted/comment-api.ts';

/** Comments of a forge, with a token that may write them. */
export async function openCommentApi(
  { kind, url, repo }: ForgeAddress,
  token: string,
  clock: Clock,
): Promise<CommentApi> {
  if (kind === 'gitea') {
    const { GiteaComments } = await import('./gitea/gitea-comments.ts');
    return new GiteaComments({ url, repo, token, clock });
  }
  const { GitHubComments } = await import('./github/github-comments.ts');
  return new GitHubComments({ url, repo, token, clock });
}
