import fc from 'fast-check';
import { expect, test } from 'vitest';
import { meets } from '../../../core/admission/count-approvals.ts';
import type { Decision } from '../../../core/model/decision.ts';
import type { AccessPolicy, Grant, PolicySet } from '../../../core/model/documents.ts';
import type { Principal } from '../../../core/model/principal.ts';
import { matches, type Operation, type Pattern, type Resource } from '../../../core/model/resource.ts';
import type { AdmittedGrant, Tombstone } from '../../../core/model/right.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { AccessChange, PlanChange } from '../../../core/plan/plan.ts';
import { planOf } from '../../../core/plan/plan-of.ts';
import { decide } from '../../../core/policy/decide.ts';
import { applies } from '../../../core/policy/operations.ts';
import { resolveScope } from '../../../core/policy/resolve-scope.ts';
import { admitted } from '../../support/snapshot.ts';
import { claimValues, instants, issuer, people, twoWorlds } from './small-worlds.ts';

const hour = 3_600_000;
const operations: readonly Operation[] = ['consume', 'produce', 'describe', 'admin'];
const resources: readonly Resource[] = [
  ...['a', 'ab', 'abc', 'ax', 'b', 'bx'].map((name) => ({ cluster: 'c1', kind: 'topic' as const, name })),
  { cluster: 'c2', kind: 'topic', name: 'ab' },
  ...['g1', 'ga', 'alice.x', 'bob.x', 'bob.y', 'console-consumer-1'].map((name) => ({
    cluster: 'c1',
    kind: 'group' as const,
    name,
  })),
  { cluster: 'c1', kind: 'cluster', name: 'c1' },
];
const questions = operations.flatMap((operation) =>
  resources.filter(({ kind }) => applies(operation, kind)).map((resource) => ({ operation, resource })),
);

function subsets<T>(items: readonly T[]): T[][] {
  const [first, ...rest] = items;
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((set) => [set, [first, ...set]]);
}

/** Who would sign, and for how long: with that every request that it is enough for is granted. */
interface Asked {
  readonly signers: readonly string[];
  readonly duration: number;
}
const asked: readonly Asked[] = subsets(people).flatMap((signers) =>
  [hour, 2 * hour, 3 * hour].map((duration) => ({ signers, duration })),
);

/** Which of all that could be tried is. */
interface Tried {
  readonly asked: readonly Asked[];
  readonly claims: readonly (readonly string[])[];
  /** What the claims that conditions read say. */
  readonly met: readonly Met[];
}
type Met = { readonly mfa: boolean; readonly vpn: boolean };
const mets: readonly Met[] = [true, false].flatMap((mfa) => [true, false].map((vpn) => ({ mfa, vpn })));
const tried: fc.Arbitrary<Tried> = fc.record({
  asked: fc.subarray([...asked], { minLength: 3, maxLength: 3 }),
  claims: fc.subarray(subsets(claimValues), { minLength: 2, maxLength: 2 }),
  met: fc.subarray([...mets], { minLength: 2, maxLength: 2 }),
});

/** A side as the gateway would have it: its grants admitted, those of requests too. `rules`: under which they were. */
function snapshotFor(
  set: PolicySet,
  rulesOf: (grant: Grant) => PolicySet,
  revoke: (grant: Grant | undefined) => Tombstone[],
) {
  const live = [...set.grants.values()].filter((grant) => rulesOf(grant).policies.has(grant.policy));
  const grants = live.map((grant): AdmittedGrant => {
    const rules = rulesOf(grant);
    return {
      ...admitted(rules, { subject: grant.subject, policy: grant.policy, start: 0, end: Number.POSITIVE_INFINITY }),
      uid: grant.uid,
      name: grant.name,
      cluster: rules.streams.get(grant.streams[0]!)!.cluster,
      streams: resolveScope(rules, grant),
      operations: grant.operations,
      masksAtAdmission: masksOn(rules, grant.streams),
      admittedAt: revoke(grant).length > 0 ? 0 : 2,
    };
  });
  return (principal: string, { signers, duration }: Asked): Snapshot => {
    const requests = [...set.policies.values()].flatMap((policy) =>
      requestsFor(set, policy, principal, signers, duration),
    );
    return {
      revision: '',
      generation: 1,
      policies: set,
      grants: new Map([...grants, ...requests].map((grant) => [grant.uid, grant])),
      tombstones: revoke(undefined),
    };
  };
}

