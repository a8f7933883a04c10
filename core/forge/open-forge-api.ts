import type { Clock } from '../clock/clock.ts';
import type { TokenSource } from '../git/shown-token.ts';
import type { ForgeAddress } from '../model/documents.ts';
import type { ForgeApi } from './hosted/forge-api.ts';

/** The adapter for a forge, loaded when it is needed: plain git does not wait for what it has no use for. */
export async function openForgeApi(
  { kind, url, repo }: ForgeAddress,
  { token }: { readonly token: string | TokenSource | undefined },
  clock: Clock,
): Promise<ForgeApi> {
  if (kind === 'gitea') {
    const { GiteaApi } = await import('./gitea/gitea-api.ts');
    return new GiteaApi({ url, repo, token, clock });
  }
  const { GitHubApi } = await import('./github/github-api.ts');
  return new GitHubApi({ url, repo, token, clock });
}
