import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { systemClock } from '../../../core/clock/clock.ts';
import { UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { SourceFile } from '../../../core/load/source-file.ts';
import type { Operation } from '../../../core/model/resource.ts';
import { decide } from '../../../core/policy/decide.ts';
import { adminApp } from '../../../gateway/api/admin-app.ts';
import { serveSocket } from '../../../gateway/api/serve.ts';
import { StateStore } from '../../../gateway/state/state-store.ts';
import { adminControls } from '../../support/admin-controls.ts';
import { runSluice } from '../../support/run-sluice.ts';
import { FollowedRepo, type Follower, live, outcomes } from './followed-repo.ts';

const terms = { maxDuration: 'PT30M', notify: ['payments-leads'], reviewWithin: 'P1D' };

/** The story's repo, whose policy for debugging has terms for emergencies, and whose stream is not recorded strictly otherwise. */
function repoWith(more: object = {}): Promise<FollowedRepo> {
  return FollowedRepo.make((files) => ({
    ...files,
    'policies/payments-debug.yaml': edited(files['policies/payments-debug.yaml']!, (spec) => ({
      ...spec,
      breakGlass: terms,
      recording: { durability: 'bestEffort' },
      unmask: ['payments/ssn'],
      ...more,
    })),
  }));
}

function edited(yaml: string, change: (spec: Record<string, unknown>) => object): string {
  const document = parse(yaml) as { spec: Record<string, unknown> };
  return stringify({ ...document, spec: change(document.spec) });
}

type Broken = { name: string; uid: string; file: string; yaml: string };

async function breakGlass(repo: FollowedRepo, person = 'alice', ...more: readonly string[]): Promise<Broken> {
  const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '20m', '--reason', 'INC-1 `now` @all'];
  return JSON.parse(await repo.done(person, 'access', 'break-glass', ...wish, '--format', 'json', ...more)) as Broken;
}

/** A round, and a look at the branches of emergencies, until none is left. */
async function turn({ round }: Follower) {
  const outcome = await round.run();
  while ((await round.emergencies.look()).more);
  return outcome;
}

function may({ snapshots }: Follower, identity: string, operation: Operation) {
  const principal = {
    identity,
    kind: 'person',
    issuer: '',
    claimGroups: [],
    claims: undefined,
    source: undefined,
  } as const;
  const resource = { kind: 'topic', cluster: 'main', name: 'payments' } as const;
  return decide(snapshots.current!, principal, operation, resource, systemClock.now());
}

test('signed and pushed: in force before anybody merges it, masked, recorded strictly, told first; its merge is the review', async () => {
  await using repo = await repoWith();
  await using gw = await repo.follow();
  await turn(gw);
  const order: string[] = [];
  const told = gw.events.length;
  gw.prepare = async () => {
    if (gw.events.slice(told).some((event) => event.kind === 'admission')) order.push('told, then prepared');
  };
  const { name, uid, file } = await breakGlass(repo);
  expect(await turn(gw)).toMatchObject({ kind: 'ready' });
  expect(live(gw)).toEqual([uid]);
  expect(order).toEqual(['told, then prepared']);
  expect(gw.events.find((event) => event.kind === 'admission')).toMatchObject({
    subject: 'breakGlass',
    admitted: true,
    of: 'alice',
    notify: ['payments-leads'],
    approvedBy: [],
  });
  const decision = may(gw, 'alice', 'consume');
  expect(decision).toMatchObject({ effect: 'allow', grant: uid, durability: 'strict' });
  expect(decision.effect === 'allow' && decision.masks.flatMap(({ lifted }) => lifted)).toEqual([]);
  expect(may(gw, 'alice', 'produce').effect).toBe('deny');
  expect(gw.state.current.emergencies[uid]).toMatchObject({ subject: 'alice', reviewed: undefined });

  await turn(gw); // nothing is judged twice
  expect(gw.events.filter((event) => event.kind === 'admission')).toHaveLength(1);
  expect((await repo.as('alice', 'approval', 'sign', name, '--yes')).code).toBe(0);
  expect(await repo.done('bob', 'access', 'status', name)).toContain('emergency');
  await repo.done('bob', 'approval', 'sign', name, '--yes');
  await repo.merge(name);
  await turn(gw);
  expect(gw.state.current.emergencies[uid]?.reviewed).toMatchObject({ by: ['bob'] });
  expect(live(gw)).toEqual([uid]); // the review does not give it again, nor end it
  expect(gw.events.at(-1)).toMatchObject({ kind: 'admission', subject: 'review', admitted: true, approvedBy: ['bob'] });
  expect(gw.state.current.refusals).toEqual([]);
  expect(repo.git('show', `main:${file}`)).toContain('signedAt');
});

