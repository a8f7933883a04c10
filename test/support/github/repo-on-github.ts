import { systemClock } from '../../../core/clock/clock.ts';
import { GitHubApi, type GitHubApiOptions } from '../../../core/forge/github/github-api.ts';
import { tempDir } from '../temp-dir.ts';
import { type GitHubEmulator, startGitHub } from './github-emulator.ts';
import type { GhAccount, GhRepo } from './world.ts';

export interface RepoOnGitHub extends AsyncDisposable {
  readonly github: GitHubEmulator;
  readonly repo: GhRepo;
  readonly acme: GhAccount;
  readonly alice: GhAccount;
  readonly bob: GhAccount;
  readonly carol: GhAccount;
  /** The adapter with a token of `by`. */
  api(by: GhAccount, options?: Partial<GitHubApiOptions>): GitHubApi;
}

/** acme/policies, into which alice, bob and carol may write. */
export async function repoOnGitHub(options: { base?: string; private?: boolean } = {}): Promise<RepoOnGitHub> {
  const dir = await tempDir();
  const github = await startGitHub({ dir: dir.path, ...(options.base === undefined ? {} : { base: options.base }) });
  const acme = github.account('acme', 'Organization');
  const [alice, bob, carol] = [github.account('alice'), github.account('bob'), github.account('carol')];
  const repo = await github.createRepo(acme, 'policies', { private: options.private ?? true });
  for (const { id } of [alice, bob, carol]) repo.members.add(id);
  return {
    github,
    repo,
    acme,
    alice,
    bob,
    carol,
    api: (by, rest = {}) =>
      new GitHubApi({
        url: github.url,
        repo: 'acme/policies',
        token: github.token(by),
        clock: systemClock,
        ...rest,
      }),
    async [Symbol.asyncDispose]() {
      try {
        await github[Symbol.asyncDispose]();
      } finally {
        await dir[Symbol.asyncDispose]();
      }
    },
  };
}
