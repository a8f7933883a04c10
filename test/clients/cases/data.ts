import { expect } from 'vitest';
import type { Body } from '../case-body.ts';
import type { ClientWorld } from '../client-world.ts';
import { type Codec, codecs, type Login } from '../operations.ts';

const card = '4111 1111 1111 1111';
const ssn = '219-12-3456';
// Long and alike, so that no client finds compression not worth it.
const valuesOf = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n} ${'sluice '.repeat(60)}`);

/** Writes and reads; returns what was read. */
async function roundTrip(world: ClientWorld, login: Login, topic: string, codec: Codec): Promise<void> {
  const values = valuesOf(5);
  const { results } = await world.client.run('produce', {
    login,
    codec,
    records: values.map((value) => ({ topic, value })),
  });
  expect(results).toEqual(values.map(() => 'NONE'));
  const read = await world.read({ login, topics: [topic], records: values.length });
  expect(read.errors).toEqual([]);
  expect(read.records).toEqual(values.map((value) => ({ topic, value })));
}

/** Two transactions that are committed around one that is not, each of a producer of its own. */
async function transactions(world: ClientWorld, login: Login, topic: string): Promise<void> {
  const transactionalId = world.named('open', 'tx');
  const write = (value: string, abort: boolean) =>
    world.client.run('produce', { login, transactionalId, abort, records: [{ topic, value }] });
  expect(await write('one', false)).toEqual({ results: ['NONE'] });
  await write('never', true);
  expect(await write('two', false)).toEqual({ results: ['NONE'] });
  const { records, errors } = await world.read({
    login,
    topics: [topic],
    committed: true,
    records: 2,
    timeoutMs: 8000,
  });
  expect(errors).toEqual([]);
  expect(records.map(({ value }) => value)).toEqual(['one', 'two']);
}

async function versionsOf(world: ClientWorld): Promise<Readonly<Record<string, number>>> {
  return (await world.client.run('versions', {})).versions;
}

export const dataCases: Readonly<Record<string, Body>> = {
  ...Object.fromEntries(
    codecs.map((codec, number): [string, Body] => [
      `codec-${codec}`,
      async (world) => {
        const topic = await world.topic('open', codec);
        await roundTrip(world, await world.login(), topic, codec);
        expect(new Set(await world.broker.codecs(topic))).toEqual(new Set([number]));
      },
    ]),
  ),

  tls: async (world) => roundTrip(world, await world.tls(), await world.topic('open', 'tls'), 'none'),

  idempotent: async (world) => {
    const topic = await world.topic('open', 'idempotent');
    const login = await world.login();
    const { results } = await world.client.run('produce', {
      login,
      idempotent: true,
      records: [{ topic, value: 'x' }],
    });
    expect(results).toEqual(['NONE']);
    expect(await world.broker.producerIds(topic)).toEqual([expect.not.stringMatching(/^-1$/)]);
  },

  transactions: async (world) => {
    const topic = await world.topic('open', 'transactions');
    await transactions(world, await world.login(), topic);
    // Java alone adds partitions by writing to them.
    if (world.id === 'java') expect(await versionsOf(world)).not.toHaveProperty('AddPartitionsToTxn');
  },

  'transactions-old': async (world) => {
    const topic = world.named('open', 'transactions');
    await world.oldBroker.create(topic);
    await transactions(world, await world.old(), topic);
    if (world.id === 'java') expect(await versionsOf(world)).toHaveProperty('AddPartitionsToTxn');
  },

  'exactly-once': async (world) => {
    const [from, to] = [await world.topic('open', 'source'), await world.topic('open', 'sink')];
    const values = Array.from({ length: 12 }, (_, n) => `m${n}`);
    await world.broker.append(from, values);
    const login = await world.login();
    const group = world.named('open', 'pipe');
    await world.client.run('pipe', { login, from, to, group, transactionalId: group, records: values.length });
    const read = await world.read({ login, topics: [to], committed: true, records: values.length });
    expect(read.records.map(({ value }) => value)).toEqual(values.map((value) => `did ${value}`));
    await expect.poll(() => world.broker.committed(group, from), { timeout: 5000 }).toBe(values.length);
  },

  masked: async (world) => {
    const login = await world.login();
    for (const codec of codecs) {
      const topic = await world.topic('masked', codec);
      const value = (n: number): string => JSON.stringify({ n, card, person: { ssn }, rest: 'sluice '.repeat(60) });
      await world.broker.append(topic, [value(1), value(2)], codec);
      await world.broker.append(topic, [value(3)], codec);
      const { records, errors } = await world.read({ login, topics: [topic], records: 3 });
      expect([codec, errors]).toEqual([codec, []]);
      expect(records.map((record) => JSON.parse(record.value).n)).toEqual([1, 2, 3]);
      const text = JSON.stringify(records);
      expect(text).not.toContain(card);
      expect(text).not.toContain(ssn);
    }
  },

  'topic-ids': async (world) => {
    const topic = await world.topic('open', 'ids');
    await roundTrip(world, await world.login(), topic, 'none');
    expect(await versionsOf(world)).toMatchObject({ Produce: 13, Fetch: 18 });
  },
};