test('merged by nobody who may review, it stays unreviewed, and its subject has no more emergencies once that is overdue', async () => {
  await using repo = await repoWith({ breakGlass: { ...terms, reviewWithin: 'PT1S' } });
  const { name, uid } = await breakGlass(repo);
  await using gw = await repo.follow();
  await turn(gw);
  await repo.done('alice', 'approval', 'sign', name, '--yes');
  await repo.merge(name, 'alice');
  await turn(gw);
  expect(gw.state.current.emergencies[uid]?.reviewed).toBeUndefined();
  expect(gw.events.at(-1)).toMatchObject({ subject: 'review', admitted: false });
  expect(live(gw)).toEqual([uid]);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const again = await breakGlass(repo);
  await turn(gw);
  expect(outcomes(gw)).toMatchObject({ [again.name]: 'ReviewOverdue' });
  expect(live(gw)).toEqual([uid]);
  await repo.git('update-ref', '-d', `refs/heads/request/${again.name}`);
  // Taking the document away, with the approvals, is a review too.
  await repo.propose('review-late', { [`breakglass/${name}.yaml`]: undefined }, 'alice');
  await repo.done('bob', 'approval', 'sign', 'review-late', '--yes');
  await repo.merge('review-late');
  await turn(gw);
  expect(gw.state.current.emergencies[uid]?.reviewed).toMatchObject({ by: ['bob'] });
  const third = await breakGlass(repo);
  await turn(gw);
  expect(live(gw)).toEqual([uid, third.uid]);
});

test('nothing but what its subject signed lately, for this, within the terms, gets in', async () => {
  await using repo = await repoWith();
  await using gw = await repo.follow();
  const { yaml, name } = await breakGlass(repo, 'alice', '--dry-run');
  const tries: Record<string, (spec: Record<string, unknown>) => object> = {
    wider: (spec) => ({ ...spec, operations: ['consume', 'produce'] }),
    longer: (spec) => ({ ...spec, window: { duration: 'PT30M' } }),
    'too-long': (spec) => ({ ...spec, window: { duration: 'PT31M' } }),
    other: (spec) => ({ ...spec, subject: 'mallory' }),
    uid: (spec) => ({ ...spec, uid: 'a'.repeat(32) }),
    later: (spec) => ({ ...spec, signedAt: new Date(systemClock.now() + 30_000).toISOString() }),
    stream: (spec) => ({ ...spec, streams: ['catalog'] }),
  };
  const named = (as: string, text: string) => text.replace(`name: ${name}`, `name: breakglass-${as}`);
  for (const [as, change] of Object.entries(tries)) {
    const head = await repo.commit({ [`breakglass/breakglass-${as}.yaml`]: named(as, edited(yaml, change)) });
    await repo.push(head, `refs/heads/request/breakglass-${as}`);
  }
  // The name is covered by the signature too, and a branch that holds no such document says nothing.
  await repo.push(
    await repo.commit({ 'breakglass/breakglass-renamed.yaml': named('renamed', yaml) }),
    'refs/heads/request/breakglass-renamed',
  );
  await repo.push(await repo.commit({ 'x.txt': 'nothing' }), 'refs/heads/request/breakglass-empty');
  await turn(gw);
  expect(outcomes(gw)).toEqual({
    'breakglass-wider': 'UnsignedRequest',
    'breakglass-longer': 'UnsignedRequest',
    'breakglass-too-long': 'DoesNotFitPolicy',
    'breakglass-other': 'UnsignedRequest',
    'breakglass-uid': 'UnsignedRequest',
    'breakglass-later': 'UnsignedRequest',
    'breakglass-stream': 'DoesNotFitPolicy',
    'breakglass-renamed': 'UnsignedRequest',
  });
  expect(live(gw)).toEqual([]);
  // As it was signed it is good, from any hand; a second time it is not, whatever it is called.
  await repo.push(await repo.commit({ [`breakglass/${name}.yaml`]: yaml }), `refs/heads/request/${name}`);
  await turn(gw);
  expect(live(gw)).toHaveLength(1);
  await repo.direct({ [`breakglass/${name}.yaml`]: yaml });
  await turn(gw);
  expect(live(gw)).toHaveLength(1);
  expect(await repo.done('bob', 'access', 'revoke', name, '--reason', 'enough')).toContain('Revoked');
  await turn(gw);
  expect(may(gw, 'alice', 'consume')).toMatchObject({ effect: 'deny', code: 'Revoked' });
});

