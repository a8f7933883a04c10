import { expect } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import type { ClientWorld } from '../client-world.ts';

/** Does something, and says how long that took and how many requests the gateway got; more than `limit` is a storm. */
export async function requestsFewerThan(world: ClientWorld, limit: number, work: () => Promise<void>): Promise<string> {
  const total = async (): Promise<number> =>
    Object.values(await world.counted('sluice_requests_total', 'api')).reduce((sum, n) => sum + n, 0);
  const [before, since] = [await total(), systemClock.monotonic()];
  await work();
  const ms = Math.round(systemClock.monotonic() - since);
  const requests = (await total()) - before;
  expect(requests).toBeLessThan(limit);
  return `${ms} ms, ${requests} requests`;
}
