/**
 * The one answer to "may they?": explicit deny > revocation > live grant > standing allow > default deny. Pure: the
 * data path, can-i, explain and policy tests all ask here. A topic in several streams needs the permission of each;
 * groups, transactional ids and the cluster itself need that of one stream on their cluster.
 */
import type { Allow, Decision, Deny, DenyCode, RuleRef } from '../model/decision.ts';
import type { Durability, Stream } from '../model/documents.ts';
import type { Principal } from '../model/principal.ts';
import type { Operation, Resource } from '../model/resource.ts';
import type { Tombstone } from '../model/right.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { appliedMasks } from './applied-masks.ts';
import { groupsOf } from './match-identity.ts';
import { nearestMiss } from './nearest-miss.ts';
import { applies } from './operations.ts';
import { indexOf } from './snapshot-index.ts';
import { type Ban, bansOn, type Question, rightsOn, type StreamRight } from './stream-rights.ts';

/** Decides at `now` (epoch ms). The answer holds until `until`, or as long as the snapshot. */
export function decide(
  snapshot: Snapshot,
  principal: Principal,
  operation: Operation,
  resource: Resource,
  now: number,
): Decision {
  const index = indexOf(snapshot);
  const groups = new Set(groupsOf(snapshot.policies.groups, principal));
  const question: Question = { snapshot, index, principal, groups, operation, resource, now };
  if (!snapshot.policies.identities.has(principal.identity)) return no(question, 'UnknownSubject');
  if (!snapshot.policies.clusters.has(resource.cluster)) return no(question, 'UnknownResource');
  if (!applies(operation, resource.kind)) return no(question, 'NoRule');
  const streams =
    resource.kind === 'topic'
      ? index.streamsOfTopic(resource.cluster, resource.name)
      : (index.streamsOn.get(resource.cluster) ?? []);
  if (streams.length === 0) return no(question, 'UnknownResource');
  const views = streams.map((stream) => viewOf(question, stream));
  const decision = resource.kind === 'topic' ? needsEvery(question, views) : needsOne(question, views);
  const readsSource = views.some(({ rights, bans }) =>
    [...rights, ...bans].some((one) => one.policy.when?.readsSource),
  );
  return readsSource ? { ...decision, readsSource } : decision;
}

/** What one stream says to the question. */
interface View {
  readonly stream: Stream;
  readonly rights: readonly StreamRight[];
  readonly bans: readonly Ban[];
  /** A deny that stands now. */
  readonly ban: Ban | undefined;
  /** The right that allows it now, when no ban stands. */
  readonly chosen: StreamRight | undefined;
  readonly until: number | undefined;
}

function viewOf(question: Question, stream: Stream): View {
  const bans = bansOn(question, stream);
  const rights = rightsOn(question, stream);
  const standing = bans.filter((ban) => ban.active);
  if (standing[0]) {
    return { stream, rights, bans, ban: standing[0], chosen: undefined, until: earliest(standing.map((b) => b.until)) };
  }
  const chosen = rights.filter((right) => right.state === 'live').sort(byPrecedence)[0];
  // A live right that is not chosen ends unseen, unless it lifts masks.
  const seen = rights.filter((r) => r === chosen || r.state !== 'live' || (r.grant && r.policy.unmask.length > 0));
  const until = earliest([...seen.map((right) => right.until), ...bans.map((ban) => ban.until)]);
  return { stream, rights, bans, ban: undefined, chosen, until };
}

/** Grants before standing rules, then what lasts longest, then by name, so that every gateway names the same rule. */
function byPrecedence(a: StreamRight, b: StreamRight): number {
  if ((a.grant === undefined) !== (b.grant === undefined)) return a.grant ? -1 : 1;
  const [left, right] = [a.until ?? Number.POSITIVE_INFINITY, b.until ?? Number.POSITIVE_INFINITY];
  if (left !== right) return left > right ? -1 : 1;
  return (a.grant?.uid ?? a.policy.name) < (b.grant?.uid ?? b.policy.name) ? -1 : 1;
}

function needsEvery(question: Question, views: readonly View[]): Decision {
  const banned = views.find((view) => view.ban);
  const refused = banned ?? views.find((view) => !view.chosen);
  if (refused) return refuse(question, [refused], refused.until);
  const chosen = views.map((view) => view.chosen!);
  return {
    ...yes(chosen.toSorted(byPrecedence)[0]!),
    streams: views.map((view) => view.stream.name),
    until: earliest(views.map((view) => view.until)),
    masks: appliedMasks(question, views),
    durability: chosen.some((right) => durabilityOf(right) === 'strict') ? 'strict' : 'bestEffort',
    readsSource: false,
  };
}

function needsOne(question: Question, views: readonly View[]): Decision {
  const { resource } = question;
  const outright = views.flatMap((view) =>
    view.bans.filter((ban) => ban.active && bansOutright(resource, ban)).map((ban) => ({ ...view, ban })),
  )[0];
  const open = views.filter((view) => view.chosen).sort((a, b) => byPrecedence(a.chosen!, b.chosen!));
  const best = open[0];
  if (outright) return refuse(question, [outright], outright.until);
  if (!best) {
    const spoken = views.filter((view) => view.rights.length > 0);
    return refuse(question, spoken.length > 0 ? spoken : views, earliest(views.map((view) => view.until)));
  }
  const later = views.flatMap((view) => view.bans.filter((ban) => bansOutright(resource, ban)).map((ban) => ban.until));
  return {
    ...yes(best.chosen!),
    streams: open.map((view) => view.stream.name),
    until: earliest([best.until, ...later]),
    masks: [],
    durability: durabilityOf(best.chosen!),
    readsSource: false,
  };
}

