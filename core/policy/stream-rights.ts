/** What one principal holds on one stream for one operation: every rule that speaks of it, each with its state in time. */
import { windowAt } from '../clock/hours.ts';
import type { AccessPolicy, Stream } from '../model/documents.ts';
import type { Principal } from '../model/principal.ts';
import type { Operation, Pattern, Resource } from '../model/resource.ts';
import type { AdmittedGrant } from '../model/right.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { bindingsDigest } from './bindings.ts';
import { meets } from './meets.ts';
import { allows } from './operations.ts';
import { anyMatches, groupPatterns, transactionalIdPatterns } from './patterns.ts';
import type { SnapshotIndex } from './snapshot-index.ts';

export type RightState = 'live' | 'notStarted' | 'outsideHours' | 'unmet' | 'expired' | 'revoked';

/** One allow that covers the resource, now or at another time. */
export interface StreamRight {
  readonly stream: Stream;
  readonly policy: AccessPolicy;
  readonly grant: AdmittedGrant | undefined;
  readonly state: RightState;
  /** Next epoch ms at which `state` changes by time alone. */
  readonly until: number | undefined;
}

/** One deny that covers the resource; it holds now when `active`. */
export interface Ban {
  readonly policy: AccessPolicy;
  readonly active: boolean;
  readonly until: number | undefined;
}

/** What a decision is asked. */
export interface Question {
  readonly snapshot: Snapshot;
  readonly index: SnapshotIndex;
  readonly principal: Principal;
  /** Groups of the principal, by list or claim. */
  readonly groups: ReadonlySet<string>;
  readonly operation: Operation;
  readonly resource: Resource;
  readonly now: number;
}

/** True when a policy is about this principal. */
export function concerns({ principal, groups }: Question, policy: AccessPolicy): boolean {
  return policy.subjects.some((subject) =>
    'identity' in subject ? subject.identity === principal.identity : groups.has(subject.group),
  );
}

/** Every right of the question on one stream, standing and granted. */
export function rightsOn(question: Question, stream: Stream): StreamRight[] {
  const { index, principal, now } = question;
  const revocations = index.revokedSubjects.get(principal.identity) ?? [];
  const lift = latest(revocations.filter((t) => t.until === undefined || now < t.until).map((t) => t.until));
  const revoked = revocations.some((t) => t.until === undefined || now < t.until);
  const rights: StreamRight[] = [];
  for (const policy of index.policiesOf.get(stream.name) ?? []) {
    if (policy.effect !== 'allow' || policy.mode !== 'standing' || !covered(question, policy, stream)) continue;
    const state = revoked ? { state: 'revoked' as const, until: lift } : conditionsOf(question, policy);
    rights.push({ stream, policy, grant: undefined, ...state });
  }
  for (const grant of index.grantsOf.get(principal.identity) ?? []) {
    const right = grantedRight(question, stream, grant);
    if (right) rights.push(right);
  }
  return rights;
}

/** Every deny of the question on one stream. */
export function bansOn(question: Question, stream: Stream): Ban[] {
  const { index, operation, resource, now } = question;
  const bans: Ban[] = [];
  for (const policy of index.policiesOf.get(stream.name) ?? []) {
    if (policy.effect !== 'deny' || !policy.operations.includes(operation) || !concerns(question, policy)) continue;
    const own =
      resource.kind === 'group'
        ? policy.groups
        : resource.kind === 'transactionalId'
          ? policy.transactionalIds
          : undefined;
    if (own && !anyMatches(own, resource.name)) continue;
    const window = policy.limits.hours && windowAt(policy.limits.hours, now);
    // A deny that cannot be told to be unmet holds.
    const met = meets(question, policy) !== 'unmet';
    bans.push({ policy, active: met && (window?.open ?? true), until: met ? window?.until : undefined });
  }
  return bans;
}

/** True when an allow names the principal, the operation and, for groups and ids, the name. Topics were matched before. */
export function covered(question: Question, policy: AccessPolicy, stream: Stream): boolean {
  const { operation, resource, principal } = question;
  return (
    allows(policy.operations, operation, resource.kind) &&
    concerns(question, policy) &&
    namesOf(resource, policy, stream, principal.identity).some((list) => anyMatches(list, resource.name))
  );
}

function namesOf(resource: Resource, policy: AccessPolicy, stream: Stream, identity: string): (readonly Pattern[])[] {
  switch (resource.kind) {
    case 'topic':
      return [stream.topics];
    case 'group':
      return [groupPatterns(policy, stream, identity)];
    case 'transactionalId':
      return [transactionalIdPatterns(policy, stream, identity)];
    case 'cluster':
      return [[{ literal: stream.cluster }]];
  }
}

/** A frozen grant ∩ what the snapshot still says; undefined when nothing of it is left for this question. */
function grantedRight(question: Question, stream: Stream, grant: AdmittedGrant): StreamRight | undefined {
  const { snapshot, index, operation, resource, now } = question;
  if (grant.cluster !== resource.cluster || !allows(grant.operations, operation, resource.kind)) return undefined;
  const frozen = grant.streams.find((one) => one.stream === stream.name);
  const policy = snapshot.policies.policies.get(grant.policy);
  if (!frozen || !policy || policy.effect !== 'allow' || !policy.streams.includes(stream.name)) return undefined;
  const names = {
    topic: frozen.topics,
    group: frozen.groups,
    transactionalId: frozen.transactionalIds,
    cluster: [{ literal: grant.cluster }],
  }[resource.kind];
  if (!anyMatches(names, resource.name) || !covered(question, policy, stream)) return undefined;
  const identity = snapshot.policies.identities.get(grant.subject);
  if (!identity || bindingsDigest(identity) !== grant.bindings) return undefined;
  const right = { stream, policy, grant };
  if (isRevoked(index, grant)) return { ...right, state: 'revoked', until: undefined };
  if (now >= grant.end) return { ...right, state: 'expired', until: undefined };
  if (now < grant.start) return { ...right, state: 'notStarted', until: grant.start };
  const { state, until } = conditionsOf(question, policy);
  return { ...right, state, until: Math.min(grant.end, until ?? grant.end) };
}

/** A grant is revoked by name or uid, or with its subject when it was admitted no later than the revocation was seen. */
function isRevoked(index: SnapshotIndex, grant: AdmittedGrant): boolean {
  if (index.revokedGrants.has(grant.name) || index.revokedGrants.has(grant.uid)) return true;
  return (index.revokedSubjects.get(grant.subject) ?? []).some(({ seenAt }) => !(grant.admittedAt > seenAt));
}

function conditionsOf(question: Question, policy: AccessPolicy): Pick<StreamRight, 'state' | 'until'> {
  const met = meets(question, policy) === 'met';
  const { hours } = policy.limits;
  if (!hours) return { state: met ? 'live' : 'unmet', until: undefined };
  const { open, until } = windowAt(hours, question.now);
  return { state: !open ? 'outsideHours' : met ? 'live' : 'unmet', until };
}

function latest(instants: readonly (number | undefined)[]): number | undefined {
  if (instants.length === 0 || instants.includes(undefined)) return undefined;
  return Math.max(...(instants as number[]));
}
