import { expect, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import type { GatewayStatus } from '../../core/model/admin-api.ts';
import { runSluice } from '../support/run-sluice.ts';
import { gatewayWorld, until } from './gateway-world.ts';

test.each([1, 2])(
  'a grant that waits for its first use begins when its subject logs in, with %i processes',
  async (workers) => {
    await using world = await gatewayWorld({ prefix: `first${workers}.`, spec: { workers, soleGateway: true } });
    const gateway = await world.start();
    const producer = (await world.client(gateway, 'shop-service')).producer();
    await producer.connect();
    await producer.send({ topic: world.topic, messages: [{ value: '{"order":1}' }] });
    const latest = new Date(systemClock.now() + 3_600_000).toISOString();
    const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '10m', '--reason', 'INC-1'];
    const asked = await world.cli('alice', 'access', 'request', ...wish, '--first-use-by', latest, '--format', 'json');
    const { name, uid } = JSON.parse(asked.stdout) as { name: string; uid: string };
    expect((await world.cli('bob', 'approval', 'sign', name, '--yes')).code).toBe(0);
    expect((await world.cli('bob', 'approval', 'merge', name)).code).toBe(0);
    const grant = async () => {
      const ran = await runSluice(['gateway', 'status', '--socket', gateway.addresses.admin, '--format', 'json']);
      return (JSON.parse(ran.stdout) as GatewayStatus).grants.find((one) => one.uid === uid);
    };
    await until(async () => (await grant())?.state ?? '', /Scheduled/);
    expect((await grant())?.start).toBeUndefined();

    const consumer = (await world.client(gateway, 'alice')).consumer({ groupId: 'alice.first' });
    await consumer.connect();
    await consumer.subscribe({ topic: world.topic, fromBeginning: true });
    const got = Promise.withResolvers<string>();
    await consumer.run({ eachMessage: async ({ message }) => got.resolve(String(message.value)) });
    expect(await got.promise).toBe('{"order":1}');
    const begun = (await grant())!;
    expect(begun.state).toBe('Active');
    expect(Date.parse(begun.end!) - Date.parse(begun.start!)).toBe(600_000);
    await consumer.disconnect();
    await producer.disconnect();
    expect(await gateway.stop()).toBe(0);
    const events = world.events();
    const first = events.findIndex(({ kind, subject }) => kind === 'admission' && subject === 'firstUse');
    expect(events[first]).toMatchObject({ uid, of: 'alice' });
    expect((await world.verify()).code).toBe(0);
  },
);
