import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { ReconcileLoop } from '../../../gateway/reconcile/loop.ts';
import { watchLocalRemote } from '../../../gateway/reconcile/wake.ts';
import { StateStore } from '../../../gateway/state/state-store.ts';
import { Conditions } from '../../../gateway/telemetry/conditions.ts';
import type { Logger } from '../../../gateway/telemetry/logger.ts';
import { FollowedRepo, live } from './followed-repo.ts';

test('the branch is gone, the remote is gone: the last good state stays, and goes on when they are back', async () => {
  await using repo = await FollowedRepo.make();
  const { uid } = await repo.grant();
  const tip = await repo.tip();
  {
    await using gw = await repo.follow();
    await gw.round.run();
    repo.git('update-ref', '-d', 'refs/heads/main');
    expect(await gw.round.run()).toMatchObject({ kind: 'stalled', reason: 'BranchGone' });
    expect(live(gw)).toEqual([uid]);
    await repo.push(tip);
    expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
    renameSync(repo.repo.url, `${repo.repo.url}.away`);
    await expect(gw.round.run()).rejects.toMatchObject({ code: 'GitFailed', retry: 'later' });
    expect(live(gw)).toEqual([uid]);
  }
  // Started while the remote is away: what was admitted holds.
  await using gw = await repo.follow();
  await expect(gw.round.run()).rejects.toMatchObject({ code: 'GitFailed' });
  expect(live(gw)).toEqual([uid]);
  renameSync(`${repo.repo.url}.away`, repo.repo.url);
  expect(await gw.round.run()).toMatchObject({ kind: 'ready', revision: tip });
});

test('an empty remote, another repo, another genesis tree: nothing is enforced', async () => {
  await using repo = await FollowedRepo.make();
  await using other = await FollowedRepo.make((files) => ({ ...files, 'README.md': 'another repo\n' }));
  await using wrong = await repo.follow('wrong', { genesis: other.repo.genesis, repoId: other.repo.genesis.commit });
  await expect(wrong.round.run()).rejects.toMatchObject({ code: 'WrongGenesis', retry: 'onChange' });
  expect(wrong.snapshots.current).toBeUndefined();
  const tree = other.repo.genesis.tree;
  await using bent = await repo.follow('bent', { genesis: { commit: repo.repo.genesis.commit, tree } });
  await expect(bent.round.run()).rejects.toMatchObject({
    code: 'WrongGenesis',
    why: expect.stringContaining(repo.repo.genesis.tree),
  });
  expect(bent.snapshots.current).toBeUndefined();
  repo.git('update-ref', '-d', 'refs/heads/main');
  await using late = await repo.follow('late');
  expect(await late.round.run()).toMatchObject({ kind: 'stalled', reason: 'BranchGone' });
  expect(late.snapshots.current).toBeUndefined();
});

test('state of another repo, damaged or cut state: refused, never taken for a gateway that forgot', async () => {
  await using repo = await FollowedRepo.make();
  await (await repo.follow())[Symbol.asyncDispose]();
  const file = repo.dir.join('gw', 'state.json');
  const good = readFileSync(file, 'utf8');
  const open = (repoId: string) =>
    StateStore.open(repo.dir.join('gw'), { repoId, genesis: { commit: repoId } }, systemClock.now());
  await expect(open('2'.repeat(40))).rejects.toMatchObject({
    code: 'StateUnusable',
    why: expect.stringContaining('belongs to the repo'),
  });
  for (const text of [
    '',
    '{}',
    '[]',
    'null',
    good.slice(0, good.length / 2),
    good.replace('"grants": {}', '"grants": []'),
    good.replace('"version": 1', '"version": 2'),
  ]) {
    expect(text).not.toBe(good);
    writeFileSync(file, text);
    await expect(open(repo.repo.genesis.commit), text).rejects.toMatchObject({ code: 'StateUnusable' });
  }
  writeFileSync(file, good);
  await (await open(repo.repo.genesis.commit))[Symbol.asyncDispose]();
});

