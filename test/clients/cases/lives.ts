import { expect } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import type { Body } from '../case-body.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const lifeCases: Readonly<Record<string, Body>> = {
  idle: async (world) => {
    const topic = await world.topic('open', 'idle');
    await world.broker.append(topic, ['first']);
    const login = await world.login();
    const fetches = async (): Promise<number> => (await world.counted('sluice_requests_total', 'api'))['Fetch'] ?? 0;
    const first = Promise.withResolvers<void>();
    const reading = world.read({ login, topics: [topic], records: 2 }, () => first.resolve());
    await Promise.race([first.promise, reading]);
    await pause(500);
    const before = await fetches();
    await pause(3000);
    const during = (await fetches()) - before;
    await world.broker.append(topic, ['last']);
    const { records, errors } = await reading;
    expect([records.map(({ value }) => value), errors]).toEqual([['first', 'last'], []]);
    // All are told to wait 500 ms; some have two fetches under way.
    expect(during).toBeGreaterThan(0);
    expect(during).toBeLessThan(16);
    return `${during} fetches in 3 s`;
  },

  revoked: async (world) => {
    const topic = await world.topic('live', 'stream');
    const login = await world.login('live');
    const first = Promise.withResolvers<void>();
    const cuts = async (): Promise<number> => (await world.counted('sluice_cuts_total', 'reason'))['revoked'] ?? 0;
    const before = await cuts();
    const reading = world.read({ login, topics: [topic], records: Number.MAX_SAFE_INTEGER, timeoutMs: 25_000 }, () =>
      first.resolve(),
    );
    let ended = false;
    const over = reading.finally(() => {
      ended = true;
    });
    for (let n = 0; n < 20; n++) await world.broker.append(topic, [`before ${n}`]);
    await Promise.race([first.promise, reading, pause(15_000)]);
    world.revoke();
    await expect.poll(cuts, { timeout: 10_000, interval: 50 }).toBeGreaterThan(before);
    const since = systemClock.monotonic();
    while (!ended && systemClock.monotonic() - since < 12_000) {
      await world.broker.append(topic, ['after']);
      await pause(100);
    }
    const { records, errors } = await over;
    const values = new Set(records.map(({ value }) => value));
    expect(values.has('before 0')).toBe(true);
    expect(values.has('after')).toBe(false);
    expect(['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED'].map(world.word)).toContain(errors[0]);
    return `${errors[0]} ${Math.round(systemClock.monotonic() - since)} ms after the cut`;
  },

  recreated: async (world) => {
    const topic = await world.topic('open', 'again');
    const login = await world.login();
    const first = Promise.withResolvers<void>();
    let ended = false;
    const reading = world
      .read({ login, topics: [topic], records: 2, tolerated: 100, timeoutMs: 25_000 }, () => first.resolve())
      .finally(() => {
        ended = true;
      });
    const write = async (value: string): Promise<string> =>
      (await world.client.run('produce', { login, records: [{ topic, value }] })).results[0]!;
    expect(await write('old')).toBe('NONE');
    await Promise.race([first.promise, reading]);
    await world.broker.delete(topic);
    await expect.poll(() => world.broker.topics()).not.toContain(topic);
    await world.broker.create(topic);
    await expect.poll(() => write('new'), { timeout: 10_000 }).toBe('NONE');
    const since = systemClock.monotonic();
    while (!ended) {
      await world.broker.append(topic, ['new']);
      await pause(200);
    }
    const { records, errors } = await reading;
    const said = `${errors.length} errors: ${[...new Set(errors)].join(', ')}`;
    expect(
      records.map(({ value }) => value),
      said,
    ).toEqual(['old', 'new', ...records.slice(2).map(() => 'new')]);
    return `the reader goes on ${Math.round(systemClock.monotonic() - since)} ms after the first write`;
  },
};
