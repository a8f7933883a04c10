import type { Clock } from '../clock/clock.ts';
import type { TokenSource } from '../git/shown-token.ts';
import type { ForgeAddress } from '../model/documents.ts';
import type { GitHubApp } from './github/github-app-token.ts';

/** Tokens of a GitHub App's installation, as the forge's API and git over https take them. */
export async function openAppToken({ url }: ForgeAddress, app: GitHubApp, clock: Clock): Promise<TokenSource> {
  const { GitHubAppToken } = await import('./github/github-app-token.ts');
  const made = new GitHubAppToken(app, { url, clock });
  return (refused) => made.get(refused);
}
