import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { FollowedRepo, live, outcomes } from './followed-repo.ts';

test('asked, signed, merged with the real binary: admitted with its evidence, once, and kept over a restart', async () => {
  await using repo = await FollowedRepo.make();
  const before = systemClock.now();
  const { uid, name, merge } = await repo.grant();
  let first: unknown;
  {
    await using gw = await repo.follow();
    expect(await gw.round.run()).toMatchObject({ kind: 'ready', revision: merge });
    expect(outcomes(gw)).toEqual({ [name]: 'admitted' });
    const entry = gw.state.current.grants[uid]!;
    expect(entry.verdict).toMatchObject({ admitted: true, commit: merge, approvals: [{ by: 'bob' }] });
    expect(entry.grant.start).toBeGreaterThanOrEqual(before);
    expect(entry.grant.end - entry.grant.start).toBe(3_600_000);
    expect(live(gw)).toEqual([uid]);
    expect(gw.events).toContainEqual(
      expect.objectContaining({ kind: 'admission', uid, admitted: true, approvedBy: ['bob'] }),
    );
    first = structuredClone(gw.state.current.grants);
    await gw.round.run();
    expect(gw.events.filter((event) => event.kind === 'admission')).toHaveLength(1);
  }
  await using again = await repo.follow();
  await again.round.run();
  expect(again.state.current.grants).toEqual(first);
  expect(again.events.filter((event) => event.kind === 'admission')).toEqual([]);
  expect(live(again)).toEqual([uid]);
  await using other = await repo.follow('gw2');
  await other.round.run();
  const { admittedAt: _a, ...mine } = other.state.current.grants[uid]!.grant;
  const { admittedAt: _b, ...theirs } = again.state.current.grants[uid]!.grant;
  expect(mine).toEqual(theirs);
});

test('nothing that was not asked, signed and merged as it should be gets in', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const asked = await repo.ask();
  await repo.done('bob', 'approval', 'sign', asked.name, '--yes');
  const head = await repo.head(asked.name);
  const approvals = await repo.approvals({ request: asked.name });
  expect(approvals).toHaveLength(1);
  const genesis = await repo.tip();
  const files = { [asked.file]: asked.yaml };
  const attempt = async (what: string, refusal: string, make: () => Promise<string>): Promise<void> => {
    await repo.push(genesis);
    await using victim = await repo.follow(`v-${what.replaceAll(/\W/g, '-')}`);
    await make();
    await victim.round.run();
    expect([what, outcomes(victim)]).toEqual([what, { [asked.name]: refusal }]);
    expect(live(victim)).toEqual([]);
  };
  await attempt('direct push', 'DirectPush', () => repo.direct(files, 'bob'));
  await attempt('fast-forward of the request', 'DirectPush', async () => {
    await repo.push(head);
    return head;
  });
  const { signStatement } = await import('../../../core/forge/plain/signed-statement.ts');
  const at = systemClock.now();
  const parts = { version: 1, repoId: genesis, branch: 'main', base: genesis, head, mergedAt: at } as const;
  await attempt('no merge statement', 'UnsignedMerge', () => repo.forge({ head, approvals, statement: 'none' }));
  await attempt('statement for another base', 'UnsignedMerge', () =>
    repo.forge({ head, approvals, statement: { ...parts, base: head } }),
  );
  await attempt('statement for another head', 'UnsignedMerge', () =>
    repo.forge({ head, approvals, statement: { ...parts, head: genesis } }),
  );
  await attempt('statement for another repo', 'UnsignedMerge', () =>
    repo.forge({ head, approvals, statement: { ...parts, repoId: head } }),
  );
  await attempt('statement for another branch', 'UnsignedMerge', () =>
    repo.forge({ head, approvals, statement: { ...parts, branch: 'next' } }),
  );
  await attempt('dated ahead', 'MergeTimeOutOfRange', () => repo.forge({ head, approvals, mergedAt: at + 3_600_000 }));
  await attempt('dated before the approval', 'MergeTimeOutOfRange', () =>
    repo.forge({ head, approvals, mergedAt: at - 3_600_000 }),
  );
  await attempt('octopus', 'NotAMerge', async () => {
    const third = await repo.commit({ 'x.txt': 'x' }, { by: 'alice' });
    return repo.forge({ head, approvals, parents: [genesis, head, third] });
  });
  await attempt('no approvals', 'NotEnoughApprovals', () => repo.forge({ head, approvals: [] }));
  await attempt('unsigned request', 'UnsignedRequest', async () =>
    repo.forge({ head: await repo.commit(files), approvals }),
  );
  await attempt('request signed by another', 'UnsignedRequest', async () =>
    repo.forge({ head: await repo.commit(files, { by: 'mallory' }), approvals }),
  );
  await attempt('one unsigned commit among the others', 'UnsignedRequest', async () => {
    const under = await repo.commit({});
    return repo.forge({ head: await repo.commit(files, { by: 'alice', parents: [under] }), approvals });
  });
  await attempt('the approver wrote it too', 'SelfApproval', async () =>
    repo.forge({
      head: await repo.commit(files, { by: 'alice', message: 'x\n\nCo-authored-by: B <bob@example.com>' }),
      approvals,
    }),
  );
  await attempt('wider after the approval', 'ApprovalForOtherContent', async () => {
    const wider = { [asked.file]: asked.yaml.replace('PT1H', 'PT4H') };
    return repo.forge({ head: await repo.commit(wider, { by: 'alice' }), approvals });
  });
  await attempt('wider in the merge commit itself', 'NotAMerge', () =>
    repo.forge({ head, approvals, files: { [asked.file]: asked.yaml.replace('PT1H', 'PT4H') } }),
  );
  await attempt('a forged signature', 'NotEnoughApprovals', async () => {
    const text = approvals[0]!.text;
    const { signSsh } = await import('../../../core/git/ssh-signature.ts');
    const signature = await signSsh(Buffer.from(text), 'git', repo.repo.keys['bob']!.file); // of another purpose
    return repo.forge({ head, approvals: [{ text, signature }] });
  });
  await attempt('signed by the subject', 'SelfApproval', async () => {
    const statement = JSON.parse(approvals[0]!.text) as { signedAt: string; expiresAt: string };
    const own = { ...statement, signedAt: Date.parse(statement.signedAt), expiresAt: Date.parse(statement.expiresAt) };
    return repo.forge({ head, approvals: [await signStatement(own as never, repo.repo.keys['alice']!.file)] });
  });
  await attempt('signed by one who may not', 'NotEnoughApprovals', async () => {
    const statement = JSON.parse(approvals[0]!.text) as { signedAt: string; expiresAt: string };
    const own = { ...statement, signedAt: Date.parse(statement.signedAt), expiresAt: Date.parse(statement.expiresAt) };
    return repo.forge({ head, approvals: [await signStatement(own as never, repo.repo.keys['olga']!.file)] });
  });
  // The same parts, put together as they should be, are admitted: it was the bend that did it.
  await repo.push(genesis);
  await repo.forge({ head, approvals });
  await gw.round.run();
  expect(outcomes(gw)).toEqual({ [asked.name]: 'admitted' });
}, 120_000);

