import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { validateSimulateReport } from '../../core/schema/simulate-report.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { runSluice } from '../support/run-sluice.ts';
import { type GatewayWorld, gatewayWorld } from './gateway-world.ts';

const policy = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'sluice.dev/v1',
    kind: 'AccessPolicy',
    metadata: { name },
    spec: { mode: 'standing', operations: ['produce'], ...spec },
  });

async function produces(world: GatewayWorld, gateway: GatewayProcess, who: string, topic: string): Promise<string> {
  const producer = (await world.client(gateway, who)).producer({ retry: { retries: 0 } });
  try {
    await producer.connect();
    await producer.send({ topic, messages: [{ value: '{"order":1}' }] });
    return 'sent';
  } catch (error) {
    const text = String(error);
    return /not authorized to access topic/i.test(text) ? 'denied' : text;
  } finally {
    await producer.disconnect();
  }
}

test('conditions over claims and the address hold for real clients; what was recorded is asked again under other rules', async () => {
  const prefix = 'conditions.';
  await using world = await gatewayWorld({
    prefix,
    claims: { alice: { mfa: true, phone: 'canary-claim' }, mallory: { mfa: false } },
    policies: (files) => ({
      ...files,
      'policies/shop-writes.yaml': policy('shop-writes', {
        subjects: [{ identity: 'shop-service' }],
        streams: ['catalog'],
        when: 'inCidr(source.address, "127.0.0.0/8")',
      }),
      'policies/elsewhere.yaml': policy('elsewhere', {
        subjects: [{ identity: 'shop-service' }],
        streams: ['payments'],
        when: 'inCidr(source.address, "10.0.0.0/8")',
      }),
      'policies/with-mfa.yaml': policy('with-mfa', {
        subjects: [{ group: 'developers' }],
        streams: ['catalog'],
        when: 'claims.mfa == true',
      }),
    }),
  });
  const topic = `${prefix}catalog.items`;
  const at = world.admin.admin();
  await at.connect();
  await at.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await at.disconnect();
  const gateway = await world.start();
  expect(await produces(world, gateway, 'alice', topic)).toBe('sent');
  expect(await produces(world, gateway, 'mallory', topic)).toBe('denied');
  expect(await produces(world, gateway, 'shop-service', topic)).toBe('sent');
  expect(await produces(world, gateway, 'shop-service', world.topic)).toBe('denied');
  expect(await gateway.stop()).toBe(0);
  const denied = world.events().filter(({ kind }) => kind === 'deny');
  expect(denied.map(({ principal, code, rule }) => [principal, code, rule])).toEqual([
    ['mallory', 'ConditionNotMet', 'AccessPolicy/with-mfa'],
    ['shop-service', 'ConditionNotMet', 'AccessPolicy/elsewhere'],
  ]);
  expect(JSON.stringify(world.events()) + readFileSync(world.logFile, 'utf8')).not.toContain('canary-claim');

  const checkout = join(world.dir, 'checkout');
  execFileSync('git', ['clone', '-q', world.repo.url, checkout]);
  const key = join(world.gatewayDir, 'keys', 'recording.pem.vkey');
  const simulate = () =>
    runSluice(['simulate', checkout, '--from', world.recordings, '--key', key, '--format', 'json']);
  const same = await simulate();
  expect(same).toMatchObject({ stderr: '', code: 0 });
  expect(JSON.parse(same.stdout)).toMatchObject({ outcome: 'verified', differences: [] });
  writeFileSync(
    join(checkout, 'policies', 'shop-writes.yaml'),
    policy('shop-writes', {
      subjects: [{ identity: 'shop-service' }],
      streams: ['catalog'],
      when: 'inCidr(source.address, "192.0.2.0/24")',
    }),
  );
  const other = await simulate();
  expect(other.code).toBe(1);
  const report = JSON.parse(other.stdout);
  expect(validateSimulateReport(report)).toBe(true);
  expect(report).toMatchObject({ outcome: 'verified', unknownRevisions: [] });
  const told = report.differences.map((one: Record<string, unknown>) => [
    one['change'],
    one['principal'],
    one['streams'],
    one['why'],
  ]);
  expect(told).toContainEqual(['denied', 'shop-service', ['catalog'], 'ConditionNotMet']);
  // Her claims are not in the recording, but the condition is the one that they met.
  expect(told).toHaveLength(1);
});
