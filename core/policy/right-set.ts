import type { AccessPolicy, Stream } from '../model/documents.ts';
import type { Principal } from '../model/principal.ts';
import type { Operation, Pattern } from '../model/resource.ts';
import type { AdmittedGrant } from '../model/right.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { coversSubject } from './fits.ts';
import { applies } from './operations.ts';
import { groupPatterns, intersect, transactionalIdPatterns } from './patterns.ts';

/** One thing a principal may do to a set of names. */
export interface Right {
  readonly kind: 'topic' | 'group' | 'transactionalId' | 'cluster';
  readonly pattern: Pattern;
  readonly operations: readonly Operation[];
  /** Epoch ms at which a grant's right ends; undefined = standing. */
  readonly end: number | undefined;
}

/**
 * Everything a principal may do on a cluster while this snapshot stands, whatever the time of day: hours, conditions,
 * explicit denials and a start in the future are left to `decide`, which judges each request. It is what the ACLs for
 * the principal's sessions are made from, the second lock behind `decide`, and says whether there is any right at all.
 */
export function rightSet(snapshot: Snapshot, principal: Principal, cluster: string, now: number): readonly Right[] {
  const { policies } = snapshot;
  const identity = policies.identities.get(principal.identity);
  if (!identity) return [];
  const rights: Right[] = [];
  const standingOff = snapshot.tombstones.some(
    ({ target, until }) =>
      'subject' in target && target.subject === identity.name && (until === undefined || now < until),
  );
  for (const policy of standingOff ? [] : policies.policies.values()) {
    if (policy.effect !== 'allow' || policy.mode !== 'standing') continue;
    if (!coversSubject(policies.groups, policy, identity, principal.claimGroups)) continue;
    for (const name of policy.streams) {
      const stream = policies.streams.get(name);
      if (stream?.cluster !== cluster) continue;
      add(rights, policy.operations, undefined, {
        topics: stream.topics,
        groups: groupPatterns(policy, stream, identity.name),
        transactionalIds: transactionalIdPatterns(policy, stream, identity.name),
        cluster,
      });
    }
  }
  for (const grant of snapshot.grants.values()) {
    if (grant.subject !== identity.name || grant.cluster !== cluster || grant.end <= now) continue;
    if (revoked(snapshot, grant)) continue;
    const policy = policies.policies.get(grant.policy);
    if (policy?.effect !== 'allow' || !coversSubject(policies.groups, policy, identity, principal.claimGroups))
      continue;
    const operations = grant.operations.filter((operation) => policy.operations.includes(operation));
    for (const frozen of grant.streams) {
      const stream = policies.streams.get(frozen.stream);
      if (!stream || !policy.streams.includes(frozen.stream)) continue;
      add(rights, operations, grant.end, { ...narrowed(frozen, policy, stream, identity.name), cluster });
    }
  }
  return rights;
}

type Scope = Readonly<Record<'topics' | 'groups' | 'transactionalIds', readonly Pattern[]>>;

function narrowed(frozen: Scope, policy: AccessPolicy, stream: Stream, identity: string): Scope {
  return {
    topics: intersect(frozen.topics, stream.topics),
    groups: intersect(frozen.groups, groupPatterns(policy, stream, identity)),
    transactionalIds: intersect(frozen.transactionalIds, transactionalIdPatterns(policy, stream, identity)),
  };
}

function add(
  rights: Right[],
  operations: readonly Operation[],
  end: number | undefined,
  scope: Scope & { readonly cluster: string },
): void {
  for (const [kind, patterns] of [
    ['topic', scope.topics],
    ['group', scope.groups],
    ['transactionalId', scope.transactionalIds],
    ['cluster', [{ literal: scope.cluster }]],
  ] as const) {
    const given = operations.filter((operation) => applies(operation, kind));
    if (given.length === 0) continue;
    for (const pattern of patterns) rights.push({ kind, pattern, operations: given, end });
  }
}

function revoked(snapshot: Snapshot, grant: AdmittedGrant): boolean {
  return snapshot.tombstones.some(({ target, seenAt }) =>
    'grant' in target
      ? target.grant === grant.uid || target.grant === grant.name
      : target.subject === grant.subject && grant.admittedAt <= seenAt,
  );
}
