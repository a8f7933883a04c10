import type { Clock } from '../clock/clock.ts';
import type { ForgeAddress } from '../model/documents.ts';
import type { ForgeApi } from './hosted/forge-api.ts';

export type ForgeCredentials =
  | { readonly token: string | undefined }
  | { readonly appId: number; readonly installationId: number; readonly privateKey: string };

/** The adapter for a forge, loaded when it is needed: plain git does not wait for what it has no use for. */
export async function openForgeApi(
  { kind, url, repo }: ForgeAddress,
  credentials: ForgeCredentials,
  clock: Clock,
): Promise<ForgeApi> {
  if (kind === 'gitea') {
    const { GiteaApi } = await import('./gitea/gitea-api.ts');
    return new GiteaApi({ url, repo, token: 'token' in credentials ? credentials.token : undefined, clock });
  }
  const auth =
    'token' in credentials ? (credentials.token === undefined ? undefined : { token: credentials.token }) : credentials;
  const { GitHubApi } = await import('./github/github-api.ts');
  return new GitHubApi({ url, repo, auth, clock });
}
