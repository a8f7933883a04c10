/** One of the two policy sets that a plan compares, with what every question to it needs. */
import type { AccessPolicy, Grant, Group, PolicySet } from '../model/documents.ts';
import type { Principal } from '../model/principal.ts';
import type { Operation, Resource } from '../model/resource.ts';
import type { AdmittedGrant } from '../model/right.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { freezeGrant } from '../policy/freeze-grant.ts';
import { groupsOf, issuersOf } from '../policy/match-identity.ts';
import { indexOf, type SnapshotIndex } from '../policy/snapshot-index.ts';
import type { Question } from '../policy/stream-rights.ts';
import { type Requirement, requirementOf } from './approval.ts';
import type { Claim } from './plan.ts';

/** Somebody who asks, with what their token says (all of one issuer). */
export interface Asker {
  readonly identity: string;
  /** Keys of claims, sorted. */
  readonly claims: readonly string[];
}

export interface Side {
  readonly set: PolicySet;
  /** Grants as they would be admitted, from long ago to far ahead. Revocations are not in it: see `standingFrom`. */
  readonly snapshot: Snapshot;
  readonly index: SnapshotIndex;
  /** Epoch ms at which a subject's standing access is there (again): -Infinity = always was, Infinity = never. */
  readonly standingFrom: ReadonlyMap<string, number>;
  /** Who a policy is about: by policy and Identity, the claims that one of is needed; none = no claim is needed. */
  readonly concerned: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** undefined when nobody can be this: the Identity is not there, or has no account at the claims' issuer. */
  question(asker: Asker, operation: Operation, resource: Resource): Question | undefined;
  requirement(policy: AccessPolicy, stream: string): Requirement;
}

const always = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY, admittedAt: 0 };

export function claimKey({ issuer, claim, value }: Claim): string {
  return JSON.stringify([issuer, claim, value]);
}

export function claimOf(key: string): Claim {
  const [issuer, claim, value] = JSON.parse(key) as [string, string, string];
  return { issuer, claim, value };
}

/**
 * The two sides of a plan. A grant that both have was admitted under the base's rules and is only narrowed by the
 * head's; one that the head adds, or changes, counts as admitted under the head's. `about`: rules are read for this
 * Identity alone.
 */
export function sidesOf(
  base: PolicySet,
  head: PolicySet,
  about?: string,
): { readonly base: Side; readonly head: Side } {
  const byUid = new Map([...base.grants.values()].map((grant) => [grant.uid, grant]));
  const kept = (grant: Grant): boolean => {
    const before = byUid.get(grant.uid);
    return before !== undefined && contentOf(before) === contentOf(grant);
  };
  const lifted = revokedOnly(base, head);
  const added = revokedOnly(head, base);
  const baseGrants = [...base.grants.values()].filter((grant) => !isRevoked(base, grant) && !lifted.has(grant.subject));
  const headGrants = [...head.grants.values()].filter(
    (grant) => !isRevoked(head, grant) && (!kept(grant) || !added.has(grant.subject)),
  );
  return {
    base: sideOf(
      base,
      baseGrants.map((grant) => freezeGrant(base, grant, always)),
      about,
    ),
    head: sideOf(
      head,
      headGrants.map((grant) => freezeGrant(kept(grant) ? base : head, grant, always)),
      about,
    ),
  };
}

function sideOf(set: PolicySet, grants: readonly AdmittedGrant[], about: string | undefined): Side {
  const snapshot: Snapshot = {
    revision: '',
    generation: 0,
    policies: set,
    grants: new Map(grants.map((grant) => [grant.uid, grant])),
    tombstones: [],
  };
  const index = indexOf(snapshot);
  const groupSets = new Map<string, ReadonlySet<string>>();
  const requirements = new Map<AccessPolicy, Map<string, Requirement>>();
  return {
    set,
    snapshot,
    index,
    standingFrom: standingFrom(set),
    concerned: new Map([...set.policies.values()].map((policy) => [policy.name, concernedBy(set, policy, about)])),
    question: (asker, operation, resource) => {
      const principal = principalOf(set, asker);
      if (!principal) return undefined;
      const key = JSON.stringify(asker);
      const groups = groupSets.get(key) ?? new Set(groupsOf(set.groups, principal));
      groupSets.set(key, groups);
      return { snapshot, index, principal, groups, operation, resource, now: 0 };
    },
    requirement: (policy, stream) => {
      const ofPolicy = requirements.get(policy) ?? new Map<string, Requirement>();
      requirements.set(policy, ofPolicy);
      const found = ofPolicy.get(stream) ?? requirementOf(set, policy, set.streams.get(stream)!);
      ofPolicy.set(stream, found);
      return found;
    },
  };
}

function principalOf(set: PolicySet, { identity: name, claims }: Asker): Principal | undefined {
  const identity = set.identities.get(name);
  if (!identity) return undefined;
  const issuer = claims[0] === undefined ? '' : claimOf(claims[0]).issuer;
  if (issuer !== '' && !issuersOf(identity).includes(issuer)) return undefined;
  const claimGroups = [...set.groups.values()]
    .filter(({ fromClaim }) => fromClaim && claims.includes(claimKey(fromClaim)))
    .map((group) => group.name)
    .sort();
  return { identity: name, kind: identity.person ? 'person' : 'workload', issuer, claimGroups };
}

function concernedBy(
  set: PolicySet,
  policy: AccessPolicy,
  about: string | undefined,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const add = (name: string, claim: string | undefined): void => {
    if (about !== undefined && name !== about) return;
    const before = found.get(name);
    if (before?.length === 0 || !set.identities.has(name)) return;
    found.set(name, claim === undefined ? [] : [...new Set([...(before ?? []), claim])].sort());
  };
  for (const subject of policy.subjects) {
    if ('identity' in subject) add(subject.identity, undefined);
    else addGroup(set, set.groups.get(subject.group), add);
  }
  return found;
}

function addGroup(
  set: PolicySet,
  group: Group | undefined,
  add: (name: string, claim: string | undefined) => void,
): void {
  for (const member of group?.members ?? []) add(member, undefined);
  const { fromClaim } = group ?? {};
  if (!fromClaim) return;
  for (const identity of set.identities.values()) {
    if (issuersOf(identity).includes(fromClaim.issuer)) add(identity.name, claimKey(fromClaim));
  }
}

function standingFrom({ revocations }: PolicySet): Map<string, number> {
  const from = new Map<string, number>();
  for (const { target, until } of revocations.values()) {
    if (!('subject' in target)) continue;
    from.set(
      target.subject,
      Math.max(from.get(target.subject) ?? Number.NEGATIVE_INFINITY, until ?? Number.POSITIVE_INFINITY),
    );
  }
  return from;
}

/** Subjects that the one set revokes and the other does not. */
function revokedOnly(here: PolicySet, there: PolicySet): ReadonlySet<string> {
  const others = standingFrom(there);
  return new Set([...standingFrom(here).keys()].filter((subject) => !others.has(subject)));
}

function isRevoked({ revocations }: PolicySet, grant: Grant): boolean {
  return [...revocations.values()].some(
    ({ target }) => 'grant' in target && (target.grant === grant.name || target.grant === grant.uid),
  );
}

/** Everything of a grant but its window and where it stands. */
function contentOf({
  at: _at,
  labels: _labels,
  window: _window,
  reason: _reason,
  ticket: _ticket,
  ...rest
}: Grant): string {
  return JSON.stringify(rest);
}
