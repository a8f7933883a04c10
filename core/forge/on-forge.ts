import type { ForgeAddress } from '../model/documents.ts';

/**
 * Git's address is of the forge itself, reached as its API is, and names no user of its own: the forge's token may be
 * shown there. To every other host it is a secret.
 */
export function isOnForge(gitUrl: string, forge: Pick<ForgeAddress, 'url'>): boolean {
  if (!/^https?:\/\//i.test(gitUrl) || !URL.canParse(gitUrl)) return false;
  const [git, api] = [new URL(gitUrl), new URL(forge.url)];
  const host = api.host === 'api.github.com' ? 'github.com' : api.host;
  return git.protocol === api.protocol && git.host === host && git.username + git.password === '';
}