test('replace refs of the remote are not followed; those of the clone are refused', async () => {
  await using repo = await FollowedRepo.make();
  const { uid, merge, name } = await repo
    .ask()
    .then(async (asked) => ({ ...asked, merge: await repo.direct({ [asked.file]: asked.yaml }) }));
  const decoy = await repo.commit({}, { parents: [merge], message: 'decoy' });
  await repo.push(decoy, `refs/replace/${merge}`);
  await using gw = await repo.follow();
  await gw.round.run();
  expect(gw.state.current.refusals).toMatchObject([{ name, uid, refusal: 'DirectPush' }]);
  mkdirSync(repo.dir.join('gw', 'clone', 'refs', 'replace'));
  await expect(gw.round.run()).rejects.toMatchObject({ code: 'RepoUnsafe' });
});

test('a merge into a local remote is admitted at once: the watch wakes the loop', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  let rounds = 0;
  const log = { warn: () => {}, info: () => {}, error: () => {} } as unknown as Logger;
  const loop = new ReconcileLoop({
    clock: systemClock,
    interval: 3_600_000,
    round: () => {
      rounds++;
      return gw.round.run();
    },
    conditions: new Conditions(systemClock),
    log,
  });
  loop.start();
  await using _watch = watchLocalRemote(repo.repo.url, () => loop.wake());
  await loop.runNow();
  const asked = await repo.ask();
  await repo.done('bob', 'approval', 'sign', asked.name, '--yes');
  const id = await repo.forge({
    head: await repo.head(asked.name),
    approvals: await repo.approvals({ request: asked.name }),
    push: false,
  });
  await loop.runNow();
  const before = rounds;
  const swapped = new Promise<number>((resolve) => gw.snapshots.subscribe(() => resolve(systemClock.monotonic())));
  const pushed = await repo.push(id).then(() => systemClock.monotonic());
  const took = (await swapped) - pushed;
  expect(live(gw)).toEqual([asked.uid]);
  expect(rounds).toBeGreaterThan(before);
  expect(took).toBeLessThan(2000); // about 200 ms on an idle machine; the poll is an hour away

  // Packed refs, and a repo with a work tree, wake it too.
  repo.git('pack-refs', '--all');
  const packed = new Promise<void>((resolve) => gw.snapshots.subscribe(() => resolve()));
  await repo.direct({
    'revocations/stop.yaml': JSON.stringify({
      apiVersion: 'sluice.dev/v1',
      kind: 'Revocation',
      metadata: { name: 'stop' },
      spec: { subject: 'alice', reason: 'x' },
    }),
  });
  await packed;
  await loop.stop();
});

test('only a repo on this machine is watched', async () => {
  await using repo = await FollowedRepo.make();
  expect(watchLocalRemote('https://git.example.com/x.git', () => {})).toBeUndefined();
  expect(watchLocalRemote('git@git.example.com:x.git', () => {})).toBeUndefined();
  expect(watchLocalRemote(repo.dir.join('nowhere'), () => {})).toBeUndefined();
  const work = repo.dir.join('work');
  execFileSync('git', ['clone', '-q', repo.repo.url, work]);
  const woken = Promise.withResolvers<void>();
  await using _watch = watchLocalRemote(`file://${work}`, woken.resolve);
  await new Promise((resolve) => setTimeout(resolve, 200));
  execFileSync('git', ['-C', work, 'branch', 'x']);
  await woken.promise;
});

test('a copy of the clone elsewhere gives the same verdicts', async () => {
  await using repo = await FollowedRepo.make();
  const { uid } = await repo.grant();
  await using gw = await repo.follow();
  await gw.round.run();
  cpSync(repo.dir.join('gw', 'clone'), repo.dir.join('gw2', 'clone'), { recursive: true });
  rmSync(join(repo.repo.url, 'refs', 'heads', 'main'), { force: true });
  await using second = await repo.follow('gw2');
  expect(await second.round.run()).toMatchObject({ reason: 'BranchGone' });
  expect(live(second)).toEqual([]);
  expect(live(gw)).toEqual([uid]);
});
