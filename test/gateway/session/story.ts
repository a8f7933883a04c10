/** Rules, a principal and a live snapshot for the tests of sessions and of what time does to them. */
import type { CloseReason } from '../../../core/audit/event.ts';
import type { Principal } from '../../../core/model/principal.ts';
import type { SessionConnection } from '../../../gateway/session/session.ts';
import { policySetOf } from '../../support/policy-set.ts';

export const minute = 60_000;

export const rules = policySetOf([
  ['Cluster', 'main', '{type: kafka, owners: [platform]}'],
  ['Stream', 'orders', '{cluster: main, topics: [{literal: orders}], owners: [platform]}'],
  ['Stream', 'items', '{cluster: main, topics: [{literal: items}], owners: [platform]}'],
  ['Identity', 'ada', '{person: {oidc: [{issuer: "https://login.example.com", subject: ada}]}}'],
  ['Identity', 'bob', '{person: {oidc: [{issuer: "https://login.example.com", subject: bob}]}}'],
  ['Group', 'platform', '{members: [bob]}'],
  ['ApproverRule', 'lead', '{require: {all: [{from: platform, count: 1}]}}'],
  [
    'AccessPolicy',
    'read-items',
    '{effect: allow, mode: standing, subjects: [{identity: ada}], streams: [items], operations: [consume]}',
  ],
  [
    'AccessPolicy',
    'debug-orders',
    '{effect: allow, mode: onRequest, subjects: [{identity: ada}], streams: [orders], operations: [consume, produce], approval: lead, limits: {maxDuration: PT8H}}',
  ],
]);

export const ada: Principal = { identity: 'ada', kind: 'person', issuer: 'https://login.example.com', claimGroups: [] };
export const bob: Principal = { ...ada, identity: 'bob' };

/** A connection that writes down what is done to it. */
export class RecordedConnection implements SessionConnection {
  static #next = 1;
  readonly id = RecordedConnection.#next++;
  readonly seen: string[] = [];
  onRecheck: (() => void) | undefined;

  recheck(): void {
    this.seen.push('recheck');
    this.onRecheck?.();
  }

  cut(reason: CloseReason): void {
    this.seen.push(`cut ${reason}`);
  }
}