test('an approval is for one grant; edits after it lose it; a uid is used once', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const first = await repo.grant();
  await gw.round.run();
  const approvals = await repo.approvals({ merge: first.merge });
  const second = await repo.ask();
  await repo.forge({ head: await repo.head(second.name), approvals });
  await gw.round.run();
  expect(outcomes(gw)).toEqual({ [first.name]: 'admitted', [second.name]: 'ApprovalReplayed' });

  await repo.direct({ [first.file]: undefined });
  await gw.round.run();
  expect(live(gw)).toEqual([]);
  const head = await repo.commit({ [first.file]: first.yaml }, { by: 'alice' });
  await repo.forge({ head, approvals });
  await gw.round.run();
  expect(gw.state.current.refusals.at(-1)).toMatchObject({ name: first.name, refusal: 'UidReused' });
  expect(live(gw)).toEqual([]);
}, 90_000);

test('deleted and brought back between two fetches is deleted', async () => {
  await using repo = await FollowedRepo.make();
  await using gw = await repo.follow();
  const { file, yaml, uid } = await repo.grant();
  await gw.round.run();
  expect(live(gw)).toEqual([uid]);
  await repo.direct({ [file]: undefined });
  await repo.direct({ [file]: yaml });
  await gw.round.run();
  expect(live(gw)).toEqual([]);
}, 60_000);

test('a document that was renamed, broken or shortened ends its grant, or ends it earlier; never later', async () => {
  await using repo = await FollowedRepo.make();
  const granted = await repo.grant();
  const { file, yaml, uid } = granted;
  const tip = await repo.tip();
  const after = async (name: string, files: Record<string, string | undefined>) => {
    await repo.push(tip);
    await using gw = await repo.follow(name);
    await gw.round.run();
    const { start, end } = gw.state.current.grants[uid]!.grant;
    expect(live(gw)).toEqual([uid]);
    await repo.direct(files);
    await gw.round.run();
    await repo.push(tip);
    return {
      live: live(gw),
      minutes: (gw.state.current.grants[uid]!.grant.end - start) / 60_000,
      was: (end - start) / 60_000,
      now: ((gw.snapshots.current?.grants.get(uid)?.end ?? start) - start) / 60_000,
    };
  };
  const renamed = file.replace(granted.name, 'innocent');
  expect(
    await after('renamed', { [file]: undefined, [renamed]: yaml.replace(granted.name, 'innocent') }),
  ).toMatchObject({ live: [] });
  expect(await after('broken', { [file]: `${yaml}: : :` })).toMatchObject({ live: [] });
  expect(await after('shorter', { [file]: yaml.replace('PT1H', 'PT10M') })).toMatchObject({
    live: [uid],
    minutes: 10,
    was: 60,
    now: 10,
  });
  expect(await after('longer', { [file]: yaml.replace('PT1H', 'PT4H') })).toMatchObject({
    live: [uid],
    minutes: 60,
    now: 60,
  });
  expect(
    await after('moved', { [file]: undefined, [file.replace(/^grants\/[^/]+/, 'grants/old')]: yaml }),
  ).toMatchObject({ live: [uid] });
}, 90_000);

test('a BreakGlass that does not load gives nothing, freezes nothing, and says so', async () => {
  await using repo = await FollowedRepo.make();
  const yaml = 'apiVersion: sluice.dev/v1\nkind: BreakGlass\nmetadata: { name: now }\nspec: {}\n';
  await repo.direct({ 'breakglass/now.yaml': yaml }, 'alice');
  await using gw = await repo.follow();
  expect(await gw.round.run()).toMatchObject({ kind: 'ready' });
  expect(outcomes(gw)).toEqual({ now: 'InvalidDocuments' });
  expect(live(gw)).toEqual([]);
  expect(gw.events).toContainEqual(
    expect.objectContaining({ kind: 'admission', name: 'now', admitted: false, refusal: 'InvalidDocuments' }),
  );
  const { uid } = await repo.grant(); // the plane goes on
  await gw.round.run();
  expect(live(gw)).toEqual([uid]);
});