test('a branch that git does not let in holds up neither the round nor another emergency', async () => {
  await using repo = await repoWith();
  await using gw = await repo.follow();
  const { commit, tree } = repo.repo.genesis;
  const who = 'x <x@example.com> 1700000000 +0000';
  const odd = `tree ${tree}\nparent ${commit}\nauthor ${who}\nauthor ${who}\ncommitter ${who}\n\nodd\n`;
  const write = ['-C', repo.repo.url, 'hash-object', '--literally', '-t', 'commit', '-w', '--stdin'];
  const id = execFileSync('git', write, { input: odd, encoding: 'utf8' }).trim();
  repo.git('update-ref', 'refs/heads/request/breakglass-0-odd', id);
  const { uid } = await breakGlass(repo);
  for (let round = 0; round < 5; round++) expect(await turn(gw)).toMatchObject({ kind: 'ready' });
  expect(live(gw)).toEqual([uid]);
});

test('the review is of the document that was admitted, by those who could have approved it, also when the rules changed since', async () => {
  await using repo = await FollowedRepo.make((files) => ({
    ...files,
    'policies/payments-debug.yaml': edited(files['policies/payments-debug.yaml']!, (spec) => ({
      ...spec,
      breakGlass: terms,
    })),
    'policies/weak.yaml': edited(
      files['policies/payments-debug.yaml']!.replaceAll('payments-debug', 'weak'),
      (spec) => ({ ...spec, streams: ['catalog'], approval: 'anybody', breakGlass: terms }),
    ),
    'approver-rules/anybody.yaml': edited(
      files['approver-rules/payments-lead.yaml']!.replaceAll('payments-lead"', 'anybody"'),
      (spec) => ({ ...spec, require: { any: [{ from: 'developers', count: 1 }] } }),
    ),
  }));
  await using gw = await repo.follow();
  await turn(gw);
  const { name, uid, yaml } = await breakGlass(repo);
  await turn(gw);
  const other = edited(yaml, (spec) => ({ ...spec, streams: ['catalog'], policy: 'weak' })).replace(name, 'else');
  await repo.propose('else', { 'breakglass/else.yaml': other }, 'alice');
  await repo.done('mallory', 'approval', 'sign', 'else', '--yes');
  await repo.merge('else');
  await turn(gw);
  expect(gw.events.at(-1)).toMatchObject({ subject: 'review', admitted: false, refusal: 'UidReused' });
  expect(gw.state.current.emergencies[uid]?.reviewed).toBeUndefined();
  const policy = 'policies/payments-debug.yaml';
  const shorter = edited(repo.git('show', `main:${policy}`), (spec) => ({
    ...spec,
    breakGlass: { ...terms, maxDuration: 'PT10M' },
  }));
  await repo.ownersChange('shorter', { [policy]: shorter });
  await turn(gw);
  expect(gw.state.current.frozen).toBeUndefined();
  await repo.done('bob', 'approval', 'sign', name, '--yes');
  await repo.merge(name);
  await turn(gw);
  expect(gw.state.current.emergencies[uid]?.reviewed).toMatchObject({ by: ['bob'] });
});

