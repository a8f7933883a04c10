import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SeenApproval, StepEvidence } from '../../../core/admission/evidence.ts';
import { keptEvidence, revivedEvidence, withOwnEvidence } from '../../../core/admission/kept-evidence.ts';
import { formatPeerEvidence, type PeerEvidence, parsePeerEvidence } from '../../../core/admission/peer-evidence.ts';
import type { PolicySet } from '../../../core/model/documents.ts';

const [commit, parent, base] = ['c', 'b', 'a'].map((letter) => letter.repeat(40)) as [string, string, string];

function word(by: string | undefined, verdict: 'approve' | 'reject', change: Partial<SeenApproval> = {}): SeenApproval {
  const statement = { version: 1, repoId: '7', branch: 'main', kind: 'grant', uid: 'u', digest: 'd' } as const;
  const rest = { parts: { spec: 'e' }, verdict, baseCommit: base, signedAt: 3, expiresAt: 9 };
  return {
    by,
    owner: undefined,
    withdrawn: undefined,
    statement: { ...statement, ...rest },
    base: undefined,
    ...change,
  };
}

function step(change: Partial<StepEvidence> = {}): StepEvidence {
  return {
    ...{ commit, parent, flaw: undefined, requestSigners: ['alice'], contributors: ['dan'], mergedBy: 'bob' },
    ...{ claimedEmails: ['a@example.com'], mergedAt: 5, approvals: [word('bob', 'approve')] },
    ...change,
  };
}

const said: PeerEvidence = {
  ...{ version: 1, gateway: 'gw2', repoId: '7', branch: 'main', exportedAt: 7, judgedCommit: commit },
  grants: [
    {
      ...{ uid: 'a'.repeat(32), name: 'n', end: 9 },
      evidence: JSON.parse(JSON.stringify(keptEvidence(step(), 'u'))) as PeerEvidence['grants'][number]['evidence'],
    },
  ],
  ...{ revocations: [{ name: 'r', subject: 'mallory' }], deletedGrants: ['b'.repeat(32)], leftOut: 0 },
};

describe('evidence that is kept', () => {
  test('is plain JSON, and comes back with the rules that each approver saw', async () => {
    const rules = {} as PolicySet;
    const withdrawn = word(undefined, 'approve', { owner: 'olga', withdrawn: 'it was dismissed' });
    const whole = step({ approvals: [word('bob', 'approve'), withdrawn] });
    const other = word('bob', 'approve');
    Object.assign(other.statement, { uid: 'another' });
    const kept = keptEvidence({ ...whole, approvals: [...whole.approvals, other] }, 'u');
    expect(JSON.parse(JSON.stringify(kept))).toEqual(kept);
    const back = await revivedEvidence(kept, async (at) => (at === base ? rules : undefined));
    expect(back).toEqual({ ...whole, approvals: whole.approvals.map((one) => ({ ...one, base: rules })) });
    const none = await revivedEvidence(kept, async () => undefined);
    expect(none.approvals.map((one) => one.base)).toEqual([undefined, undefined]);
  });
});

describe('what a peer saw beside what is seen here', () => {
  test('what is gone here is as the peer saw it; what is only here excludes and rejects', () => {
    const rejection = word('carol', 'reject');
    const own = step({
      ...{ contributors: ['eve'], claimedEmails: ['b@example.com'] },
      approvals: [rejection, word('bob', 'approve', { withdrawn: 'it was dismissed' })],
    });
    const both = withOwnEvidence(step(), own);
    expect(both?.approvals).toEqual([word('bob', 'approve'), rejection]);
    expect(both?.contributors).toEqual(['dan', 'eve']);
    expect(both?.claimedEmails).toEqual(['a@example.com', 'b@example.com']);
  });

  test('another time or another author of the merge: one of the two is wrong, and neither counts', () => {
    expect(withOwnEvidence(step(), step({ mergedAt: 6 }))).toBeUndefined();
    expect(withOwnEvidence(step(), step({ requestSigners: ['mallory'] }))).toBeUndefined();
  });

  test('where the forge shows no merge, a peer makes none', () => {
    const flaw = { refusal: 'DirectPush', message: '' } as const;
    expect(withOwnEvidence(step(), step({ flaw }))).toBeUndefined();
  });

  test('whoever rejects it here has the last word, whatever the peer says they said', () => {
    const own = step({ approvals: [word('carol', 'reject')] });
    const silenced = word('carol', 'reject', { withdrawn: 'it was dismissed' });
    const later = word('carol', 'approve');
    Object.assign(later.statement, { signedAt: 4 });
    const both = withOwnEvidence(step({ approvals: [silenced, later, word('bob', 'approve')] }), own);
    expect(both?.approvals).toEqual([word('bob', 'approve'), word('carol', 'reject')]);
  });
});

describe('the text that peers sign', () => {
  test('is read back as it was', () => {
    expect(parsePeerEvidence(formatPeerEvidence(said))).toEqual(said);
  });

  test.each([
    ['no heading', formatPeerEvidence(said).replace('evidence/v1', 'evidence/v2')],
    ['a line more', `${formatPeerEvidence(said)}more\n`],
    ['no end', formatPeerEvidence(said).trimEnd()],
    ['a checkpoint', `sluice.dev/audit/gw2\n5\n${Buffer.alloc(32).toString('base64')}\n`],
    ['an unknown field', formatPeerEvidence({ ...said, rules: [] } as unknown as PeerEvidence)],
    ['an unknown version', formatPeerEvidence({ ...said, version: 2 } as unknown as PeerEvidence)],
  ])('%s is not taken', (_what, text) => {
    expect(parsePeerEvidence(text)).toBeUndefined();
  });

  test('cut or bent anywhere, it is read as something whole or not at all', () => {
    const text = formatPeerEvidence(said);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(text.length), fc.string({ maxLength: 3 }), (from, to, put) => {
        const bent = text.slice(0, from) + put + text.slice(Math.max(from, to));
        const read = parsePeerEvidence(bent);
        if (read) expect(parsePeerEvidence(formatPeerEvidence(read))).toEqual(read);
      }),
      { numRuns: 2000 },
    );
  });
});
