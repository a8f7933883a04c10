import { test } from 'vitest';
import { playOnForge } from '../e2e/forge-story.ts';
import { gatewayWorld } from '../e2e/gateway-world.ts';
import { startGitea } from '../support/gitea/gitea.ts';
import { PullsOnGitea } from '../support/gitea/pulls-on-gitea.ts';
import { storyOnGitea } from '../support/gitea/story-on-gitea.ts';
import { startKafka } from '../support/kafka-broker.ts';

test('a pull request on Gitea becomes masked reads, and a revocation ends them', async () => {
  await using gitea = await startGitea();
  await using kafka = await startKafka();
  const made = await storyOnGitea(gitea);
  // Tokens that may do what the guide says, and no more.
  const people = await Promise.all(
    Object.entries(made.users).map(async ([name, { id, login }]) => {
      const token = await gitea.tokenFor(login, ['write:repository', 'write:issue', 'read:user']);
      return [name, { id, token }] as const;
    }),
  );
  const place = { ...made, people: Object.fromEntries(people) };
  await using world = await gatewayWorld({ prefix: 'on-gitea.', forge: place, pollInterval: 'PT10M', kafka });
  await gitea.protectBranch(place.name, { approvals: 1, dismissStale: true, openFiles: 'revocations/**' });
  const pulls = new PullsOnGitea(gitea, place);
  await playOnForge(world, {
    webhooksTo: (url) => gitea.addWebhook(place.name, { url: `${url}/webhook/gitea`, secret: place.webhookSecret }),
    approve: async (by, request) => pulls.approve(await pulls.numberOf(request), place.users[by].token),
    merge: async (request) => pulls.merge(await pulls.numberOf(request), gitea.admin.token, { force_merge: true }),
  });
}, 240_000);
