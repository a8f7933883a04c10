import { InputError } from '../../core/errors/sluice-error.ts';

/**
 * The token that a repo's host may see, from where the forge's own tools take it too; undefined = none. GitHub's own
 * variables are for GitHub alone: whoever has them set has not said that another host may have them.
 */
export function forgeToken(repo: string): string | undefined {
  const { SLUICE_FORGE_TOKEN, GH_TOKEN, GITHUB_TOKEN } = process.env;
  const own = hostOf(repo) === 'github.com' ? [SLUICE_FORGE_TOKEN, GH_TOKEN, GITHUB_TOKEN] : [SLUICE_FORGE_TOKEN];
  return own.find((token) => token !== undefined && token !== '');
}

/**
 * Refuses a forge on another host than the repo: the address is in the repo, and whoever can write there must not be
 * able to have people's tokens sent to them.
 */
export function checkForgeHost(repo: string, api: string): void {
  const { hostname, protocol, port } = new URL(api);
  const host = hostOf(repo);
  const expected = hostname === 'api.github.com' ? 'github.com' : hostname;
  const loopback = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname);
  const samePort = !/^https?:/.test(repo) || new URL(repo).port === port;
  if (host === expected && samePort && (protocol === 'https:' || loopback)) return;
  throw new InputError('BadUsage', `the repo says that its forge is at ${api}, which no token is sent to from here`, {
    why:
      host === undefined
        ? 'the repo was named by a path, so nothing says which forge it is on'
        : `the repo was named by another address, or the forge is not reached by https`,
    fix: 'give --repo the address of the repo on its forge, as git clones it',
  });
}

/** Name of the host in what git clones from; undefined for a path. */
function hostOf(repo: string): string | undefined {
  if (/^(?:https?|ssh):\/\//.test(repo)) return new URL(repo).hostname;
  return /^[\w.-]+@([\w.-]+):/.exec(repo)?.[1];
}
