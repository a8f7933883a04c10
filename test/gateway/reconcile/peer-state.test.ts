import { describe, expect, test } from 'vitest';
import {
  formatPeerEvidence,
  longestPeerEvidence,
  type PeerEvidence,
  parsePeerEvidence,
} from '../../../core/admission/peer-evidence.ts';
import type { AdmittedGrant, Tombstone } from '../../../core/model/right.ts';
import { narrowedByPeer, toldToPeers } from '../../../gateway/reconcile/peer-state.ts';
import type { AdmittedEntry, GatewayState, KeptRefusal } from '../../../gateway/state/state-store.ts';

const commit = 'c'.repeat(40);
const now = 1_000_000;

/** A uid that says something. */
const id = (text: string): string => Buffer.from(text).toString('hex').padStart(32, '0');

const evidence = {
  ...{ commit, parent: 'b'.repeat(40), requestSigners: ['alice'], contributors: [], claimedEmails: [] },
  ...{ mergedAt: 1, mergedBy: 'bob', approvals: [] },
};

function entry(text: string, change: Partial<AdmittedGrant> = {}): AdmittedEntry {
  const grant = {
    uid: id(text),
    name: `n-${text}`,
    subject: 'alice',
    start: 0,
    end: now + 100,
    admittedAt: 10,
    ...change,
  };
  return { grant, verdict: {}, evidence, rules: commit } as unknown as AdmittedEntry;
}

const grantsOf = (...entries: readonly AdmittedEntry[]): GatewayState['grants'] =>
  Object.fromEntries(entries.map((one) => [one.grant.uid, one]));

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
        grants: grantsOf(
          entry('live'),
          entry('ended', { end: now }),
          entry('waits', { firstUse: { from: 0, duration: 1 } }),
          entry('deleted'),
          entry('revoked'),
          bare,
        ),
        deletedGrants: [id('deleted'), id('deleted')],
        tombstones: [
          { name: 'r', target: { grant: id('revoked') }, until: undefined, seenAt: 5 },
          subject('mallory'),
          subject('lifted', now),
          subject('carol', now + 1),
        ],
      }),
    );
    expect(told.grants).toEqual([{ uid: id('live'), name: 'n-live', end: now + 100, evidence }]);
    expect(told.leftOut).toBe(0);
    expect(told.deletedGrants).toEqual([id('deleted')]);
    expect(told.revocations).toEqual([
      { name: 'r', grant: id('revoked') },
      { name: 'out-mallory', subject: 'mallory' },
      { name: 'out-carol', subject: 'carol', until: now + 1 },
    ]);
  });
});

describe('what a note cannot hold', () => {
  test('a grant that cannot be told is counted, and holds back nothing else', () => {
    const odd = { ...entry('odd'), evidence: { ...evidence, claimedEmails: ['x'.repeat(321)] } } as AdmittedEntry;
    const told = said(state({ grants: grantsOf(odd, entry('live')), tombstones: [subject('mallory')] }));
    expect(told.grants.map(({ uid }) => uid)).toEqual([id('live')]);
    expect([told.leftOut, told.revocations.length]).toEqual([1, 1]);
    expect(parsePeerEvidence(formatPeerEvidence(told))).toEqual(told);
  });

  test('more grants than it has room for: the newest, and a note that is taken', () => {
    const large = { ...evidence, claimedEmails: Array.from({ length: 900 }, (_, i) => `${'x'.repeat(40)}${i}`) };
    const many = Array.from(
      { length: 200 },
      (_, i) => ({ ...entry(`g${i}`, { start: i }), evidence: large }) as AdmittedEntry,
    );
    const told = said(state({ grants: grantsOf(...many), deletedGrants: [id('x')] }));
    expect(told.leftOut).toBeGreaterThan(0);
    expect(told.grants.length + told.leftOut).toBe(200);
    expect(told.grants[0]!.uid).toBe(id('g199'));
    expect(formatPeerEvidence(told).length).toBeLessThan(longestPeerEvidence);
  });

  test('more that is over than it can hold is an error, not half a note', () => {
    const tombstones = Array.from({ length: 60_000 }, (_, i) => subject(`${'x'.repeat(60)}${i}`));
    expect(() => said(state({ tombstones }))).toThrow('more over');
  });
});

describe('what is taken without judging', () => {
  test('revocations, deletions and earlier ends, and no right', () => {
    const refused = { kind: 'grant', uid: id('x'), admitted: false } as KeptRefusal;
    const grants = grantsOf(entry('a'), entry('b'), entry('c', { end: now + 10 }));
    const here = state({ grants, refusals: [refused] });
    const there = state({
      grants: grantsOf(entry('b', { end: now + 50 }), entry('c'), entry('d')),
      deletedGrants: [id('a'), id('x'), id('unknown')],
      tombstones: [subject('alice')],
    });
    const next = narrowedByPeer(here, said(there), now);
    expect(next.deletedGrants).toEqual([id('a'), id('x')]);
    expect(next.tombstones).toEqual([subject('alice', undefined, now)]);
    // alice's grants are over there, so nothing is said of their ends
    expect(Object.keys(next.grants)).toEqual([id('a'), id('b'), id('c')]);
    const ends = narrowedByPeer(here, said({ ...there, tombstones: [] }), now).grants;
    expect([ends[id('b')]!.grant.end, ends[id('c')]!.grant.end]).toEqual([now + 50, now + 10]);
  });

  test('a revocation ends also what this gateway admitted after its clock said', () => {
    const here = state({ grants: grantsOf(entry('a', { admittedAt: now + 500 })) });
    const [taken] = narrowedByPeer(here, said(state({ tombstones: [subject('alice')] })), now).tombstones;
    expect(taken!.seenAt).toBe(now + 500);
  });

  test('nothing new is the same state', () => {
    const here = state({ tombstones: [subject('alice')], grants: grantsOf(entry('a')), deletedGrants: [id('a')] });
    expect(narrowedByPeer(here, said(here), now)).toBe(here);
  });

  test.each([
    [
      'lifted by the owners here: it stays lifted',
      { ...subject('alice', now), lifted: true as const },
      subject('alice'),
      1,
    ],
    ['over by itself here, and not there', subject('alice', now), subject('alice'), 2],
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

  test('the same ones again and again are one, and too many are refused', () => {
    const one = { name: 'r', subject: 'mallory' };
    const told = { ...said(state()), revocations: Array.from({ length: 50_000 }, () => one) };
    expect(narrowedByPeer(state(), told, now).tombstones).toHaveLength(1);
    const many = Array.from({ length: 20_001 }, (_, i) => ({ name: `r${i}`, subject: 'mallory' }));
    expect(() => narrowedByPeer(state(), { ...told, revocations: many }, now)).toThrow('more revocations');
  });

  test('a revocation of nothing, or of two things, is none', () => {
    const told = { ...said(state()), revocations: [{ name: 'a' }, { name: 'b', grant: 'x', subject: 'alice' }] };
    const here = state();
    expect(narrowedByPeer(here, told, now)).toBe(here);
  });
});
