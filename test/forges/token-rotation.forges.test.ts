import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, stateOf } from '../e2e/forge-story.ts';
import { gatewayWorld, until } from '../e2e/gateway-world.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { startGitea } from '../support/gitea/gitea.ts';
import { PullsOnGitea } from '../support/gitea/pulls-on-gitea.ts';
import { storyOnGitea } from '../support/gitea/story-on-gitea.ts';
import { startKafka } from '../support/kafka-broker.ts';
import { runSluice } from '../support/run-sluice.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

async function conditionOf(gateway: GatewayProcess, type: string): Promise<string> {
  const ran = await runSluice(['gateway', 'status', '--socket', gateway.addresses.admin, '--format', 'json']);
  const { conditions } = JSON.parse(ran.stdout) as { conditions: readonly Condition[] };
  const { status, reason } = conditions.find((condition) => condition.type === type)!;
  return `${status} ${reason}`;
}

test('the token of a gateway is rotated on Gitea, in the order of the guide and in the other, without a restart', async () => {
  await using gitea = await startGitea();
  await using kafka = await startKafka();
  const place = await storyOnGitea(gitea);
  await gitea.api(gitea.admin.token, 'PATCH', `/repos/${place.name}`, { private: true });
  // Gitea forgets who may only read when a repo becomes private, until their permission changes.
  for (const permission of ['write', 'read'] as const) {
    await gitea.addCollaborator(place.name, 'gateway', permission);
  }
  await using world = await gatewayWorld({ prefix: 'rotated.', forge: place, kafka });
  const pulls = new PullsOnGitea(gitea, place);
  const gateway = await world.start();
  const tokenFile = join(world.gatewayDir, 'forge-token');
  const shown = [place.gateway.token];
  const replace = async (): Promise<void> => {
    shown.push(await gitea.tokenFor('gateway', ['read:repository', 'read:issue']));
    writeFileSync(`${tokenFile}.new`, `${shown.at(-1)}\n`, { mode: 0o600 });
    renameSync(`${tokenFile}.new`, tokenFile);
  };
  const merged = async (who: string): Promise<string> => {
    const { name } = await ask(world, who);
    const number = await pulls.numberOf(name);
    await pulls.approve(number, place.users.bob.token);
    await pulls.merge(number, gitea.admin.token);
    return name;
  };
  const logged = (): string => readFileSync(world.logFile, 'utf8');
  const first = await merged('alice');
  await until(() => stateOf(gateway, first), /^Active/, 30_000);

  // As the guide says: no round notices.
  await replace();
  await gitea.deleteToken('gateway', shown[0]!);
  const second = await merged('alice');
  await until(() => stateOf(gateway, second), /^Active/, 30_000);
  expect(logged()).not.toContain('a round of reconciling failed');

  // The old one went first: nothing new is admitted, and it is said why, until the file has the new one.
  await gitea.deleteToken('gateway', shown[1]!);
  await until(() => conditionOf(gateway, 'Stalled'), /^Unknown ForgeDenied$/, 30_000);
  const third = await merged('mallory');
  writeFileSync(tokenFile, '');
  await until(() => conditionOf(gateway, 'SecretsReadable'), /^False SecretUnreadable$/, 70_000);
  expect(await stateOf(gateway, third)).toBe('');
  await replace();
  await runSluice(['gateway', 'reconcile', '--socket', gateway.addresses.admin]);
  await until(() => stateOf(gateway, third), /^Active/, 30_000);
  expect(await conditionOf(gateway, 'SecretsReadable')).toBe('True Read');
  expect(await stateOf(gateway, first)).toMatch(/^Active/);
  await gateway.stop();
  for (const token of shown) expect(logged()).not.toContain(token);
}, 240_000);