function requestsFor(
  set: PolicySet,
  policy: AccessPolicy,
  subject: string,
  signers: readonly string[],
  duration: number,
): AdmittedGrant[] {
  const { maxDuration } = policy.limits;
  if (policy.effect !== 'allow' || policy.mode !== 'onRequest' || (maxDuration !== undefined && duration > maxDuration))
    return [];
  return policy.streams.flatMap((name) => {
    const stream = set.streams.get(name)!;
    const rules = [policy.approval, stream.minimumApproval].filter((one) => one !== undefined);
    const valid = signers.map((signer) => ({ name: signer, base: set }));
    if (!rules.every((one) => meets(set.approverRules.get(one)!, set, valid))) return [];
    const uid = `asked ${policy.name} ${name}`;
    const document = { streams: [name], policy: policy.name, subject } as Partial<Grant> as Grant;
    return [
      {
        ...admitted(set, { subject, policy: policy.name, start: 0, end: Number.POSITIVE_INFINITY }),
        uid,
        name: uid,
        cluster: stream.cluster,
        streams: resolveScope(set, document),
        masksAtAdmission: masksOn(set, [name]),
        admittedAt: 2,
      },
    ];
  });
}

function masksOn(set: PolicySet, streams: readonly string[]): string[] {
  const masks = [...set.masks.values()].filter((mask) => mask.streams.some((name) => streams.includes(name)));
  return masks.flatMap((mask) => mask.rules.map((rule) => `${mask.name}/${rule.name}`));
}

const strengths = { redact: 3, hash: 2, partial: 1 } as const;

/** How well each field is hidden, and what happens to values that cannot be. */
function hidden(decision: Decision): Map<string, number> {
  const found = new Map<string, number>();
  const note = (what: string, strength: number): void => {
    found.set(what, Math.max(found.get(what) ?? 0, strength));
  };
  for (const { policy, lifted } of decision.effect === 'allow' ? decision.masks : []) {
    note('unmaskable', policy.unmaskable === 'deny' ? 2 : 1);
    for (const { name, match, action } of policy.rules) {
      if (!lifted.includes(name)) note(JSON.stringify(match), strengths[action]);
    }
  }
  return found;
}

/** `access` when only the second allows; `mask` when it hides something less well. */
function wider(before: Decision, after: Decision): 'access' | 'mask' | undefined {
  if (after.effect === 'deny') return undefined;
  if (before.effect === 'deny') return 'access';
  const now = hidden(after);
  return [...hidden(before)].some(([what, strength]) => (now.get(what) ?? 0) < strength) ? 'mask' : undefined;
}

interface Wider {
  readonly what: 'access' | 'mask';
  readonly principal: string;
  readonly claims: readonly string[];
  readonly operation: Operation;
  readonly resource: Resource;
}

/** The two sides, as snapshots for whoever asks. */
function bothSides(base: PolicySet, head: PolicySet) {
  const uids = new Map([...base.grants.values()].map((grant) => [grant.uid, grant]));
  const kept = (grant: Grant): boolean => JSON.stringify(uids.get(grant.uid)) === JSON.stringify(grant);
  const tombstones = (set: PolicySet): Tombstone[] =>
    [...set.revocations.values()].map(({ name, target, until }) => ({ name, target, until, seenAt: 1 }));
  // A revocation ends the grants that were there before it; whether a kept one was, only a gateway knows: both are tried.
  const ended = (set: PolicySet, other: PolicySet) => (grant: Grant | undefined) =>
    grant === undefined
      ? tombstones(set)
      : tombstones(set).filter(
          ({ target }) =>
            'subject' in target && target.subject === grant.subject && set !== other && (set === base || kept(grant)),
        );
  const before = snapshotFor(base, () => base, ended(base, head));
  const after = snapshotFor(head, (grant) => (kept(grant) ? base : head), ended(head, base));
  return { before, after };
}

/** Who somebody is on a side, with these claims. */
function who(set: PolicySet, principal: string, claims: readonly string[], met: Met | undefined): Principal {
  const claimGroups = [...set.groups.values()]
    .filter(({ fromClaim }) => fromClaim && claims.includes(fromClaim.value))
    .map((one) => one.name);
  return { identity: principal, kind: 'person', issuer, claimGroups, claims: met };
}

/** Every difference that brute force finds. */
function* bruteForce(base: PolicySet, head: PolicySet, tried: Tried): Generator<Wider> {
  const { before, after } = bothSides(base, head);
  const pairs = people.flatMap((principal) =>
    tried.asked.map((how) => ({ principal, left: before(principal, how), right: after(principal, how) })),
  );
  // One instant after the other: working out the hours of a day is what takes time.
  for (const at of instants) {
    for (const { principal, left, right } of pairs) {
      for (const claims of tried.claims) {
        for (const met of tried.met) {
          const [old, now] = [who(base, principal, claims, met), who(head, principal, claims, met)];
          for (const { operation, resource } of questions) {
            const what = wider(decide(left, old, operation, resource, at), decide(right, now, operation, resource, at));
            if (what) yield { what, principal, claims, operation, resource };
          }
        }
      }
    }
  }
}

