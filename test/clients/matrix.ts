/** Makes the tests of one client from the table of cases. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodies } from './bodies.ts';
import { type ClientId, cases, clients } from './cases.ts';
import { type ClientWorld, clientWorld } from './client-world.ts';
import type { Client } from './operations.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Where a result belongs in the table, and what it has to say besides. */
    matrix?: { client: ClientId; case: string; note?: string };
  }
}

/** `start` gets the address where tokens are to be had. */
export function matrix(id: ClientId, start: (tokenUrl: string) => Promise<Client>): void {
  let world: ClientWorld;
  let started: unknown;
  beforeAll(async () => {
    world = await clientWorld(id, start).catch((error: unknown) => {
      started = error;
      return undefined as never;
    });
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  describe(id, () => {
    test('is the version that the table names', async () => {
      if (started) throw started;
      expect((await world.client.run('version', {})).version).toBe(clients.find((one) => one.id === id)?.version);
    });

    for (const one of cases) {
      if (one.lacking?.[id]) continue;
      test(one.id, async ({ task }) => {
        task.meta.matrix = { client: id, case: one.id };
        if (started) throw started;
        const work = bodies[one.id]!(world);
        const red = one.red?.[id];
        if (red) {
          await expect(work, 'it is not red any more').rejects.toThrow(red.says);
          return;
        }
        const note = await work;
        if (note) task.meta.matrix.note = note;
      });
    }
  });
}