/** A deny that names groups or ids, or the cluster, denies them whatever another stream allows. */
function bansOutright({ kind }: Resource, { policy }: Ban): boolean {
  if (kind === 'cluster') return true;
  return (kind === 'group' ? policy.groups : policy.transactionalIds) !== undefined;
}

function yes({ policy, grant }: StreamRight): Pick<Allow, 'effect' | 'rule' | 'grant' | 'policy'> {
  const rule: RuleRef = grant
    ? { kind: 'Grant', name: grant.name, at: grant.at }
    : { kind: 'AccessPolicy', name: policy.name, at: policy.at };
  return { effect: 'allow', rule, grant: grant?.uid, policy: policy.name };
}

function durabilityOf({ policy, grant }: StreamRight): Durability {
  return grant?.emergency ? 'strict' : policy.durability;
}

const codeOf = {
  notStarted: 'GrantNotStarted',
  outsideHours: 'OutsideHours',
  unmet: 'ConditionNotMet',
  expired: 'GrantExpired',
} as const;

function refuse(question: Question, views: readonly View[], until: number | undefined): Deny {
  const ban = views.find((view) => view.ban)?.ban;
  if (ban) {
    const rule: RuleRef = { kind: 'AccessPolicy', name: ban.policy.name, at: ban.policy.at };
    return { ...no(question, 'ExplicitDeny', rule.name), rule, until };
  }
  const miss = nearestMiss(
    question,
    views.map((view) => view.stream),
  );
  const rights = views.flatMap((view) => view.rights);
  const over = lastToEnd(question, rights);
  if (over?.by) {
    const rule = {
      kind: 'Revocation',
      name: over.by.name,
      at: question.snapshot.policies.revocations.get(over.by.name)?.at,
    } as const;
    return { ...no(question, 'Revoked', rule.name), rule, until };
  }
  for (const state of ['notStarted', 'outsideHours', 'unmet', 'expired'] as const) {
    const right = state === 'expired' ? over?.right : rights.find((one) => one.state === state);
    if (!right) continue;
    const { rule } = yes(right);
    return { ...no(question, codeOf[state], rule.name), rule, until, nearestMiss: miss };
  }
  return { ...no(question, 'NoRule'), until, nearestMiss: miss };
}

interface Over {
  readonly right: StreamRight;
  /** Epoch ms. */
  readonly at: number;
  /** What revoked it; undefined where it came to its own end. */
  readonly by: Tombstone | undefined;
}

/** Of the rights that are over, the one that was there last: it is what whoever asks has in mind. */
function lastToEnd(question: Question, rights: readonly StreamRight[]): Over | undefined {
  let last: Over | undefined;
  for (const right of rights) {
    if (right.state !== 'revoked' && right.state !== 'expired') continue;
    const over = howItEnded(question, right);
    if (!last || over.at > last.at) last = over;
  }
  return last;
}

function howItEnded(question: Question, right: StreamRight): Over {
  const by = right.state === 'revoked' ? revocationOf(question, right) : undefined;
  const end = right.grant?.end ?? Number.POSITIVE_INFINITY;
  if (!by) return { right, at: end, by };
  const { target, until, seenAt } = by;
  const stands = 'subject' in target && (until === undefined || question.now < until);
  if (stands) return { right, at: Number.POSITIVE_INFINITY, by };
  return end <= seenAt ? { right, at: end, by: undefined } : { right, at: seenAt, by };
}

/** The revocation that ended a right: one of the grant, or one of the subject that is in force for it. */
function revocationOf({ snapshot, principal, now }: Question, { grant }: StreamRight): Tombstone | undefined {
  return snapshot.tombstones.find(({ target, until, seenAt }) => {
    if ('grant' in target) return grant !== undefined && [grant.name, grant.uid].includes(target.grant);
    if (target.subject !== principal.identity) return false;
    return grant ? !(grant.admittedAt > seenAt) : until === undefined || now < until;
  });
}

const why: Record<DenyCode, (name: string) => string> = {
  NoRule: () => 'no policy allows it',
  UnknownResource: () => 'it belongs to no Stream of the policy repo',
  ExplicitDeny: (name) => `policy '${name}' denies it`,
  Revoked: (name) => `revocation '${name}' ended it`,
  OutsideHours: (name) => `'${name}' allows it at other hours`,
  ConditionNotMet: (name) => `the condition of '${name}' is not met`,
  GrantExpired: (name) => `grant '${name}' has ended`,
  GrantNotStarted: (name) => `grant '${name}' has not started`,
  UnknownSubject: () => 'the policy repo does not know this Identity',
  Stale: () => 'the policy repo could not be read for too long',
};

function no({ principal, operation, resource }: Question, code: DenyCode, name = ''): Deny {
  const kind = resource.kind === 'transactionalId' ? 'transactional id' : resource.kind;
  return {
    effect: 'deny',
    code,
    message: `${principal.identity} may not ${operation} ${kind} ${resource.name} on ${resource.cluster}: ${why[code](name)}`,
    rule: { kind: 'default', name: 'default deny', at: undefined },
    until: undefined,
    nearestMiss: undefined,
    readsSource: false,
  };
}

function earliest(instants: readonly (number | undefined)[]): number | undefined {
  const known = instants.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
