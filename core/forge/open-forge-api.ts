import type { Clock } from '../clock/clock.ts';
import type { ForgeAddress } from '../model/documents.ts';
import { GiteaApi } from './gitea/gitea-api.ts';
import { GitHubApi } from './github/github-api.ts';
import type { ForgeApi } from './hosted/forge-api.ts';

export type ForgeCredentials =
  | { readonly token: string | undefined }
  | { readonly appId: number; readonly installationId: number; readonly privateKey: string };

/** The adapter for a forge. */
export function openForgeApi({ kind, url, repo }: ForgeAddress, credentials: ForgeCredentials, clock: Clock): ForgeApi {
  if (kind === 'gitea') {
    return new GiteaApi({ url, repo, token: 'token' in credentials ? credentials.token : undefined, clock });
  }
  const auth =
    'token' in credentials ? (credentials.token === undefined ? undefined : { token: credentials.token }) : credentials;
  return new GitHubApi({ url, repo, auth, clock });
}
