/** Everybody who may do something to a resource, or may ask to, by the function that decides. */
import type { Location } from '../errors/problem.ts';
import type { Allow, AppliedMask, Deny, RuleRef } from '../model/decision.ts';
import type { AccessPolicy, Durability, Identity, MaskPolicy, PolicySet, Stream } from '../model/documents.ts';
import type { Principal } from '../model/principal.ts';
import type { Operation, Resource } from '../model/resource.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { decide } from './decide.ts';
import { hopefulSnapshot } from './hopeful.ts';
import { groupsOf, issuersOf } from './match-identity.ts';
import { indexOf } from './snapshot-index.ts';
import { covered, type Question } from './stream-rights.ts';

/** One way in which somebody can. `now`: as things are; `later`: at other hours; `if`: when conditions are met; `ask`: through a grant. */
export interface Holder {
  readonly principal: string;
  readonly kind: Principal['kind'];
  readonly how: 'now' | 'later' | 'if' | 'ask';
  readonly rule: RuleRef;
  /** Subjects of the rule that it is theirs through: `identity alice`, `group leads`. */
  readonly through: readonly string[];
  /** Groups that their token has to put them into. */
  readonly claimGroups: readonly string[];
  /** Conditions that have to be met, or, of a deny, not: the texts of `when`. */
  readonly conditions: readonly string[];
  /** For `later`: when it may begin. */
  readonly until: number | undefined;
  readonly masks: readonly AppliedMask[];
  readonly durability: Durability;
  /** For `ask`: names of the ApproverRules. */
  readonly approval: readonly string[];
  /** For `ask`: longest time of one grant, ms. */
  readonly maxDuration: number | undefined;
  readonly at: Location | undefined;
}

/** All of them, by name. Claims and addresses are not known: what depends on them comes with its conditions. */
export function whoCan(snapshot: Snapshot, operation: Operation, resource: Resource, now: number): Holder[] {
  const set = snapshot.policies;
  const index = indexOf(snapshot);
  const streams =
    resource.kind === 'topic'
      ? index.streamsOfTopic(resource.cluster, resource.name)
      : (index.streamsOn.get(resource.cluster) ?? []);
  const policies = [...new Set(streams.flatMap(({ name }) => index.policiesOf.get(name) ?? []))];
  const hopeful = hopefulSnapshot(snapshot);
  return candidates(set, policies)
    .flatMap((identity) => {
      const ways = tokensOf(set, identity, policies).map((principal) => ({
        snapshot,
        hopeful,
        principal,
        operation,
        resource,
        now,
        streams,
      }));
      return holdersOf(ways);
    })
    .sort((a, b) => (a.principal < b.principal ? -1 : a.principal > b.principal ? 1 : 0));
}

interface Ask {
  readonly snapshot: Snapshot;
  readonly hopeful: Snapshot;
  readonly principal: Principal;
  readonly operation: Operation;
  readonly resource: Resource;
  readonly now: number;
  readonly streams: readonly Stream[];
}

/** Each way once, with the smallest token that is enough for it; none beyond one that needs nothing more. */
function holdersOf(ways: readonly Ask[]): Holder[] {
  const found: Holder[] = [];
  const add = (one: Holder): void => {
    if (!found.some(({ how, rule }) => how === one.how && rule.name === one.rule.name)) found.push(one);
  };
  for (const ask of ways) {
    const { snapshot, hopeful, principal, operation, resource, now } = ask;
    const decision = decide(snapshot, principal, operation, resource, now);
    if (decision.effect === 'allow') {
      add(holder(ask, 'now', decision));
      break;
    }
    const hoped = hopeful === snapshot ? decision : decide(hopeful, principal, operation, resource, now);
    if (hoped.effect === 'allow') add(holder(ask, 'if', hoped));
    else if (hoped.code === 'OutsideHours') add(later(ask, hoped));
    if (hoped.effect === 'allow' || (hoped.code === 'ExplicitDeny' && hoped.until === undefined)) continue;
    for (const request of requestsOf(ask)) add(request);
  }
  return found;
}

function holder(ask: Ask, how: 'now' | 'if', { rule, policy, until, masks, durability }: Allow): Holder {
  const { snapshot, principal } = ask;
  const named = snapshot.policies.policies.get(policy);
  return {
    ...person(ask, named),
    how,
    rule,
    conditions: how === 'if' ? conditionsOf(ask, named) : [],
    until,
    masks,
    durability,
    approval: [],
    maxDuration: undefined,
    at: rule.at,
    claimGroups: principal.claimGroups,
  };
}

function later(ask: Ask, { rule, until }: Deny): Holder {
  const named = ask.snapshot.policies.policies.get(rule.name);
  return {
    ...person(ask, named),
    how: 'later',
    rule,
    conditions: conditionsOf(ask, named),
    until,
    masks: masksUnder(ask.snapshot.policies, ask.streams, [], ask.operation),
    durability: named?.durability ?? 'strict',
    approval: [],
    maxDuration: undefined,
    at: rule.at,
    claimGroups: ask.principal.claimGroups,
  };
}

const known = new WeakMap<Principal, ReadonlySet<string>>();

/** Groups of a token that is asked about: looked up once, since each has many policies. */
function groupsOfToken({ snapshot, principal }: Ask): ReadonlySet<string> {
  const groups = known.get(principal) ?? new Set(groupsOf(snapshot.policies.groups, principal));
  known.set(principal, groups);
  return groups;
}

