import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { BugError } from '../core/errors/sluice-error.ts';
import { isGiteaBuilt } from '../test/support/gitea/build-gitea.ts';
import { startGitea } from '../test/support/gitea/gitea.ts';
import { PullsOnGitea } from '../test/support/gitea/pulls-on-gitea.ts';
import { storyOnGitea } from '../test/support/gitea/story-on-gitea.ts';
import { policiesOnForge } from '../test/support/policies-on-forge.ts';
import type { storyPolicies } from '../test/support/story-policies.ts';
import type { Narrator } from './narrator.ts';
import { People } from './people.ts';
import type { StoryForge } from './story-forge.ts';

/** A real Gitea: requests are pull requests, approvals are reviews, its main branch is protected. */
export async function onGitea(
  dir: string,
  policies: ReturnType<typeof storyPolicies>,
  { stack, narrator }: { readonly stack: AsyncDisposableStack; readonly narrator: Narrator },
): Promise<StoryForge> {
  narrator.note(
    isGiteaBuilt()
      ? 'starting Gitea'
      : 'building Gitea from its Go module, once: five to seven minutes (needs Go 1.26 and a C compiler)',
  );
  const server = stack.use(await startGitea());
  const place = await storyOnGitea(server);
  const repo = await policiesOnForge(dir, place, policies);
  await server.protectBranch(place.name, { approvals: 1, dismissStale: true, openFiles: 'revocations/**' });
  narrator.good(`a real Gitea answers at ${server.url}; the policy repo is ${place.name}, repo number ${place.id}`);
  narrator.good('its branch main is protected: nobody pushes but revocations, and a merge needs an approval');
  const people = new People(dir, repo);
  const pulls = new PullsOnGitea(server, place);
  return {
    repo,
    pollInterval: 'PT10M',
    async webhooksTo(gateway) {
      await server.addWebhook(place.name, { url: `${gateway}/webhook/gitea`, secret: place.webhookSecret });
      narrator.good('Gitea posts signed webhooks to the gateway, which looks by itself every ten minutes only');
    },
    shortcut: 'Mallory cannot approve her own pull request, so she talks an administrator into merging it',
    async takeShortcut(request) {
      narrator.command('mallory', `sluice approval sign ${request}`);
      const refused = await people.tryTo('mallory', ['approval', 'sign', request, '--yes']);
      if (refused.code === 0) throw new BugError('Gitea let mallory approve her own pull request');
      narrator.output(refused.stderr);
      await pulls.merge(await pulls.numberOf(request), server.admin.token, { force_merge: true });
      narrator.note('the administrator merges it past the protection of the branch: Gitea says merged');
    },
    async approveAndMerge(request) {
      const number = await pulls.numberOf(request);
      await pulls.approve(number, place.users.carol.token);
      await pulls.merge(number, place.users.carol.token);
      narrator.note(`carol approves and merges pull request #${number} in Gitea itself, without Sluice's CLI`);
    },
    async leave() {
      const copy = join(dir, 'policies.git');
      execFileSync('git', ['clone', '-q', '--bare', repo.url, copy]);
      return copy;
    },
  };
}
