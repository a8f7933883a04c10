import { expect } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import type { Body } from '../case-body.ts';
import type { ClientWorld } from '../client-world.ts';
import type { Login } from '../operations.ts';
import { shortLife } from '../policies.ts';

/** What a client says that may not log in, and how soon. */
async function refusal(world: ClientWorld, login: Login): Promise<string> {
  const since = systemClock.monotonic();
  const code = await world.client.run('topics', { login }).then(
    ({ topics }) => `let in, and shown ${topics.length} topics`,
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
  expect(systemClock.monotonic() - since).toBeLessThan(10_000);
  return code;
}

export const loginCases: Readonly<Record<string, Body>> = {
  oauthbearer: async (world) => {
    const topic = await world.topic('open', 'bearer');
    const login = world.bearer();
    const { results } = await world.client.run('produce', { login, records: [{ topic, value: 'x' }] });
    expect(results).toEqual(['NONE']);
    expect(await world.read({ login, topics: [topic], records: 1 })).toMatchObject({
      errors: [],
      records: [{ value: 'x' }],
    });
  },

  'bad-password': async (world) => {
    const login = { ...(await world.login()), password: 'wrong' };
    expect(await refusal(world, login)).toBe(world.word('SASL_AUTHENTICATION_FAILED'));
  },

  'bad-token': async (world) => {
    const { tokenUrl: _, clientSecret: __, ...login } = world.bearer();
    const forged = (await world.login()).password.replace(/[^.]*$/, (end) => end.replace(/./g, 'A'));
    expect(await refusal(world, { ...login, password: forged })).toBe(world.word('SASL_AUTHENTICATION_FAILED'));
  },

  scram: async (world) => {
    const login: Login = { ...(await world.login()), mechanism: 'SCRAM-SHA-512' };
    expect(await refusal(world, login)).toBe(world.word('UNSUPPORTED_SASL_MECHANISM'));
  },

  reauthentication: async (world) => {
    const topic = await world.topic('open', 'reauthentication');
    const login = world.bearer('short');
    const ms = (shortLife + 6) * 1000;
    const end = systemClock.monotonic() + ms;
    let last = '';
    const before = await world.counted('sluice_logins_total', 'outcome');
    const reading = world.read(
      { login, topics: [topic], records: Number.MAX_SAFE_INTEGER, timeoutMs: ms },
      ({ value }) => {
        last = value;
      },
    );
    let sent = 0;
    while (systemClock.monotonic() < end - 1500) {
      await world.broker.append(topic, [String(++sent)]);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const { records, errors } = await reading;
    expect(errors).toEqual([]);
    expect(last).toBe(String(sent));
    // From the first one on: where a reader begins is not the question here.
    const read = records.map(({ value }) => Number(value));
    expect(read[0]).toBeLessThan(sent / 2);
    expect(read).toEqual(Array.from({ length: sent + 1 - read[0]! }, (_, n) => read[0]! + n));
    const after = await world.counted('sluice_logins_total', 'outcome');
    return `${records.length} records, ${(after['ok'] ?? 0) - (before['ok'] ?? 0)} logins`;
  },
};