test('brokers that fail hold up one emergency, and none is forgotten; handed over again it is in force', async () => {
  await using repo = await repoWith();
  await using gw = await repo.follow();
  await turn(gw);
  const [first, second] = [await breakGlass(repo), await breakGlass(repo, 'mallory')];
  let failures = 1;
  gw.prepare = async () => {
    if (failures-- > 0) throw new UpstreamError('BrokerUnreachable', 'the broker is away');
  };
  await turn(gw);
  await turn(gw);
  expect(live(gw).sort()).toEqual([first.uid, second.uid].sort());
  const { yaml, file, uid } = await breakGlass(repo, 'alice', '--dry-run');
  failures = 1;
  const at = { path: file, bytes: Buffer.from(yaml) };
  await expect(gw.round.emergencies.admit(at)).rejects.toMatchObject({ code: 'BrokerUnreachable' });
  expect(live(gw)).not.toContain(uid);
  expect(await gw.round.emergencies.admit(at)).toMatchObject({ admitted: true });
  expect(live(gw)).toContain(uid);
});

test('a revocation does not wait for the brokers of an emergency, and stays when they are ready', async () => {
  await using repo = await repoWith();
  await using gw = await repo.follow();
  const { name } = await repo.grant();
  await turn(gw);
  expect(may(gw, 'alice', 'consume').effect).toBe('allow');
  const brokers = Promise.withResolvers<void>();
  gw.prepare = () => brokers.promise;
  const { file, yaml, uid } = await breakGlass(repo, 'mallory', '--dry-run');
  const admitting = gw.round.emergencies.admit({ path: file, bytes: Buffer.from(yaml) });
  await repo.done('bob', 'access', 'revoke', name, '--reason', 'enough');
  const round = gw.round.run();
  await expect.poll(() => may(gw, 'alice', 'consume').effect, { timeout: 20_000 }).toBe('deny');
  expect(live(gw)).not.toContain(uid);
  brokers.resolve();
  await Promise.all([admitting, round]);
  expect(live(gw)).toContain(uid);
  expect(may(gw, 'alice', 'consume')).toMatchObject({ effect: 'deny', code: 'Revoked' });
});

test('as many at once as the policy says, however they come in', async () => {
  await using repo = await repoWith({ limits: { maxDuration: 'PT4H', maxActive: 1 } });
  await using gw = await repo.follow();
  await turn(gw);
  const files: { path: string; bytes: Buffer }[] = [];
  for (let i = 0; i < 3; i++) {
    const { file, yaml } = await breakGlass(repo, 'alice', '--dry-run');
    files.push({ path: file, bytes: Buffer.from(yaml) });
  }
  const verdicts = await Promise.all(files.map((file) => gw.round.emergencies.admit(file)));
  expect(verdicts.map(({ admitted }) => admitted)).toEqual([true, false, false]);
  expect(live(gw)).toHaveLength(1);
});

test('somebody whose access was revoked cannot take it back by an emergency', async () => {
  await using repo = await repoWith();
  await using gw = await repo.follow();
  await repo.done('bob', 'access', 'revoke', '--subject', 'alice', '--reason', 'laptop stolen');
  const { name } = await breakGlass(repo);
  await turn(gw);
  expect(outcomes(gw)).toEqual({ [name]: 'SubjectRevoked' });
  expect(live(gw)).toEqual([]);
});

