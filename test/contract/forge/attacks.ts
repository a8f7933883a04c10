/** The attack table on a hosted forge: each row with real pull requests, reviews and merges, and a gateway that follows. */

import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { systemClock } from '../../../core/clock/clock.ts';
import { SourceError } from '../../../core/errors/sluice-error.ts';
import type { ForgeApi } from '../../../core/forge/hosted/forge-api.ts';
import { tooLarge } from '../../../core/forge/hosted/forge-error.ts';
import type { Decision } from '../../../core/model/decision.ts';
import { decide } from '../../../core/policy/decide.ts';
import { speakerOf } from '../../support/speaker.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { GitHubUnderTest } from './github-under-test.ts';
import { grantText, type HostedFollower, type HostedForgeUnderTest, HostedWorld, settled } from './hosted-world.ts';

export function attackTable(forge: () => Promise<HostedForgeUnderTest>): void {
  const world = async (change?: Parameters<typeof HostedWorld.make>[2]): Promise<HostedWorld> =>
    HostedWorld.make(await forge(), await tempDir(), change);

  test.each(['merge', 'squash', 'rebase'] as const)('asked, approved, merged by %s: admitted, once', async (how) => {
    await using there = await world();
    await using gateway = await there.follow();
    await settled(gateway);
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull, how);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'admitted' });
    const { grant, verdict } = gateway.state.current.grants[asked.uid]!;
    expect(verdict.approvals).toMatchObject([{ by: 'bob' }]);
    expect(grant.end - grant.start).toBe(3_600_000);
    expect(Math.abs(grant.start - systemClock.now())).toBeLessThan(60_000);
    await using other = await there.follow();
    expect(await settled(other)).toEqual({ [asked.name]: 'admitted' });
    expect(other.state.current.grants[asked.uid]!.grant.end).toBe(grant.end);
  });

  test('two commits merged by rebase are one step, whose last commit alone would say too little', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask('alice', { spec: { window: { duration: 'PT4H' } } });
    await there.rewrite(asked, { window: { duration: 'PT2H' } });
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull, 'rebase');
    expect(await settled(gateway)).toEqual({ [asked.name]: 'admitted' });
    const { start, end } = gateway.state.current.grants[asked.uid]!.grant;
    expect(end - start).toBe(7_200_000);
  });

  test('approved first, merged after the branch moved on: a rebase keeps the approval', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    const other = await there.ask('mallory');
    await there.approve('carol', other.pull);
    await there.merge(other.pull);
    await there.merge(asked.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'admitted', [other.name]: 'admitted' });
  });

  test('direct push and force-push past the protection', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    await settled(gateway);
    const text = grantText('pushed', { uid: 'a'.repeat(32), requestedBy: 'alice', subject: 'alice' });
    await there.direct({ 'grants/2026-11/pushed.yaml': text });
    expect(await settled(gateway)).toEqual({ pushed: 'DirectPush' });
  });

  test('approve, push a wider grant, merge at once', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.rewrite(asked, { window: { duration: 'PT4H' } });
    await there.merge(asked.pull);
    const outcome = await settled(gateway);
    expect(outcome).not.toEqual({ [asked.name]: 'admitted' });
    expect(['ApprovalForOtherContent', 'ApprovalWithdrawn']).toContain(outcome[asked.name]);
  });

  test('a dismissed approval, one of the requester, one of nobody: none counts', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const dismissed = await there.ask();
    await there.approve('bob', dismissed.pull);
    await there.forge.dismiss(dismissed.pull.number, 'bob');
    await there.merge(dismissed.pull, 'merge', 'carol');
    const alone = await there.ask('mallory');
    await there.approve('olga', alone.pull); // who leads no payments
    await there.merge(alone.pull);
    expect(await settled(gateway)).toEqual({
      [dismissed.name]: 'ApprovalWithdrawn',
      [alone.name]: 'NotEnoughApprovals',
    });
  });

  test('merged with no approval at all', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    await there.merge(asked.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'NotEnoughApprovals' });
  });

  test('an approval deleted after the admission changes nothing: the evidence is kept', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'admitted' });
    const deleted = await there.forge.deleteReview(asked.pull.number, 'bob');
    expect(await settled(gateway)).toEqual({ [asked.name]: 'admitted' });
    expect(gateway.state.current.grants[asked.uid]!.verdict.approvals).toMatchObject([{ by: 'bob' }]);
    await using late = await there.follow();
    expect(await settled(late)).toEqual({ [asked.name]: deleted ? 'NotEnoughApprovals' : 'admitted' });
  });

  test('an approval taken back before another gateway looks: refused there, until its peer tells what it saw', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const peers = [speakerOf(gateway.name).signer.vkey];
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    await settled(gateway);
    const { number } = asked.pull;
    if (!(await there.forge.deleteReview(number, 'bob'))) await there.forge.dismiss(number, 'bob');
    await using late = await there.follow({ trustRoot: { peers } });
    expect(Object.values(await settled(late))).toEqual([expect.stringMatching(/^(NotEnough|ApprovalW)/)]);
    const note = gateway.round.evidence.tell();
    expect(await late.round.evidence.take(note)).toMatchObject({ grants: [{ uid: asked.uid, outcome: 'admitted' }] });
    expect([...late.snapshots.current!.grants.keys()]).toEqual([asked.uid]);
    const [first, second] = [gateway, late].map(({ state }) => state.current.grants[asked.uid]!);
    expect([second!.grant.start, second!.grant.end]).toEqual([first!.grant.start, first!.grant.end]);
    expect(second!.verdict.approvals).toEqual(first!.verdict.approvals);
    expect(await late.round.evidence.verify(second!)).toMatchObject({ holds: true });
    expect(await late.round.evidence.take(note)).toMatchObject({ grants: [{ outcome: 'known' }] });
    await using stranger = await there.follow();
    await settled(stranger);
    await expect(stranger.round.evidence.take(note)).rejects.toMatchObject({ code: 'PeerRefused' });
    expect([...stranger.snapshots.current!.grants.keys()]).toEqual([]);
  });

  test('approved for a branch that nobody follows, then pointed to the one that counts', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const hands = await there.hands(undefined);
    await hands.push([{ ref: 'refs/heads/playground', commit: await there.tip() }]);
    const asked = await there.ask('alice', { base: 'playground' });
    await there.approve('bob', asked.pull);
    await new Promise((resolve) => setTimeout(resolve, 1100)); // forges tell whole seconds
    await there.forge.retarget('alice', asked.pull.number, 'main');
    await there.merge(asked.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'ApprovalWithdrawn' });
  });

  test('a standing rejection vetoes, whatever was pushed and approved after it', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    await there.approve('carol', asked.pull, 'reject');
    await there.rewrite(asked, { reason: 'INC-2' });
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'Vetoed' });
  });

  test('an approver who wrote a commit of the request, by account or by a claimed address', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const co = await there.ask('alice', { message: 'Ask\n\nCo-authored-by: Bob <bob@example.com>' });
    await there.approve('bob', co.pull);
    await there.merge(co.pull, 'merge', 'carol');
    expect(await settled(gateway)).toEqual({ [co.name]: 'SelfApproval' });
  });

  test('opened by somebody else than the grant says, or by an account of nobody', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask('mallory', { spec: { requestedBy: 'alice', subject: 'alice' } });
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'UnsignedRequest' });
  });

  test('grants and rules in one request; rules without the owners, and with them', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const narrower = (spec: Record<string, unknown>) => ({ ...spec, limits: { maxDuration: 'PT2H', maxActive: 2 } });
    await there.commit('alice', 'narrower', await there.edited('policies/payments-debug.yaml', narrower));
    const signed = await there.open('alice', 'narrower');
    await there.approve('olga', signed);
    const admitted = await there.merge(signed);
    expect(await settled(gateway)).toEqual({});
    expect(gateway.state.current.admittedCommit).toBe(admitted);
    const mixed = await there.ask('alice', { more: { 'groups/platform.yaml': '# nothing\n' } });
    await there.approve('bob', mixed.pull);
    await there.approve('olga', mixed.pull);
    await there.merge(mixed.pull);
    expect(await settled(gateway)).toMatchObject({ [mixed.name]: 'MixedStep', rules: 'MixedStep' });
    expect(gateway.state.current.admittedCommit).toBe(admitted);
  });

  test('rules that only others approve, however many, freeze the rules', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    await there.commit('alice', 'mine', {
      'groups/payments-leads.yaml': stringify({
        apiVersion: 'sluice.dev/v1',
        kind: 'Group',
        metadata: { name: 'payments-leads' },
        spec: { members: ['alice', 'bob', 'carol'] },
      }),
    });
    const pull = await there.open('alice', 'mine');
    await there.approve('bob', pull);
    await there.approve('carol', pull);
    await there.merge(pull);
    expect(await settled(gateway)).toEqual({ rules: 'UnreviewedCommit' });
    expect(gateway.state.current.admittedCommit).toBe(there.genesis.commit);
  });

  test('another login for its subject: the approval was for who they were, and a grant that is live ends', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const [admitted, waiting] = [await there.ask('alice'), await there.ask('alice')];
    await there.approve('bob', admitted.pull);
    await there.approve('bob', waiting.pull);
    await there.merge(admitted.pull);
    expect(await settled(gateway)).toEqual({ [admitted.name]: 'admitted' });
    expect(mayConsume(gateway)).toMatchObject({ effect: 'allow', grant: admitted.uid });
    const more = (spec: Record<string, unknown>) => {
      const person = spec['person'] as { oidc: object[] };
      return { person: { ...person, oidc: [...person.oidc, { issuer: 'https://idp.example', subject: 'eve' }] } };
    };
    await there.commit('carol', 'login', await there.edited('identities/alice.yaml', more));
    const rules = await there.open('carol', 'login');
    await there.approve('olga', rules);
    const commit = await there.merge(rules);
    await there.merge(waiting.pull);
    expect(await settled(gateway)).toEqual({
      [admitted.name]: 'admitted',
      [waiting.name]: 'ApprovalForOtherContent',
    });
    expect(gateway.state.current.admittedCommit).toBe(commit);
    expect(mayConsume(gateway)).toMatchObject({ effect: 'deny' });
  });

  test('a rebase whose first commit loosens the rule that its second one needs', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const loose = (spec: Record<string, unknown>) => ({
      ...spec,
      require: { any: [{ from: 'developers', count: 1 }] },
    });
    const first = await there.commit('alice', 'loosen', await there.edited('approver-rules/payments-lead.yaml', loose));
    const uid = 'b'.repeat(32);
    const text = grantText('loosened', { uid, requestedBy: 'alice', subject: 'alice' });
    await there.commit('alice', 'loosen', { 'grants/2026-11/loosened.yaml': text }, { on: first });
    const pull = await there.open('alice', 'loosen');
    await there.approve('mallory', pull);
    await there.merge(pull, 'rebase');
    expect(await settled(gateway)).toEqual({ loosened: 'MixedStep', rules: 'MixedStep' });
    expect(gateway.state.current.admittedCommit).toBe(there.genesis.commit);
  });

  test('from a fork: admitted when it is approved, and by nobody who wrote it', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.askFromFork('alice');
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    const alone = await there.askFromFork('mallory');
    await there.merge(alone.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'admitted', [alone.name]: 'NotEnoughApprovals' });
  });

  /** The rules offer what payments-debug does in an emergency too. */
  async function offerEmergencies(there: HostedWorld): Promise<void> {
    const terms = { maxDuration: 'PT30M', notify: ['payments-leads'], reviewWithin: 'P1D' };
    const emergencies = (spec: Record<string, unknown>) => ({ ...spec, breakGlass: terms });
    await there.commit('carol', 'terms', await there.edited('policies/payments-debug.yaml', emergencies));
    const rules = await there.open('carol', 'terms');
    await there.approve('olga', rules);
    await there.merge(rules);
  }

  test('an emergency holds from its branch, and its merge with the approvals is its review', async () => {
    await using there = await world();
    await offerEmergencies(there);
    await using gateway = await there.follow();
    await settled(gateway);
    const { name, uid, pull } = await there.breakGlass(gateway);
    expect(await settled(gateway)).toEqual({ [name]: 'admitted' });
    expect(gateway.state.current.emergencies[uid]).toMatchObject({ subject: 'alice', reviewed: undefined });
    await there.approve('bob', pull);
    await there.merge(pull);
    await settled(gateway);
    expect(gateway.state.current.emergencies[uid]?.reviewed).toMatchObject({ by: ['bob'] });
    expect([...gateway.snapshots.current!.grants.keys()]).toEqual([uid]);
  });

  test('an emergency with a grant beside it is not reviewed by the approval of the grant', async () => {
    await using there = await world();
    await offerEmergencies(there);
    await using gateway = await there.follow();
    await settled(gateway);
    const { uid, pull } = await there.breakGlass(gateway);
    await settled(gateway);
    const wanted = { uid: 'ab'.repeat(16), requestedBy: 'alice', subject: 'alice' };
    const grant = { 'grants/2026-11/beside.yaml': grantText('beside', wanted) };
    await there.commit('alice', pull.head.branch, grant, { on: pull.head.commit });
    await there.approve('bob', pull);
    await there.merge(pull);
    expect(await settled(gateway)).toMatchObject({ beside: 'admitted' });
    expect(gateway.state.current.emergencies[uid]).toMatchObject({ subject: 'alice', reviewed: undefined });
  });

  test('the grant file deleted and merged again with its old approval', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    await settled(gateway);
    await there.direct({ [asked.file]: undefined });
    await settled(gateway);
    expect([...gateway.snapshots.current!.grants.keys()]).toEqual([]);
    const text = grantText(asked.name, { uid: asked.uid, requestedBy: 'alice', subject: 'alice' });
    await there.commit('alice', 'again', { [asked.file]: text });
    const again = await there.open('alice', 'again');
    await there.approve('bob', again);
    await there.merge(again);
    await settled(gateway);
    expect(gateway.state.current.refusals).toMatchObject([{ name: asked.name, refusal: 'UidReused' }]);
    expect([...gateway.snapshots.current!.grants.keys()]).toEqual([]);
  });

  test('a revocation pushed by anybody holds at once', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    await settled(gateway);
    const spec = { grant: asked.name, reason: 'over' };
    const revocation = { apiVersion: 'sluice.dev/v1', kind: 'Revocation', metadata: { name: 'r1' }, spec };
    await there.direct({ 'revocations/r1.yaml': stringify(revocation) });
    await gateway.round.run(); // no waiting for what the forge says about the commit
    expect(gateway.state.current.tombstones).toMatchObject([{ target: { grant: asked.name } }]);
  });

  test('a request that is too large to be read is refused, and does not hold up the next one', async () => {
    await using there = await world();
    const large = await there.ask();
    await there.approve('bob', large.pull);
    const commit = await there.merge(large.pull);
    const next = await there.ask('mallory');
    await there.approve('bob', next.pull);
    await there.merge(next.pull);
    const api = there.forge.api(undefined);
    const why = new SourceError('ForgeFailed', 'the forge could not read it', { why: 'it has 900 commits' });
    const mergedAs = async (id: string) => {
      if (id === commit) throw tooLarge(why);
      return await api.mergedAs(id);
    };
    const bent = new Proxy(api, { get: (target, key) => (key === 'mergedAs' ? mergedAs : own(target, key)) });
    await using gateway = await there.follow({ api: bent });
    expect(await settled(gateway)).toEqual({ [large.name]: 'NotAMerge', [next.name]: 'admitted' });
    const verdict = gateway.state.current.refusals.find((one) => one.kind === 'grant' && one.name === large.name);
    expect(verdict?.message).toContain('it has 900 commits');
  });

  test('more grants in one request than anybody reads are refused without reading them', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const many = Array.from({ length: 51 }, (_, i): [string, string] => {
      const uid = i.toString(16).padStart(32, '0');
      return [`grants/2026-11/g${i}.yaml`, grantText(`g${i}`, { uid, requestedBy: 'alice', subject: 'alice' })];
    });
    await there.commit('alice', 'many', Object.fromEntries(many));
    const pull = await there.open('alice', 'many');
    await there.approve('bob', pull);
    await there.merge(pull);
    const outcome = await settled(gateway);
    expect(Object.keys(outcome)).toHaveLength(51);
    expect(new Set(Object.values(outcome))).toEqual(new Set(['TooManyGrants']));
  });

  test('a commit that git takes and nobody can read is of no request', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    const odd = await there.oddCommit('alice', `request/${asked.name}`, asked.pull.head.commit);
    expect(odd).toMatch(/^[0-9a-f]{40}$/);
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    const next = await there.ask('mallory');
    await there.approve('bob', next.pull);
    await there.merge(next.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'NotAMerge', [next.name]: 'admitted' });
  });

  test('an account that is renamed is who it was', async () => {
    await using there = await world();
    await using gateway = await there.follow();
    const asked = await there.ask();
    await there.approve('carol', asked.pull);
    await there.forge.rename('carol');
    await there.merge(asked.pull);
    expect(await settled(gateway)).toEqual({ [asked.name]: 'admitted' });
  });

  test('another repo than the trust root says, or a clock that is off: nothing is admitted', async () => {
    await using there = await world();
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull);
    await using elsewhere = await there.follow({ trustRoot: { repoId: '999999' } });
    await expect(elsewhere.round.run()).rejects.toMatchObject({ code: 'ForgeFailed', retry: 'onChange' });
    const api = there.forge.api(undefined);
    const off = new Proxy(api, { get: (target, key) => (key === 'skew' ? 3_600_000 : own(target, key)) });
    await using skewed = await there.follow({ api: off });
    await expect(skewed.round.run()).rejects.toMatchObject({ code: 'ForgeFailed', retry: 'later' });
    expect(skewed.state.current.grants).toEqual({});
  });
}

