import { expect, test } from 'vitest';
import { assertFewDebts, CleanUpDebts, mostDebts } from '../../../gateway/assemble/clean-up-debts.ts';
import { StateStore } from '../../../gateway/state/state-store.ts';
import { Conditions } from '../../../gateway/telemetry/conditions.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const commit = '1'.repeat(40);

test('debts are kept over a restart, shown, settled once, and too many of a cluster keep its new sessions out', async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  {
    await using state = await StateStore.open(dir.path, { repoId: commit, genesis: { commit } }, clock.now());
    const debts = new CleanUpDebts(state, new Conditions(clock), clock);
    for (let i = 0; i < mostDebts; i++) debts.add('main', `sluice-gw-1-${i}`);
    debts.add('main', 'sluice-gw-1-0');
    debts.add('other', 'sluice-gw-1-0');
    debts.add('main', 'gone-at-once');
    debts.settle('main', 'gone-at-once');
    await state.update((same) => same);
    expect(state.current.debts).toHaveLength(mostDebts + 1);
  }
  await using state = await StateStore.open(dir.path, { repoId: commit, genesis: { commit } }, clock.now());
  const conditions = new Conditions(clock);
  let told: ReadonlyMap<string, number> = new Map();
  const debts = new CleanUpDebts(state, conditions, clock, (counts) => {
    told = counts;
  });
  const assertFew = (cluster: string): void => assertFewDebts(cluster, told.get(cluster) ?? 0);
  expect(conditions.get('CleanUpPending')).toMatchObject({
    status: 'True',
    message: expect.stringContaining(`${mostDebts + 1}`),
  });
  expect(() => assertFew('other')).not.toThrow();
  expect(() => assertFew('main')).toThrow(expect.objectContaining({ code: 'BrokerRefused', retry: 'later' }));
  debts.settle('main', 'sluice-gw-1-3');
  debts.settle('main', 'nobody');
  await state.update((same) => same);
  expect(() => assertFew('main')).not.toThrow();
});
