import { expect } from 'vitest';
import type { Body } from '../case-body.ts';
import type { ClientWorld } from '../client-world.ts';
import { requestsFewerThan } from './storm.ts';

async function member(world: ClientWorld, protocol: 'classic' | 'consumer' | 'share'): Promise<void> {
  const topic = await world.topic('open', `by-${protocol}`);
  const login = await world.login();
  const values = ['one', 'two', 'three'];
  const group = world.named('open', `group-${protocol}`);
  if (protocol === 'share') await world.broker.readFromTheStart(group);
  await world.broker.append(topic, values);
  const { records, errors } = await world.read({ login, topics: [topic], group, protocol, records: 3 });
  expect(errors).toEqual([]);
  const begins =
    protocol === 'share' ? `the group begins at ${await world.broker.shareStart(group, topic)}` : undefined;
  expect(records.map(({ value }) => value).toSorted(), begins).toEqual(values.toSorted());
}

async function counts(world: ClientWorld, protocol: 'classic' | 'streams'): Promise<void> {
  const applicationId = world.named('open', `app-${protocol}`);
  const [from, to] = [await world.topic('open', `words-${protocol}`), await world.topic('open', `counts-${protocol}`)];
  const login = await world.login();
  await world.broker.append(from, ['a', 'b', 'a']);
  await world.client.run('streams', { login, from, to, applicationId, protocol, records: 3 });
  const { records } = await world.read({ login, topics: [to], committed: true, records: 3 });
  expect(records.map(({ value }) => value).toSorted()).toEqual(['a=1', 'a=2', 'b=1']);
}

export const groupCases: Readonly<Record<string, Body>> = {
  group: (world) => member(world, 'classic'),
  'group-848': (world) => member(world, 'consumer'),
  'group-share': (world) => member(world, 'share'),
  'streams-classic': (world) => counts(world, 'classic'),
  'streams-streams': (world) => counts(world, 'streams'),

  'group-denied': async (world) => {
    const topic = await world.topic('open', 'not-this-group');
    await world.broker.append(topic, ['x']);
    const login = await world.login();
    return await requestsFewerThan(world, 40, async () => {
      const { records, errors } = await world.read({
        login,
        topics: [topic],
        group: world.named('secret', 'group'),
        records: 1,
        timeoutMs: 10_000,
      });
      expect([records, errors]).toEqual([[], [world.word('GROUP_AUTHORIZATION_FAILED')]]);
    });
  },
};