/** Whether alice may read payments now. */
function mayConsume({ snapshots }: HostedFollower): Decision {
  const about = { kind: 'person', issuer: '', claimGroups: [], claims: undefined, source: undefined } as const;
  const resource = { kind: 'topic', cluster: 'main', name: 'payments' } as const;
  return decide(snapshots.current!, { identity: 'alice', ...about }, 'consume', resource, systemClock.now());
}

/** A property of an adapter, as it would be without the proxy. */
function own(target: ForgeApi, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key);
  return typeof value === 'function' ? value.bind(target) : value;
}

/** The rows that need what only GitHub has. */
export function attackTableOfGitHub(forge: () => Promise<GitHubUnderTest>): void {
  test('a merge queue puts two requests on the branch at once: each is judged on its own', async () => {
    const github = await forge();
    await using there = await HostedWorld.make(github, await tempDir());
    await using gateway = await there.follow();
    const [approved, not] = [await there.ask('alice'), await there.ask('mallory')];
    await there.approve('bob', approved.pull);
    await github.mergeByQueue([not.pull.number, approved.pull.number], 'bob');
    expect(await settled(gateway)).toEqual({ [approved.name]: 'admitted', [not.name]: 'NotEnoughApprovals' });
  });

  test('a program approves, whoever it belongs to: not counted', async () => {
    const github = await forge();
    await using there = await HostedWorld.make(github, await tempDir());
    await using gateway = await there.follow();
    github.makeBot('bob');
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.merge(asked.pull, 'merge', 'carol');
    expect(await settled(gateway)).toEqual({ [asked.name]: 'NotEnoughApprovals' });
  });
}
