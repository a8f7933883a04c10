import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { TrustRoot } from '../../../core/model/trust-root.ts';
import { adminApp } from '../../../gateway/api/admin-app.ts';
import { serveSocket } from '../../../gateway/api/serve.ts';
import { adminControls } from '../../support/admin-controls.ts';
import { runSluice } from '../../support/run-sluice.ts';
import { FollowedRepo, type Follower, live, outcomes } from './followed-repo.ts';

/** The admin API of one gateway, and the real binary on it. */
async function desk(repo: FollowedRepo, { round }: Follower) {
  const owners = {
    wish: round.owners.wish.bind(round.owners),
    sign: round.owners.sign.bind(round.owners),
  };
  const served = await serveSocket(adminApp(adminControls({ owners })), repo.dir.join('admin.sock'));
  const sluice = (...args: readonly string[]) =>
    runSluice(['gateway', ...args], { env: { HOME: repo.dir.join('home'), SLUICE_SOCKET: served.address } });
  return { sluice, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
}

/** Two owners, who both have to sign. */
function both(repo: FollowedRepo): Partial<TrustRoot> {
  const of = (name: string) => ({ name, key: repo.repo.keys[name]!.key, account: undefined });
  return { owners: [of('olga'), of('carol')], threshold: 2 };
}

const label = (yaml: string, value: string) =>
  yaml.replace('"name": "payments"', `"name": "payments", "labels": {"v": "${value}"}`);
const stream = 'streams/payments.yaml';

test('a change that was pushed past its owners is let in by the signatures of as many as it takes, and by nothing less', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow('gw', both(repo));
  await using gate = await desk(repo, gw);
  const { sluice } = gate;
  const key = (name: string) => ['--key', repo.repo.keys[name]!.file];
  await gw.round.run();
  const before = gw.snapshots.current!.revision;
  const nothing = await sluice('admit', before);
  expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('no change of the rules is refused')]);

  const text = repo.git('show', `main:${stream}`);
  const first = await repo.direct({ [stream]: label(text, 'one') }, 'olga');
  await gw.round.run();
  const second = await repo.direct({ [stream]: label(text, 'two') }, 'olga');
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled' });
  const early = await sluice('admit', first, ...key('olga'));
  expect([early.code, early.stderr]).toEqual([1, expect.stringContaining(`the newest is ${second}`)]);
  expect((await sluice('admit', before)).stderr).toContain('is not of those that wait');

  const shown = await sluice('admit', second.slice(0, 12));
  expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(second)]);
  writeFileSync(repo.dir.join('wish.json'), (await sluice('admit', second, '--format', 'json')).stdout);
  const alone = await sluice('admit', second, ...key('olga'));
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('1 of 2 owners signed it')]);
  const out = (name: string) => repo.dir.join(`${name}.json`);
  const elsewhere = await runSluice(
    ['gateway', 'admit', '--wish', repo.dir.join('wish.json'), ...key('carol'), '--out', out('carol')],
    { env: { HOME: repo.dir.join('home') } },
  );
  expect([elsewhere.code, elsewhere.stdout]).toEqual([0, expect.stringContaining('Signed:')]);
  const twice = await sluice('admit', second, '--signed', out('carol'), ...key('carol'));
  expect(twice.stderr).toContain('1 of 2 owners');
  const bob = await sluice('admit', second, '--signed', out('carol'), ...key('bob'));
  expect(bob.stderr).toContain('no owner of the trust root has this key');
  expect(gw.snapshots.current!.revision).toBe(before);
  // Signed for admitting, it is worth nothing for a baseline, nor with another commit in it.
  const other = await sluice('baseline', second, '--signed', out('carol'), ...key('olga'));
  expect(other.stderr).toContain('1 of 2 owners');
  const bent = JSON.parse(readFileSync(out('carol'), 'utf8')) as { text: string };
  writeFileSync(repo.dir.join('bent.json'), JSON.stringify({ ...bent, text: bent.text.replace(second, first) }));
  expect((await sluice('admit', second, '--signed', repo.dir.join('bent.json'), ...key('olga'))).code).toBe(1);

  const done = await sluice('admit', second, '--signed', out('carol'), ...key('olga'));
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('Done:')]);
  expect(gw.snapshots.current!.revision).toBe(second);
  expect(gw.events.at(-2)).toMatchObject({
    kind: 'admission',
    subject: 'admit',
    commit: second,
    approvedBy: ['carol', 'olga'],
  });
  expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
  const { uid } = await repo.grant(); // and everything goes on
  await gw.round.run();
  expect(live(gw)).toEqual([uid]);
});

