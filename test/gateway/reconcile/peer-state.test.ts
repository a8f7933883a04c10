import { describe, expect, test } from 'vitest';
import type { PeerEvidence } from '../../../core/admission/peer-evidence.ts';
import type { AdmittedGrant, Tombstone } from '../../../core/model/right.ts';
import { narrowedByPeer, toldToPeers } from '../../../gateway/reconcile/peer-state.ts';
import type { AdmittedEntry, GatewayState } from '../../../gateway/state/state-store.ts';

const commit = 'c'.repeat(40);
const now = 1_000_000;

const evidence = {
  ...{ commit, parent: 'b'.repeat(40), requestSigners: ['alice'], contributors: [], claimedEmails: [] },
  ...{ mergedAt: 1, mergedBy: 'bob', approvals: [] },
};

function entry(uid: string, change: Partial<AdmittedGrant> = {}): AdmittedEntry {
  const grant = { uid, name: `n-${uid}`, subject: 'alice', start: 0, end: now + 100, admittedAt: 10, ...change };
  return { grant, verdict: {}, evidence, rules: commit } as unknown as AdmittedEntry;
}

function state(change: Partial<GatewayState> = {}): GatewayState {
  return {
    ...{ version: 1, repoId: '7', admittedCommit: commit, judgedCommit: commit, lost: undefined, baseline: undefined },
    ...{ frozen: undefined, grants: {}, emergencies: {}, deletedGrants: [], refusals: [], tombstones: [] },
    ...{ lastMergedAt: 0, policyMerges: {}, debts: [] },
    ...change,
  };
}

const subject = (name: string, until?: number, seenAt = 5): Tombstone => ({
  ...{ name: `out-${name}`, target: { subject: name }, until, seenAt },
});

const said = (from: GatewayState): PeerEvidence => toldToPeers(from, { gateway: 'gw2', branch: 'main' }, now);

describe('what is told', () => {
  test('live grants with their evidence, and what is over; no emergency, no first use, nothing that has ended', () => {
    const { evidence: _none, ...bare } = entry('emergency');
    const told = said(
      state({
        grants: {
          live: entry('live'),
          ended: entry('ended', { end: now }),
          waits: entry('waits', { firstUse: { from: 0, duration: 1 } }),
          deleted: entry('deleted'),
          revoked: entry('revoked'),
          emergency: bare,
        },
        deletedGrants: ['deleted'],
        tombstones: [
          { name: 'r', target: { grant: 'revoked' }, until: undefined, seenAt: 5 },
          subject('mallory'),
          subject('lifted', now),
          subject('carol', now + 1),
        ],
      }),
    );
    expect(told.grants).toEqual([{ uid: 'live', name: 'n-live', end: now + 100, evidence }]);
    expect(told.deletedGrants).toEqual(['deleted']);
    expect(told.revocations).toEqual([
      { name: 'r', grant: 'revoked' },
      { name: 'out-mallory', subject: 'mallory' },
      { name: 'out-carol', subject: 'carol', until: now + 1 },
    ]);
  });
});

describe('what is taken without judging', () => {
  test('revocations, deletions and earlier ends, and no right', () => {
    const here = state({ grants: { a: entry('a'), b: entry('b'), c: entry('c', { end: now + 10 }) } });
    const there = state({
      grants: { b: entry('b', { end: now + 50 }), c: entry('c'), d: entry('d') },
      deletedGrants: ['a', 'x'],
      tombstones: [subject('alice')],
    });
    const next = narrowedByPeer(here, said(there), now);
    expect(next.deletedGrants).toEqual(['a', 'x']);
    expect(next.tombstones).toEqual([subject('alice', undefined, now)]);
    // alice's grants are over there, so nothing is said of their ends
    expect(Object.keys(next.grants)).toEqual(['a', 'b', 'c']);
    const ends = narrowedByPeer(here, said({ ...there, tombstones: [] }), now).grants;
    expect([ends['b']!.grant.end, ends['c']!.grant.end]).toEqual([now + 50, now + 10]);
  });

  test('a revocation ends also what this gateway admitted after its clock said', () => {
    const here = state({ grants: { a: entry('a', { admittedAt: now + 500 }) } });
    const [taken] = narrowedByPeer(here, said(state({ tombstones: [subject('alice')] })), now).tombstones;
    expect(taken!.seenAt).toBe(now + 500);
  });

  test('nothing new is the same state', () => {
    const here = state({ tombstones: [subject('alice')], deletedGrants: ['a'] });
    expect(narrowedByPeer(here, said(here), now)).toBe(here);
  });

  test.each([
    ['lifted by the owners here: it stays lifted', subject('alice', now), subject('alice'), 1],
    ['for ever here already', subject('alice'), subject('alice', now + 5), 1],
    ['for longer here', subject('alice', now + 9), subject('alice', now + 5), 1],
    ['for longer there', subject('alice', now + 5), subject('alice', now + 9), 2],
    ['for ever there', subject('alice', now + 5), subject('alice'), 2],
    ['over there', subject('mallory'), subject('alice', now), 1],
    ['of another subject by the same name', { ...subject('mallory'), name: 'out-alice' }, subject('alice'), 2],
  ])('a revocation that is %s', (_what, known, told, count) => {
    const next = narrowedByPeer(state({ tombstones: [known] }), said(state({ tombstones: [told] })), now);
    expect(next.tombstones).toHaveLength(count);
    expect(next.tombstones[0]).toEqual(known);
  });

  test('a revocation of nothing, or of two things, is none', () => {
    const told = { ...said(state()), revocations: [{ name: 'a' }, { name: 'b', grant: 'x', subject: 'alice' }] };
    const here = state();
    expect(narrowedByPeer(here, told, now)).toBe(here);
  });
});