test('who may not has it from the command, with the nearest policy; a signature of yesterday is worth nothing', async () => {
  await using repo = await repoWith();
  const wish = ['--stream', 'payments', '--operation', 'consume', '--reason', 'x'];
  const bob = await repo.as('bob', 'access', 'break-glass', ...wish, '--for', '20m');
  expect([bob.code, bob.stderr]).toEqual([1, expect.stringContaining("'bob' is not among the subjects")]);
  const long = await repo.as('alice', 'access', 'break-glass', ...wish, '--for', '2h');
  expect([long.code, long.stderr]).toEqual([1, expect.stringContaining('ask for PT30M at most')]);
  const { uid, yaml, file } = await breakGlass(repo, 'alice', '--dry-run');
  expect(repo.git('for-each-ref', 'refs/heads/request/')).toBe('');
  await using gw = await repo.follow();
  await turn(gw);
  const later = await repo.follow('late', {}, 3_600_000 + 5_000);
  await using _late = later;
  await turn(later);
  const at = { path: file, bytes: Buffer.from(yaml) };
  expect(await later.round.emergencies.admit(at)).toMatchObject({ admitted: false, refusal: 'ApprovalExpired' });
  // Handed to a gateway itself it is in force at once, beside any round.
  expect(await gw.round.emergencies.admit(at)).toMatchObject({ admitted: true });
  expect(live(gw)).toEqual([uid]);
  const told = gw.events.length;
  expect(await gw.round.emergencies.admit(at)).toMatchObject({ admitted: true }); // nothing new is said
  expect(gw.events).toHaveLength(told);
  const bent = { ...at, bytes: Buffer.from(yaml.replace('INC-1', 'INC-2')) };
  expect(await gw.round.emergencies.admit(bent)).toMatchObject({ admitted: false, refusal: 'UidReused' });
  await gw[Symbol.asyncDispose]();
  await using again = await StateStore.open(repo.dir.join('gw'), repo.trustRoot(), systemClock.now());
  expect(again.current.emergencies[uid]).toMatchObject({ subject: 'alice' });
});

test('git is down: the gateway itself says what to sign, and takes it', async () => {
  await using repo = await repoWith();
  await using gw = await repo.follow();
  await turn(gw);
  const { round } = gw;
  const emergencies = {
    propose: (file: SourceFile) => round.emergencies.propose(file),
    admit: (file: SourceFile) => round.emergencies.admit(file),
  };
  await using served = await serveSocket(adminApp(adminControls({ emergencies })), repo.dir.join('admin.sock'));
  renameSync(repo.repo.url, `${repo.repo.url}-gone`);
  const wish = [
    '--stream',
    'payments',
    '--operation',
    'consume',
    '--reason',
    'git is down',
    '--socket',
    served.address,
  ];
  const at = (person: string, ...more: string[]) =>
    runSluice(['access', 'break-glass', ...wish, '--key', repo.repo.keys[person]!.file, ...more], {
      env: { HOME: repo.dir.join('home') },
    });
  const alice = ['--as', 'alice', '--policy', 'payments-debug'];
  expect(await at('alice', '--for', '20m')).toMatchObject({ code: 2, stderr: expect.stringContaining('--as') });
  const long = await at('alice', '--for', '1h', ...alice);
  expect([long.code, long.stderr]).toEqual([1, expect.stringContaining('longer than')]);
  const foreign = await at('mallory', '--for', '20m', ...alice);
  expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('mallory signed')]);
  expect(live(gw)).toEqual([]);
  const done = await at('alice', '--for', '20m', ...alice);
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('In force:')]);
  expect(live(gw)).toHaveLength(1);
  await served[Symbol.asyncDispose]();
  expect(await at('alice', '--for', '20m', ...alice)).toMatchObject({
    stdout: '',
    stderr: expect.stringContaining('the gateway did not answer'),
  });
});
