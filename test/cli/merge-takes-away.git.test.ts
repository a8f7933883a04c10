/** A request that only takes access away: as a forge with a protected branch has it, since nothing is pushed there. */
import { expect, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import { decide } from '../../core/policy/decide.ts';
import { FollowedRepo, type Follower } from '../gateway/reconcile/followed-repo.ts';

const revocation = (name: string, target: object): Record<string, string> => ({
  [`revocations/${name}.yaml`]: JSON.stringify({
    apiVersion: 'sluice.dev/v1',
    kind: 'Revocation',
    metadata: { name },
    spec: { ...target, reason: 'over' },
  }),
});

/** What the gateway says of alice and payments. */
function effect(gw: Follower): string {
  const alice = { identity: 'alice', issuer: 'https://idp.example', subject: 'alice', claimGroups: [] };
  const topic = { cluster: 'main', kind: 'topic', name: 'payments' } as const;
  return decide(gw.snapshots.current!, alice as never, 'consume', topic, systemClock.now()).effect;
}

test('what only takes access away is merged without any signature, says so, and is in force', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const [revoked, removed] = [await repo.grant(), await repo.grant()];
  await gw.round.run();
  expect(effect(gw)).toBe('allow');
  await repo.propose('end', { ...revocation('end', { grant: revoked.name }), [removed.file]: undefined });
  for (const verdict of ['sign', 'reject']) {
    const { code, stdout, stderr } = await repo.as('bob', 'approval', verdict, 'end', '--yes');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      "error: request 'end' has nothing to be signed\n  why:  it only takes access away, and that needs no approval\n  fix:  sluice approval merge end is enough to put it in force\n  code: BadUsage\n",
    );
  }
  expect(await repo.as('carol', 'approval', 'merge', 'end')).toEqual({
    code: 0,
    stdout: `Merged: end as ${(await repo.tip()).slice(0, 12)}\nIt only takes access away, which needs no approval: each gateway applies it as soon as it has fetched it.\n`,
    stderr: '',
  });
  await gw.round.run();
  expect(effect(gw)).toBe('deny');
  for (const { name } of [revoked, removed]) {
    expect((await repo.as('alice', 'access', 'status', name)).stdout).toMatch(/^Revoked /);
  }
}, 60_000);

test('beside a grant, a word or the end of a revocation it takes away not only, and is looked at as before', async () => {
  await using repo = await FollowedRepo.make();
  const { name, file } = await repo.ask();
  const grant = { [file]: await repo.text(file, await repo.head(name)) };
  await repo.direct(revocation('old', { subject: 'mallory' }));
  const more = revocation('more', { subject: 'alice' });
  await repo.propose('with-a-grant', { ...more, ...grant });
  await repo.propose('with-a-word', { ...more, 'README.md': 'and more\n' });
  await repo.propose('lifts', { ...more, 'revocations/old.yaml': undefined });
  for (const request of ['with-a-grant', 'with-a-word', 'lifts']) {
    expect((await repo.as('bob', 'approval', 'sign', request, '--yes')).stderr).toBe('');
    expect(await repo.done('bob', 'approval', 'merge', request)).not.toContain('takes access away');
  }
  await repo.push(await repo.commit({}, { by: 'alice', message: 'nothing' }), 'refs/heads/request/nothing');
  const { code, stderr } = await repo.as('bob', 'approval', 'merge', 'nothing');
  expect([code, stderr]).toEqual([2, expect.stringContaining('it changes nothing')]);
}, 60_000);
