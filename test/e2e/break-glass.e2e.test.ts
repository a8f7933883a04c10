import { expect, test } from 'vitest';
import type { GatewayStatus } from '../../core/model/admin-api.ts';
import { runSluice } from '../support/run-sluice.ts';
import { gatewayWorld, until } from './gateway-world.ts';

test('an emergency: signed and pushed, read masked a moment later, told, and reviewed by its merge', async () => {
  const breakGlass = { maxDuration: 'PT30M', notify: ['payments-leads'], reviewWithin: 'P1D' };
  await using world = await gatewayWorld({
    prefix: 'glass.',
    policies(files) {
      const document = JSON.parse(files['policies/payments-debug.yaml']!) as { spec: object };
      const spec = { ...document.spec, breakGlass };
      return { ...files, 'policies/payments-debug.yaml': JSON.stringify({ ...document, spec }) };
    },
  });
  const gateway = await world.start();
  const status = async (): Promise<GatewayStatus> => {
    const ran = await runSluice(['gateway', 'status', '--socket', gateway.addresses.admin, '--format', 'json']);
    return JSON.parse(ran.stdout) as GatewayStatus;
  };
  const condition = async () => {
    const found = (await status()).conditions.find(({ type }) => type === 'EmergencyAccess');
    return `${found?.status} ${found?.reason} ${found?.message}`;
  };
  expect(await condition()).toContain('False None');
  const producer = (await world.client(gateway, 'shop-service')).producer();
  await producer.connect();
  await producer.send({ topic: world.topic, messages: [{ value: '{"order":1,"ssn":"078-05-1120"}' }] });
  await producer.disconnect();

  const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '20m', '--reason', 'INC-1'];
  const asked = await world.cli('alice', 'access', 'break-glass', ...wish, '--format', 'json');
  expect(asked.code).toBe(0);
  const { name, uid } = JSON.parse(asked.stdout) as { name: string; uid: string };
  await until(condition, /True InUse/);
  expect(await condition()).toMatch(new RegExp(`${name}: alice under payments-debug .*; tell payments-leads`));
  const consumer = (await world.client(gateway, 'alice')).consumer({ groupId: 'alice.glass' });
  await consumer.connect();
  await consumer.subscribe({ topic: world.topic, fromBeginning: true });
  const got = Promise.withResolvers<string>();
  await consumer.run({ eachMessage: async ({ message }) => got.resolve(String(message.value)) });
  expect(await got.promise).toContain('"order":1');
  expect(await got.promise).not.toContain('078-05-1120');
  await consumer.disconnect();

  expect((await world.cli('bob', 'approval', 'sign', name, '--yes')).code).toBe(0);
  expect((await world.cli('bob', 'approval', 'merge', name)).code).toBe(0);
  await until(condition, /False None/);
  expect((await status()).grants.find((grant) => grant.uid === uid)?.state).toBe('Active');
  expect(await gateway.stop()).toBe(0);
  const events = world.events();
  const told = events.findIndex(({ subject }) => subject === 'breakGlass');
  const read = events.findIndex(({ kind, grant }) => kind === 'fetch_done' && grant === uid);
  expect(events[told]).toMatchObject({ of: 'alice', notify: ['payments-leads'], admitted: true });
  expect(told).toBeGreaterThan(-1);
  expect(read).toBeGreaterThan(told);
  expect(events).toContainEqual(expect.objectContaining({ subject: 'review', admitted: true, approvedBy: ['bob'] }));
});
