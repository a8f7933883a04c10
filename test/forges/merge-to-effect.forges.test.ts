import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import { readGiteaWebhook } from '../../core/forge/gitea/gitea-webhook.ts';
import { serveTcp } from '../../gateway/api/serve.ts';
import { addWebhook } from '../../gateway/api/webhook.ts';
import { ReconcileLoop } from '../../gateway/reconcile/loop.ts';
import { Conditions } from '../../gateway/telemetry/conditions.ts';
import { createLogger } from '../../gateway/telemetry/logger.ts';
import { giteaUnderTest } from '../contract/forge/gitea-under-test.ts';
import { HostedWorld } from '../contract/forge/hosted-world.ts';
import { type Gitea, startGitea } from '../support/gitea/gitea.ts';
import { tempDir } from '../support/temp-dir.ts';

/** More say more about the slowest: `SLUICE_MERGES=100`. Some three seconds each. */
const merges = Number(process.env['SLUICE_MERGES'] ?? 20);
let gitea: Gitea;

beforeAll(async () => {
  gitea = await startGitea();
});
afterAll(async () => await gitea?.[Symbol.asyncDispose]());

test('a merge takes effect when the webhook comes, long before the next poll', async ({ annotate }) => {
  const forge = await giteaUnderTest(gitea, 1);
  await using there = await HostedWorld.make(forge, await tempDir(), (files) => ({
    ...files,
    'policies/payments-debug.yaml': files['policies/payments-debug.yaml']!.replace(/("?maxActive"?): ?2/, '$1: 1000'),
  }));
  await using gateway = await there.follow();
  const loop = new ReconcileLoop({
    clock: systemClock,
    interval: 600_000,
    round: () => gateway.round.run(),
    conditions: new Conditions(systemClock),
    log: createLogger('error', 'merge-to-effect'),
  });
  loop.start();
  await loop.runNow();
  const app = new Hono();
  const secret = 'only-for-loopback';
  addWebhook(app, {
    kind: 'gitea',
    read: readGiteaWebhook,
    secrets: async () => [secret],
    repoId: String(forge.repoId),
    wake: () => loop.wake(),
    count: () => undefined,
  });
  await using served = await serveTcp(app, { host: '127.0.0.1', port: 0, tls: undefined, onReload: () => undefined });
  await gitea.addWebhook(forge.repo, { url: `${served.address}/webhook/gitea`, secret });
  const took: number[] = [];
  try {
    for (let i = 0; i < merges; i++) {
      const asked = await there.ask();
      await there.approve('bob', asked.pull);
      await there.forge.mergeAs('bob', asked.pull.number, 'merge');
      const merged = systemClock.monotonic();
      await expect
        .poll(() => gateway.snapshots.current?.grants.has(asked.uid), { timeout: 30_000, interval: 5 })
        .toBe(true);
      took.push(systemClock.monotonic() - merged);
    }
  } finally {
    await loop.stop();
  }
  took.sort((a, b) => a - b);
  const [p50, p99, most] = [took[merges >> 1]!, took[Math.ceil(merges * 0.99) - 1]!, took.at(-1)!].map(Math.round);
  await annotate(`merge to effect over ${merges} merges: p50 ${p50} ms, p99 ${p99} ms, most ${most} ms`);
  expect(took.at(-1)).toBeLessThan(30_000);
}, 900_000);