function person(ask: Ask, policy: AccessPolicy | undefined) {
  const { principal } = ask;
  const groups = groupsOfToken(ask);
  const through = (policy?.subjects ?? []).flatMap((subject) => {
    if ('identity' in subject) return subject.identity === principal.identity ? [`identity ${subject.identity}`] : [];
    return groups.has(subject.group) ? [`group ${subject.group}`] : [];
  });
  return { principal: principal.identity, kind: principal.kind, through };
}

/** Conditions of the rule that allows, and of the denies that would stand in its way. */
function conditionsOf(ask: Ask, chosen: AccessPolicy | undefined): string[] {
  const question = questionOf(ask);
  const denies = ask.streams.flatMap(({ name }) =>
    (question.index.policiesOf.get(name) ?? []).filter(
      (policy) =>
        policy.effect === 'deny' && policy.operations.includes(ask.operation) && person(ask, policy).through.length > 0,
    ),
  );
  const texts = [
    ...(chosen?.when ? [chosen.when.text] : []),
    ...denies.flatMap(({ when }) => (when ? [`not (${when.text})`] : [])),
  ];
  return [...new Set(texts)];
}

/** Policies under which a grant would give it, where every stream has one or allows it already. */
function requestsOf(ask: Ask): Holder[] {
  const question = questionOf(ask);
  const { snapshot, resource, streams } = ask;
  const found = streams.map((stream) => ({
    stream,
    policies: (question.index.policiesOf.get(stream.name) ?? []).filter(
      (policy) => policy.effect === 'allow' && policy.mode === 'onRequest' && covered(question, policy, stream),
    ),
    standing: (question.index.policiesOf.get(stream.name) ?? []).some(
      (policy) => policy.effect === 'allow' && policy.mode === 'standing' && covered(question, policy, stream),
    ),
  }));
  const every = resource.kind === 'topic';
  if (every && found.some(({ policies, standing }) => policies.length === 0 && !standing)) return [];
  const byPolicy = new Map<AccessPolicy, Stream[]>();
  for (const { stream, policies } of found) {
    for (const policy of policies) byPolicy.set(policy, [...(byPolicy.get(policy) ?? []), stream]);
  }
  return [...byPolicy].map(([policy, own]): Holder => {
    const minimum = own.flatMap(({ minimumApproval }) => minimumApproval ?? []);
    return {
      ...person(ask, policy),
      how: 'ask',
      rule: { kind: 'AccessPolicy', name: policy.name, at: policy.at },
      claimGroups: ask.principal.claimGroups,
      conditions: policy.when ? [policy.when.text] : [],
      until: undefined,
      masks: masksUnder(snapshot.policies, streams, policy.unmask, ask.operation),
      durability: policy.durability,
      approval: [...new Set([...(policy.approval ? [policy.approval] : []), ...minimum])].sort(),
      maxDuration: policy.limits.maxDuration,
      at: policy.at,
    };
  });
}

function masksUnder(
  set: PolicySet,
  streams: readonly Stream[],
  unmask: readonly string[],
  operation: Operation,
): AppliedMask[] {
  const names = new Set(streams.map(({ name }) => name));
  const applied = (mask: MaskPolicy): boolean =>
    (operation === 'consume' || operation === 'produce') &&
    mask.on.includes(operation) &&
    mask.streams.some((name) => names.has(name));
  return [...set.masks.values()].filter(applied).flatMap((mask) => {
    const lifted = mask.rules.map(({ name }) => name).filter((name) => unmask.includes(`${mask.name}/${name}`));
    return lifted.length === mask.rules.length ? [] : [{ policy: mask, lifted }];
  });
}

function questionOf(ask: Ask): Question {
  const { snapshot, principal, operation, resource, now } = ask;
  const groups = groupsOfToken(ask);
  return { snapshot, index: indexOf(snapshot), principal, groups, operation, resource, now };
}

/** Identities that one of the policies can be about, and subjects of grants. */
function candidates(set: PolicySet, policies: readonly AccessPolicy[]): Identity[] {
  const names = new Set<string>();
  const issuers = new Set<string>();
  for (const policy of policies.filter(({ effect }) => effect === 'allow')) {
    for (const subject of policy.subjects) {
      if ('identity' in subject) names.add(subject.identity);
      else {
        const group = set.groups.get(subject.group);
        for (const member of group?.members ?? []) names.add(member);
        if (group?.fromClaim) issuers.add(group.fromClaim.issuer);
      }
    }
  }
  return [...set.identities.values()].filter(
    (identity) => names.has(identity.name) || (issuers.size > 0 && issuersOf(identity).some((one) => issuers.has(one))),
  );
}

/** What their tokens can say: nothing, one group that the policies name, or all of an issuer's. */
function tokensOf(set: PolicySet, identity: Identity, policies: readonly AccessPolicy[]): Principal[] {
  const kind = identity.person ? 'person' : 'workload';
  const own = issuersOf(identity);
  const named = policies.flatMap((policy) => policy.subjects.flatMap((one) => ('group' in one ? [one.group] : [])));
  const claimed = [...new Set(named)].flatMap((name) => {
    const { fromClaim } = set.groups.get(name) ?? {};
    return fromClaim && own.includes(fromClaim.issuer) ? [{ name, issuer: fromClaim.issuer }] : [];
  });
  const token = (issuer: string, claimGroups: readonly string[]): Principal => ({
    identity: identity.name,
    kind,
    issuer,
    claimGroups,
  });
  const byIssuer = Map.groupBy(claimed, ({ issuer }) => issuer);
  return [
    token(own[0] ?? '', []),
    ...claimed.map(({ name, issuer }) => token(issuer, [name])),
    ...[...byIssuer]
      .filter(([, groups]) => groups.length > 1)
      .map(([issuer, groups]) => token(issuer, groups.map(({ name }) => name).sort())),
  ];
}
