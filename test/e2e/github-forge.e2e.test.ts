import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startGitHub } from '../support/github/github-emulator.ts';
import { storyOnGitHub } from '../support/github/story-on-github.ts';
import type { GhPull } from '../support/github/world.ts';
import { tempDir } from '../support/temp-dir.ts';
import { playOnForge } from './forge-story.ts';
import { gatewayWorld } from './gateway-world.ts';

test('a pull request on an Enterprise Server becomes masked reads, and a revocation ends them', async () => {
  await using dir = await tempDir();
  await using github = await startGitHub({ dir: dir.path, base: '/api/v3' });
  const place = await storyOnGitHub(github);
  await using world = await gatewayWorld({ prefix: 'on-github.', forge: place, pollInterval: 'PT10M' });
  const pullOf = (request: string): GhPull =>
    [...place.repo.pulls.values()].find(({ headRef }) => headRef === `request/${request}`)!;
  await playOnForge(world, {
    async webhooksTo(url) {
      place.repo.hooks.push({ url: `${url}/webhook/github`, secret: place.webhookSecret });
    },
    async approve(by, request) {
      github.review(place.repo, pullOf(request), place.accounts[by]);
    },
    async merge(request) {
      await github.merge(place.repo, pullOf(request), place.accounts.bob, 'squash');
    },
  });
  await github.settled();
  // Git came with the app's token: it is shown the private repo by nothing else.
  const tokens = github.apps.tokens(place.gateway.installationId);
  expect(tokens).toHaveLength(1);
  for (const token of tokens) expect(readFileSync(world.logFile, 'utf8')).not.toContain(token);
  expect(github.deliveries.filter(({ status }) => status !== undefined && status >= 300)).toEqual([]);
}, 180_000);