/** True when a line of the plan tells of a difference. */
function tells(change: AccessChange, found: Wider, patterns: readonly Pattern[]): boolean {
  return (
    change.principals.includes(found.principal) &&
    change.claims.every(({ value }) => found.claims.includes(value)) &&
    change.aspects.some((aspect) => (found.what === 'access' ? aspect === 'access' : aspect.startsWith('mask'))) &&
    (change.operations.includes(found.operation) || found.operation === 'describe') &&
    change.regions.some(({ kind, cluster, names }) => {
      if (kind !== found.resource.kind || cluster !== found.resource.cluster) return false;
      const own = names.map((name) => name.replace('<subject>', found.principal));
      if (kind !== 'topic')
        return own.some(
          (name) =>
            name === found.resource.name || (name.endsWith('*') && found.resource.name.startsWith(name.slice(0, -1))),
        );
      return own.includes(closest(patterns, found.resource.name));
    })
  );
}

/** The pattern that names a topic most exactly. */
function closest(patterns: readonly Pattern[], name: string): string {
  const texts = patterns
    .filter((pattern) => matches(pattern, name))
    .map((one) => ('literal' in one ? one.literal : `${one.prefix}*`));
  return texts.sort((a, b) => Number(a.endsWith('*')) - Number(b.endsWith('*')) || b.length - a.length)[0]!;
}

function topicPatterns(sets: readonly PolicySet[], cluster: string): Pattern[] {
  return sets.flatMap(({ streams }) =>
    [...streams.values()].filter((one) => one.cluster === cluster).flatMap((one) => one.topics),
  );
}

test('a plan tells every widening that brute force finds', () => {
  let found = 0;
  fc.assert(
    fc.property(twoWorlds({ intricate: true }), tried, ({ base, head }, some) => {
      const lines = planOf(base, head).widens.filter((change): change is AccessChange => change.what === 'access');
      const seen = new Set<string>();
      for (const wide of bruteForce(base, head, some)) {
        const key = JSON.stringify(wide);
        if (seen.has(key)) continue;
        seen.add(key);
        found++;
        const patterns = [
          ...topicPatterns([base, head], wide.resource.cluster),
          ...listed(lines, wide.resource.cluster),
        ];
        if (!lines.some((line) => tells(line, wide, patterns))) expect(lines, `missing: ${key}`).toEqual(wide);
      }
    }),
    { numRuns: 150 },
  );
  expect(found).toBeGreaterThan(1000); // the world is one in which things widen
}, 300_000);

test('a plan tells of no access that brute force does not find', () => {
  let told = 0;
  fc.assert(
    fc.property(twoWorlds({ intricate: false }), ({ base, head }) => {
      const { before, after } = bothSides(base, head);
      for (const cell of planOf(base, head).widens.flatMap(cellsOf)) {
        told++;
        const { principal, claims, operation, resource } = cell;
        const [old, now] = [who(base, principal, claims, undefined), who(head, principal, claims, undefined)];
        const found = instants.some((at) =>
          asked.some((how) => {
            const narrow = decide(before(principal, how), old, operation, resource, at);
            return wider(narrow, decide(after(principal, how), now, operation, resource, at)) === 'access';
          }),
        );
        if (!found) expect(planOf(base, head).widens, `false alarm: ${JSON.stringify(cell)}`).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
  expect(told).toBeGreaterThan(1000);
}, 300_000);

/**
 * One question for everything that a line says about access to topics and clusters. Names of groups and ids are left
 * out: where a deny takes single names out of a pattern, a plan is unsure.
 */
function cellsOf(change: PlanChange): Omit<Wider, 'what'>[] {
  if (change.what !== 'access' || !change.aspects.includes('access')) return [];
  const claims = change.claims.map(({ value }) => value);
  return change.principals.flatMap((principal) =>
    change.regions
      .filter(({ kind }) => kind === 'topic' || kind === 'cluster')
      .flatMap(({ kind, cluster, names }) =>
        names.flatMap((text) =>
          change.operations
            .filter((operation) => applies(operation, kind))
            .map((operation) => ({
              principal,
              claims,
              operation,
              resource: { cluster, kind, name: text.replace('*', 'zz') },
            })),
        ),
      ),
  );
}

/** A grant may cut topics where no stream does: what the plan names is known as well. */
function listed(lines: readonly AccessChange[], cluster: string): Pattern[] {
  const regions = lines.flatMap((line) =>
    line.regions.filter((one) => one.kind === 'topic' && one.cluster === cluster),
  );
  return regions.flatMap(({ names }) =>
    names.map((name) => (name.endsWith('*') ? { prefix: name.slice(0, -1) } : { literal: name })),
  );
}
