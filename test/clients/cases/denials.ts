import { expect } from 'vitest';
import type { Body } from '../case-body.ts';
import { requestsFewerThan } from './storm.ts';

const denied = 'TOPIC_AUTHORIZATION_FAILED';

export const denialCases: Readonly<Record<string, Body>> = {
  'produce-denied': async (world) => {
    const topic = await world.topic('seen', 'no-write');
    const login = await world.login();
    const said = await requestsFewerThan(world, 20, async () => {
      const { results } = await world.client.run('produce', { login, records: [{ topic, value: 'x' }] });
      expect(results).toEqual([denied]);
    });
    expect(await world.broker.codecs(topic)).toEqual([]);
    return said;
  },

  'produce-mixed': async (world) => {
    const [open, seen] = [await world.topic('open', 'mixed'), await world.topic('seen', 'mixed')];
    const login = await world.login();
    const records = [open, seen].map((topic) => ({ topic, value: 'x' }));
    const { results } = await world.client.run('produce', { login, records });
    expect(results).toEqual(['NONE', denied]);
    expect(await world.broker.codecs(open)).toHaveLength(1);
    expect(await world.broker.codecs(seen)).toEqual([]);
  },

  'produce-acks0-denied': async (world) => {
    const topic = await world.topic('seen', 'acks0');
    const login = await world.login();
    const closed = async (): Promise<number> => (await world.counted('sluice_requests_total', 'outcome'))['close'] ?? 0;
    const before = await closed();
    await world.client.run('produce', { login, acks: 0, records: [{ topic, value: 'x' }] }).catch(() => undefined);
    await expect.poll(closed, { timeout: 5000 }).toBeGreaterThan(before);
    expect(await world.broker.codecs(topic)).toEqual([]);
  },

  'no-auto-create': async (world) => {
    const topic = world.named('secret', 'never-made');
    const login = await world.login();
    const { results } = await world.client.run('produce', { login, records: [{ topic, value: 'x' }] });
    expect(results).toEqual([denied]);
    expect(await world.broker.topics()).not.toContain(topic);
  },

  'read-denied': async (world) => {
    const topic = await world.topic('seen', 'no-read');
    await world.broker.append(topic, ['not for you']);
    const login = await world.login();
    return await requestsFewerThan(world, 40, async () => {
      const { records, errors } = await world.read({ login, topics: [topic], records: 1, timeoutMs: 10_000 });
      expect([records, errors[0]]).toEqual([[], denied]);
    });
  },

  'read-mixed': async (world) => {
    const [open, seen] = [await world.topic('open', 'beside'), await world.topic('seen', 'beside')];
    await world.broker.append(open, ['one', 'two']);
    await world.broker.append(seen, ['not for you']);
    const login = await world.login();
    const { records, errors } = await world.read({
      login,
      topics: [open, seen],
      records: 2,
      errors: 1,
      timeoutMs: 10_000,
    });
    expect(new Set(errors)).toEqual(new Set([denied]));
    expect(records.map(({ value }) => value)).toEqual(['one', 'two']);
  },
};
