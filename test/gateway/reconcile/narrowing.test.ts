import { expect, test } from 'vitest';
import type { NarrowingDocuments } from '../../../core/source/revision.ts';
import { lift, narrow } from '../../../gateway/reconcile/narrowing.ts';
import type { GatewayState } from '../../../gateway/state/state-store.ts';
import { approval, grant, hour, judge, mergedAt } from '../../core/admission/merged-request.ts';

const { admitted, verdict } = judge([approval('bob')]);
const entry = { grant: admitted!, verdict };
const state: GatewayState = {
  version: 1,
  repoId: '1'.repeat(40),
  admittedCommit: '1'.repeat(40),
  judgedCommit: '1'.repeat(40),
  frozen: undefined,
  grants: { [grant.uid]: entry },
  lost: undefined,
  baseline: undefined,
  emergencies: {},
  deletedGrants: [],
  refusals: [],
  tombstones: [],
  lastMergedAt: 0,
  policyMerges: {},
  debts: [],
};
const own = { uid: grant.uid, name: grant.name, duration: 2 * hour, notAfter: undefined };
const documents = (bend: Partial<NarrowingDocuments> = {}): NarrowingDocuments => ({
  grants: [own],
  revocations: [],
  ...bend,
});
const stop = { name: 'stop', target: { subject: 'alice' }, until: undefined };

test('nothing new: the very same state', () => {
  expect(narrow(state, documents(), mergedAt)).toBe(state);
  const once = narrow(state, documents({ revocations: [stop] }), mergedAt + hour);
  expect(narrow(once, documents({ revocations: [stop] }), mergedAt + 2 * hour)).toBe(once);
});

test('a clock that was set back lets no grant of a revoked subject outlive it', () => {
  const { tombstones } = narrow(state, documents({ revocations: [stop] }), mergedAt - 5 * hour);
  expect(tombstones).toEqual([{ ...stop, seenAt: admitted!.admittedAt }]);
});

test.each<[string, Partial<NarrowingDocuments['grants'][number]>, number]>([
  ['a shorter duration', { duration: hour }, mergedAt + hour],
  ['an earlier notAfter', { notAfter: mergedAt + 1 }, mergedAt + 1],
  ['a duration that does not parse', { duration: 0 }, mergedAt],
  ['a longer duration', { duration: 9 * hour }, mergedAt + 2 * hour],
  ['a later notAfter', { notAfter: mergedAt + 99 * hour }, mergedAt + 2 * hour],
])('%s', (_name, bend, end) => {
  const next = narrow(state, documents({ grants: [{ ...own, ...bend }] }), mergedAt);
  expect(next.grants[grant.uid]?.grant.end).toBe(end);
  const back = narrow(next, documents(), mergedAt);
  expect(back.grants[grant.uid]?.grant.end).toBe(end);
});

test.each<[string, NarrowingDocuments['grants']]>([
  ['gone', []],
  ['of another uid', [{ ...own, uid: 'f'.repeat(32) }]],
  ['of another name', [{ ...own, name: 'g2' }]],
])('a document that is %s ends its grant, for good', (_name, grants) => {
  const next = narrow(state, documents({ grants }), mergedAt);
  expect(next.deletedGrants).toEqual([grant.uid]);
  expect(narrow(next, documents(), mergedAt)).toBe(next);
});

test('a revocation that says something else is another one, whatever its name', () => {
  let next = narrow(state, documents({ revocations: [stop] }), mergedAt);
  for (const other of [
    { ...stop, target: { subject: 'bob' } },
    { ...stop, target: { grant: 'g1' } },
    { ...stop, until: mergedAt + hour },
  ]) {
    const before = next.tombstones.length;
    next = narrow(next, documents({ revocations: [other] }), mergedAt);
    expect(next.tombstones).toHaveLength(before + 1);
    expect(next.tombstones.at(-1)).toMatchObject(other);
  }
});

test('lifted: standing access comes back, the moment that ended grants stays, and a grant is never lifted', () => {
  const tombstones = [
    { ...stop, seenAt: mergedAt },
    { name: 'one', target: { grant: 'g1' }, until: undefined, seenAt: mergedAt },
    { name: 'other', target: { subject: 'bob' }, until: undefined, seenAt: mergedAt },
  ];
  const lifted = lift(tombstones, ['stop', 'one'], mergedAt + hour);
  expect(lifted).toEqual([{ ...tombstones[0], until: mergedAt + hour, lifted: true }, tombstones[1], tombstones[2]]);
  expect(lift(lifted, ['stop'], mergedAt + 2 * hour)).toBe(lifted);
  const again = narrow({ ...state, tombstones: lifted }, documents({ revocations: [stop] }), mergedAt + 3 * hour);
  expect(again.tombstones.at(-1)).toEqual({ ...stop, seenAt: mergedAt + 3 * hour });
});
