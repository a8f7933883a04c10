import { expect, test } from 'vitest';
import type { AdmittedGrant } from '../../../core/model/right.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import { grantStatuses } from '../../../gateway/assemble/status.ts';
import type { GatewayState } from '../../../gateway/state/state-store.ts';

const grant = { uid: 'u', name: 'g', subject: 'alice', start: 100, end: 200, admittedAt: 90, approvedBy: [] };
const stateOf = (more: Partial<GatewayState> = {}, bend: object = {}) =>
  ({
    grants: { u: { grant: { ...grant, ...bend }, verdict: {} } },
    refusals: [],
    deletedGrants: [],
    tombstones: [],
    ...more,
  }) as unknown as GatewayState;
const inForce = (bend: object = {}) =>
  ({ grants: new Map([['u', { ...grant, ...bend } as unknown as AdmittedGrant]]) }) as unknown as Snapshot;
const stateAt = (state: GatewayState, snapshot: Snapshot | undefined, now: number) =>
  grantStatuses(state, snapshot, now)[0]?.state;

test('a grant that was admitted is active when it is in force, and not before', () => {
  expect(stateAt(stateOf(), undefined, 150)).toBe('Scheduled');
  expect(stateAt(stateOf(), { grants: new Map() } as unknown as Snapshot, 150)).toBe('Scheduled');
  expect(stateAt(stateOf(), inForce(), 150)).toBe('Active');
  expect([99, 100, 199, 200].map((now) => stateAt(stateOf(), inForce(), now))).toEqual([
    'Scheduled',
    'Active',
    'Active',
    'Expired',
  ]);
});

test('a grant that has begun by its first use is active when that is in force', () => {
  const waiting = inForce({ start: 200, firstUse: { from: 100, duration: 50 } });
  expect(stateAt(stateOf({}, { start: 120, end: 170 }), waiting, 150)).toBe('Scheduled');
  expect(stateAt(stateOf({}, { start: 120, end: 170 }), inForce({ start: 120, end: 170 }), 150)).toBe('Active');
});

test('what takes away is told at once', () => {
  expect(stateAt(stateOf({ deletedGrants: ['u'] }), inForce(), 150)).toBe('Revoked');
});
