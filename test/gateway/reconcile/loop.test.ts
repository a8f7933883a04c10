import { expect, test } from 'vitest';
import { SourceError } from '../../../core/errors/sluice-error.ts';
import { ReconcileLoop, type RoundOutcome } from '../../../gateway/reconcile/loop.ts';
import { Conditions } from '../../../gateway/telemetry/conditions.ts';
import type { Logger } from '../../../gateway/telemetry/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const ready: RoundOutcome = { kind: 'ready', revision: 'r', message: 'fine' };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function start(round: (n: number) => Promise<RoundOutcome>) {
  const clock = new FakeClock();
  const conditions = new Conditions(clock);
  const rounds: number[] = [];
  const warned: unknown[] = [];
  const log = { warn: (_: string, fields: object) => warned.push(fields) } as unknown as Logger;
  const loop = new ReconcileLoop({
    clock,
    interval: 10_000,
    round: () => {
      rounds.push(clock.monotonic());
      return round(rounds.length);
    },
    conditions,
    log,
  });
  loop.start();
  return { clock, conditions, loop, rounds, warned };
}

test('a round at once, then one each interval, or soon after a wake; many wakes are one', async () => {
  const { clock, loop, rounds } = start(async () => ready);
  await turn();
  clock.advance(9999);
  await turn();
  expect(rounds).toEqual([0]);
  clock.advance(1);
  await turn();
  for (let i = 0; i < 50; i++) loop.wake();
  clock.advance(10);
  await turn();
  expect(rounds).toEqual([0, 10_000, 10_010]);
  await loop.stop();
});

test('woken during a round: another one follows', async () => {
  const gate = Promise.withResolvers<void>();
  const { clock, loop, rounds } = start(async (n) => {
    if (n === 1) await gate.promise;
    return ready;
  });
  await turn();
  loop.wake();
  clock.advance(10);
  gate.resolve();
  await turn();
  expect(rounds).toHaveLength(2);
  await loop.stop();
});

test('stopped during a round: it ends with the round, not with the nap after it', async () => {
  const gate = Promise.withResolvers<void>();
  const { loop, rounds } = start(async () => {
    await gate.promise;
    return ready;
  });
  await turn();
  const stopped = loop.stop();
  gate.resolve();
  await stopped;
  await loop.runNow();
  expect(rounds).toHaveLength(1);
});

test('failures back off and heal; what waits for a change is Stalled and counts as reached', async () => {
  const { clock, conditions, loop, rounds } = start(async (n) => {
    if (n <= 3) throw new SourceError('GitFailed', 'no remote', { retry: 'later' });
    if (n === 4) throw new SourceError('WrongGenesis', 'another repo', { retry: 'onChange' });
    return ready;
  });
  await turn();
  expect(conditions.get('Stalled')).toMatchObject({ status: 'Unknown', reason: 'GitFailed' });
  expect(loop.lastSuccess).toBeUndefined();
  for (const pause of [500, 1000, 2000]) {
    clock.advance(pause - 1);
    await turn();
    const before = rounds.length;
    clock.advance(1);
    await turn();
    expect(rounds.length).toBe(before + 1);
  }
  expect(conditions.get('Stalled')).toMatchObject({ status: 'True', reason: 'WrongGenesis' });
  expect(loop.lastSuccess).toBe(clock.now());
  await loop.runNow();
  expect(conditions.get('Ready')).toMatchObject({ status: 'True' });
  expect(conditions.get('Stalled')).toMatchObject({ status: 'False' });
  await loop.stop();
});

test('while a forge has not said all, the next round is soon, and a refused change stays in sight', async () => {
  const stalled = { kind: 'stalled', reason: 'UnreviewedCommit', message: 'refused; the forge says more' } as const;
  const { clock, conditions, loop, rounds, warned } = start(async (n) =>
    n === 1 ? { ...stalled, undecided: 'the forge says more' } : stalled,
  );
  await turn();
  expect(conditions.get('Stalled')).toMatchObject({ status: 'True', reason: 'UnreviewedCommit' });
  clock.advance(300);
  await turn();
  clock.advance(9999);
  await turn();
  expect(rounds).toEqual([0, 300]);
  expect(warned).toEqual([{ code: 'UnreviewedCommit', reason: 'refused; the forge says more' }]); // once
  await loop.stop();
});
