/** What every forge does alike: the people's side (Forge) and the gateway's (EvidenceSource), over one repo. */
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { grantDigest } from '../../../core/admission/approval-digest.ts';
import type { ApprovalStatement } from '../../../core/admission/evidence.ts';
import { systemClock } from '../../../core/clock/clock.ts';
import type { EvidenceSource } from '../../../core/forge/evidence-source.ts';
import type { AccessRequest, Forge } from '../../../core/forge/forge.ts';
import type { BareClone } from '../../../core/git/bare-clone.ts';
import type { PolicySet } from '../../../core/model/documents.ts';
import type { RevisionLoader } from '../../../core/source/revision.ts';
import { grantText, type Person } from './hosted-world.ts';

/** The repo on a forge as one person finds it now. */
export interface ForgeView {
  readonly forge: Forge;
  readonly evidence: EvidenceSource;
  readonly clone: BareClone;
  readonly loader: RevisionLoader;
  readonly tip: string;
  readonly rules: PolicySet;
  readonly repo: { readonly repoId: string; readonly branch: string };
}

export interface ForgeUnderContract extends AsyncDisposable {
  /** Whether requests have pages. */
  readonly hosted: boolean;
  as(person: Person): Promise<ForgeView>;
}

const uid = 'c'.repeat(32);
const file = 'grants/2026-11/contract.yaml';
const text = (duration = 'PT1H') =>
  grantText('contract', { uid, requestedBy: 'alice', subject: 'alice', window: { duration } });

export function forgeContract(world: () => Promise<ForgeUnderContract>): void {
  const ask = async (there: ForgeUnderContract, name = 'contract', files: Record<string, string | undefined> = {}) => {
    const { forge } = await there.as('alice');
    return forge.open({ name, title: 'Ask', body: 'for people', files: { [file]: text(), ...files } });
  };

  test('a request that is opened is found by its name, on the newest commit, by anybody', async () => {
    await using there = await world();
    const opened = await ask(there);
    const { forge, tip, clone } = await there.as('bob');
    expect((await forge.list()).map(({ name }) => name)).toEqual(['contract']);
    const found = await forge.find('contract');
    expect(found).toEqual({ ...opened, approvals: [] });
    expect(found).toMatchObject({ base: tip, url: there.hosted ? expect.stringContaining('http') : undefined });
    expect((await clone.changes(tip, opened.head)).map(({ path }) => path)).toEqual([file]);
    expect(await forge.find('other')).toBeUndefined();
    await expect(ask(there)).rejects.toMatchObject({ code: 'BadUsage' });
  });

  test('what somebody says is about the head they saw; their newest word counts', async () => {
    await using there = await world();
    const request = await ask(there);
    const digest = await digestOf(await there.as('bob'), request);
    await say(await there.as('bob'), request, 'reject');
    await say(await there.as('carol'), request, 'approve');
    const said = async () => (await (await there.as('alice')).forge.find('contract'))?.approvals ?? [];
    const words = (list: AccessRequest['approvals']) => list.map(({ by, verdict }) => `${by} ${verdict}`).sort();
    expect(words(await said())).toEqual(['bob reject', 'carol approve']);
    await new Promise((resolve) => setTimeout(resolve, 1100)); // forges tell whole seconds
    await say(await there.as('bob'), request, 'approve');
    const after = await said();
    expect(after.findLast(({ by }) => by === 'bob')?.verdict).toBe('approve');
    expect(after.map((one) => one.digest)).toEqual(after.map(() => digest));
  });

  test('a merge is one step of the branch, with who asked, who approved what, who merged and when', async () => {
    await using there = await world();
    const request = await ask(there);
    const bob = await there.as('bob');
    await say(bob, request, 'approve');
    const commit = await bob.forge.merge((await bob.forge.find('contract'))!);
    const { forge, evidence, clone, tip, rules, repo } = await there.as('carol');
    expect(tip).toBe(commit);
    expect(await forge.list()).toEqual([]);
    await expect(forge.merge(request)).rejects.toMatchObject({ name: expect.stringContaining('Error') });
    const commits = (await clone.firstParents(tip, bob.tip, 10))!;
    const { steps } = await evidence.steps(bob.tip, commits);
    expect(steps).toEqual([{ commit, parent: bob.tip }]);
    const seen = await evidence.evidence(bob.rules, steps[0]!);
    expect(seen).toMatchObject({ flaw: undefined, requestSigners: ['alice'], mergedBy: 'bob' });
    expect(Math.abs(seen.mergedAt - systemClock.now())).toBeLessThan(60_000);
    expect(seen.claimedEmails).toContain('alice@example.com');
    const digest = await digestOf({ ...bob, tip: bob.tip }, request);
    expect(seen.approvals.filter(({ withdrawn }) => withdrawn === undefined)).toMatchObject([
      { by: 'bob', statement: { ...repo, kind: 'grant', uid, digest, verdict: 'approve' } },
    ]);
    expect(rules.identities.size).toBe(bob.rules.identities.size);
  });

  test('a request that conflicts with the branch is not merged, and the branch stays', async () => {
    await using there = await world();
    const other = { 'README.md': 'one\n' };
    await ask(there, 'first', { ...other, [file]: undefined });
    await ask(there, 'second', { 'README.md': 'two\n' });
    const bob = await there.as('bob');
    const commit = await bob.forge.merge((await bob.forge.find('first'))!);
    const late = await there.as('bob');
    const second = (await late.forge.find('second'))!;
    await expect(late.forge.merge(second)).rejects.toMatchObject({ code: 'ForgeFailed' });
    expect((await there.as('bob')).tip).toBe(commit);
  });

  test('what only takes away is on the branch at once, and proves nothing', async () => {
    await using there = await world();
    const bob = await there.as('bob');
    const spec = { subject: 'mallory', reason: 'left' };
    const revocation = stringify({
      apiVersion: 'sluice.dev/v1',
      kind: 'Revocation',
      metadata: { name: 'r1' },
      spec,
    });
    const commit = await bob.forge.narrow('Revoke mallory', { 'revocations/r1.yaml': revocation });
    const { tip, loader, evidence, clone } = await there.as('carol');
    expect(tip).toBe(commit);
    expect((await loader.narrowing(tip)).revocations).toMatchObject([{ name: 'r1', target: { subject: 'mallory' } }]);
    const commits = (await clone.firstParents(tip, bob.tip, 10))!;
    const seen = await evidence.evidence(bob.rules, { commit: commits.at(-1)!, parent: bob.tip });
    expect(seen.approvals).toEqual([]);
    expect(seen.flaw === undefined).toBe(false);
  });
}

/** The digest of the grant that a request asks for, under the rules it stands on. */
async function digestOf({ forge, loader, rules, repo, tip }: ForgeView, request: AccessRequest): Promise<string> {
  const { name, head } = request;
  await forge.find(name); // which brings its commits
  const { grant, problems } = await loader.grant(tip, head, file);
  if (!grant) throw new TypeError(problems[0]?.message);
  return grantDigest(rules, grant, repo).digest;
}

async function say(view: ForgeView, request: AccessRequest, verdict: ApprovalStatement['verdict']): Promise<void> {
  const { loader, rules, repo, tip, forge } = view;
  await forge.find(request.name);
  const { grant } = await loader.grant(tip, request.head, file);
  const { digest, parts } = grantDigest(rules, grant!, repo);
  const now = systemClock.now();
  const times = { signedAt: now, expiresAt: now + 3_600_000 };
  const about = { kind: 'grant', uid, digest, parts, verdict, baseCommit: tip } as const;
  await forge.say(request, { version: 1, ...repo, ...about, ...times });
}
