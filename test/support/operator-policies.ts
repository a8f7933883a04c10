/** A policy set for tests of groups, configurations and administration. */
import type { PolicySet } from '../../core/model/documents.ts';
import type { Principal } from '../../core/model/principal.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import { issuer } from './access-policies.ts';
import { policySetOf } from './policy-set.ts';
import { admitted } from './snapshot.ts';

export const olga: Principal = { identity: 'olga', kind: 'person', issuer, claimGroups: [] };

/**
 * olga may do everything to `<prefix>open` and `<prefix>open.*`, with groups `<prefix>olga.*`; may only describe
 * `<prefix>seen` and group `<prefix>watched`; reads `<prefix>masked`, masked. `<prefix>secret` is nobody's. She may be
 * granted the administration of the cluster.
 */
export function operatorPolicies(prefix = '', from = issuer): PolicySet {
  const topics = (...names: readonly string[]): string =>
    names.map((name) => `{literal: '${prefix}${name}'}`).join(', ');
  return policySetOf([
    ['Cluster', 'main', '{type: kafka, owners: [team]}'],
    ['Stream', 'open', `{cluster: main, topics: [${topics('open')}, {prefix: '${prefix}open.'}], owners: [team]}`],
    ['Stream', 'seen', `{cluster: main, topics: [${topics('seen')}], owners: [team]}`],
    ['Stream', 'masked', `{cluster: main, topics: [${topics('masked')}], owners: [team]}`],
    ['Stream', 'secret', `{cluster: main, topics: [${topics('secret')}], owners: [team]}`],
    ['Identity', 'olga', `{person: {oidc: [{issuer: '${from}', subject: olga}]}}`],
    ['Identity', 'bob', `{person: {oidc: [{issuer: '${from}', subject: bob}]}}`],
    ['Group', 'team', '{members: [bob]}'],
    [
      'AccessPolicy',
      'use',
      `{effect: allow, mode: standing, subjects: [{identity: olga}], streams: [open], operations: [consume, produce, describe, alter, create, delete, offsets], groups: [{prefix: '${prefix}olga.'}], transactionalIds: [{prefix: '${prefix}olga.'}]}`,
    ],
    [
      'AccessPolicy',
      'watch',
      `{effect: allow, mode: standing, subjects: [{identity: olga}], streams: [seen], operations: [describe], groups: [{literal: '${prefix}watched'}]}`,
    ],
    [
      'AccessPolicy',
      'read-masked',
      `{effect: allow, mode: standing, subjects: [{identity: olga}], streams: [masked], operations: [consume], groups: [{prefix: '${prefix}olga.'}]}`,
    ],
    [
      'AccessPolicy',
      'administer',
      '{effect: allow, mode: onRequest, subjects: [{identity: olga}], streams: [open], operations: [admin], approval: anyone, limits: {maxDuration: PT24H}}',
    ],
    ['ApproverRule', 'anyone', '{require: {all: [{from: team, count: 1}]}}'],
    [
      'MaskPolicy',
      'cards',
      '{streams: [masked], on: [consume], unmaskable: deny, rules: [{name: card, detector: card, action: partial}]}',
    ],
  ]);
}

/** olga's grant of the cluster's administration, until `end` (epoch ms). */
export function administration(policies: PolicySet, end: number): AdmittedGrant {
  return admitted(policies, { subject: 'olga', policy: 'administer', start: 0, end });
}
