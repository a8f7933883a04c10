/** A policy set for tests of the data path: what alice may do to a few streams, and a grant besides. */
import type { PolicySet } from '../../core/model/documents.ts';
import type { Principal } from '../../core/model/principal.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import { policySetOf } from './policy-set.ts';
import { admitted } from './snapshot.ts';

export const issuer = 'https://issuer.example';

export const alice: Principal = { identity: 'alice', kind: 'person', issuer, claimGroups: [] };
export const bob: Principal = { identity: 'bob', kind: 'person', issuer, claimGroups: [] };

/**
 * alice reads and writes `<prefix>open` and `<prefix>open.*`, reads and writes `<prefix>masked` (masked in both
 * directions where the mask's `on` says so), and may be granted `<prefix>granted`
 * with groups of that name. `<prefix>secret` is nobody's; bob
 * may do nothing.
 */
export function accessPolicies(
  prefix = '',
  options: { maskOn?: string; from?: string; durability?: 'strict' | 'bestEffort' } = {},
): PolicySet {
  const { maskOn = 'consume, produce', from = issuer, durability = 'bestEffort' } = options;
  const person = (name: string): string => `{person: {oidc: [{issuer: '${from}', subject: ${name}}]}}`;
  const recording = `recording: {durability: ${durability}}`;
  return policySetOf([
    ['Cluster', 'main', '{type: kafka, owners: [team]}'],
    [
      'Stream',
      'open',
      `{cluster: main, topics: [{literal: '${prefix}open'}, {prefix: '${prefix}open.'}], owners: [team]}`,
    ],
    [
      'Stream',
      'masked',
      `{cluster: main, topics: [{literal: '${prefix}masked'}, {prefix: '${prefix}masked.'}], owners: [team]}`,
    ],
    [
      'Stream',
      'granted',
      `{cluster: main, topics: [{literal: '${prefix}granted'}, {prefix: '${prefix}granted.'}], owners: [team]}`,
    ],
    ['Stream', 'secret', `{cluster: main, topics: [{literal: '${prefix}secret'}], owners: [team]}`],
    ['Identity', 'alice', person('alice')],
    ['Identity', 'bob', person('bob')],
    ['Group', 'team', '{members: [bob]}'],
    [
      'AccessPolicy',
      'use',
      `{effect: allow, mode: standing, subjects: [{identity: alice}], streams: [open, masked], operations: [consume, produce, create, delete], groups: [{prefix: '${prefix}alice.'}, {prefix: console-consumer-}], transactionalIds: [{prefix: '${prefix}alice.'}], ${recording}}`,
    ],
    [
      'AccessPolicy',
      'ask',
      `{effect: allow, mode: onRequest, subjects: [{identity: alice}], streams: [granted], operations: [consume, produce], groups: [{prefix: '${prefix}granted.'}], approval: anyone, limits: {maxDuration: PT24H}, ${recording}}`,
    ],
    ['ApproverRule', 'anyone', '{require: {all: [{from: team, count: 1}]}}'],
    [
      'MaskPolicy',
      'cards',
      `{streams: [masked], on: [${maskOn}], unmaskable: deny, rules: [{name: card, detector: card, action: partial}, {name: ssn, path: '**.ssn', action: redact}]}`,
    ],
  ]);
}

/** alice's grant on `granted`, until `end` (epoch ms). */
export function grantUntil(policies: PolicySet, end: number): AdmittedGrant {
  return admitted(policies, { subject: 'alice', policy: 'ask', start: 0, end });
}