test('a rewritten history is followed again from a baseline: revocations go on, and nothing comes back', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  await using gate = await desk(repo, gw);
  const { sluice } = gate;
  const olga = ['--key', repo.repo.keys['olga']!.file];
  const old = await repo.grant();
  await gw.round.run();
  await repo.done('bob', 'access', 'revoke', '--subject', 'mallory', '--reason', 'left');
  await gw.round.run();
  expect(live(gw)).toEqual([old.uid]);
  const { genesis } = repo.repo;
  await repo.tip();
  const fresh = await repo.commit({ 'README.md': 'begun anew\n' }, { parents: [genesis.commit] });
  await repo.push(fresh);
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'HistoryRewritten' });
  const off = await sluice('baseline', old.merge, ...olga);
  expect([off.code, off.stderr]).toEqual([1, expect.stringContaining("is not on 'main'")]);
  const kept = ['--signed', repo.dir.join('baseline.json')];
  await sluice('baseline', fresh, ...olga, '--out', repo.dir.join('baseline.json'));
  const done = await sluice('baseline', fresh, ...kept);
  expect([done.code, done.stderr]).toEqual([0, '']);
  expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
  expect(gw.state.current.tombstones.map(({ target }) => target)).toEqual([{ subject: 'mallory' }]);
  expect(live(gw)).toEqual([]); // its document is not there any more
  // The file from before, with the approval from before: its uid was used.
  const head = await repo.propose('again', { [old.file]: old.yaml });
  await repo.forge({ head, approvals: await repo.approvals({ merge: old.merge }) });
  await gw.round.run();
  expect(gw.state.current.refusals.at(-1)).toMatchObject({ uid: old.uid, refusal: 'UidReused' });
  const after = await repo.grant();
  await gw.round.run();
  expect(live(gw)).toEqual([after.uid]);
  // What was signed once does not take the gateway back there again.
  const replayed = await sluice('baseline', fresh, ...kept);
  expect([replayed.code, replayed.stderr]).toEqual([1, expect.stringContaining('0 of 1 owners')]);
  expect(gw.state.current.judgedCommit).not.toBe(fresh);
});

test('a gateway that lost its state judges nothing before a baseline, and then nothing twice', async () => {
  await using repo = await FollowedRepo.make();
  const { uid, name } = await repo.grant();
  const [waiting, early] = [await repo.ask('mallory'), await repo.ask('mallory')];
  await repo.done('bob', 'access', 'revoke', name, '--reason', 'enough');
  {
    await using first = await repo.follow();
    await first.round.run();
  }
  await repo.done('bob', 'approval', 'sign', early.name, '--yes');
  await rm(repo.dir.join('gw', 'state.json'));
  const follow = () => repo.follow('gw', {}, 0, true);
  await using gw = await follow();
  await using gate = await desk(repo, gw);
  expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'StateLost' });
  expect(gw.snapshots.current).toBeUndefined();
  const tip = await repo.tip();
  const done = await gate.sluice('baseline', tip, '--key', repo.repo.keys['olga']!.file);
  expect([done.code, done.stderr]).toEqual([0, '']);
  expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
  expect(gw.snapshots.current?.revision).toBe(tip);
  expect(gw.state.current.tombstones.map(({ target }) => target)).toEqual([{ grant: name }]);
  expect(live(gw)).toEqual([]);
  expect(gw.state.current.baseline?.uids).toEqual([uid]);
  await repo.done('bob', 'approval', 'sign', waiting.name, '--yes');
  await repo.merge(early.name);
  await repo.merge(waiting.name);
  await gw.round.run();
  expect(outcomes(gw)).toEqual({ [early.name]: 'ApprovalReplayed', [waiting.name]: 'admitted' });
  expect(live(gw)).toEqual([waiting.uid]);
});
