/**
 * What one side lets somebody do to consumer groups, transactional ids and clusters that the other does not. Here one
 * stream that allows is enough, unless a deny names the name.
 */
import type { AccessPolicy, Stream } from '../model/documents.ts';
import {
  covers,
  formatPattern,
  type Operation,
  operations,
  type Pattern,
  type ResourceKind,
} from '../model/resource.ts';
import { allows, applies } from '../policy/operations.ts';
import { groupPatterns, intersect, transactionalIdPatterns } from '../policy/patterns.ts';
import { concerns, type Question } from '../policy/stream-rights.ts';
import { readOf, worldsOf } from './conditions.ts';
import { type Comparison, changed, policyCauses, revocationCauses, wayCauses } from './involved.ts';
import { alwaysCovered, type Window } from './open-hours.ts';
import type { RawChange } from './raw-change.ts';
import { type Asker, claimOf, type Side } from './side.ts';
import { Told } from './told.ts';
import {
  admits,
  type Ban,
  banKey,
  banOf,
  breakGlassWay,
  formatWay,
  grantWay,
  requestWay,
  standingWay,
  type Way,
} from './ways.ts';

type NameKind = Exclude<ResourceKind, 'topic'>;

const kinds = ['group', 'transactionalId', 'cluster'] as const satisfies readonly NameKind[];

/** `describe` last: it comes with every other operation and is told only where it comes alone. */
function operationsOn(kind: NameKind): readonly Operation[] {
  const all = operations.filter((operation) => applies(operation, kind));
  return all.toSorted((a, b) => Number(a === 'describe') - Number(b === 'describe'));
}

/** A way to some names, with the denies of its own stream. */
interface NamedWay {
  readonly way: Way;
  readonly patterns: readonly Pattern[];
  readonly bans: readonly Ban[];
  /** Equal for ways that give the same names under the same conditions. */
  readonly key: string;
  /** Every rule and stream that gives it. */
  readonly sources: { readonly way: Way; readonly stream: string }[];
}

/** A deny that holds on the whole cluster, for names that it says. */
interface Outright extends Ban {
  readonly patterns: readonly Pattern[];
}

interface Names {
  readonly ways: readonly NamedWay[];
  readonly outright: readonly Outright[];
  /** Equal for the same denies. */
  readonly key: string;
}

/** Everything that `richer` allows beyond `poorer`. */
export function compareNames(comparison: Comparison): RawChange[] {
  return [...comparison.richer.set.clusters.keys()].flatMap((cluster) => onCluster(comparison, cluster));
}

function onCluster(comparison: Comparison, cluster: string): RawChange[] {
  const { poorer, richer } = comparison;
  const changes: RawChange[] = [];
  const offered = policiesOn(richer, cluster).filter(({ effect }) => effect === 'allow');
  const same = contentOf(poorer, cluster) === contentOf(richer, cluster);
  for (const { members, differs } of bucketsOf(poorer, richer, cluster).values()) {
    if (same && !differs) continue;
    const identity = members[0]!;
    for (const kind of kinds) {
      const told = new Told();
      for (const operation of operationsOn(kind).filter((one) =>
        offered.some((policy) => allows(policy.operations, one, kind)),
      )) {
        const seen = new Told();
        for (const claims of [[], ...claimsOf(richer, cluster, identity).map((claim) => [claim])]) {
          const ask = { asker: { identity, claims }, cluster, kind, operation };
          for (const change of compareFor(comparison, ask, { seen, told }))
            changes.push({ ...change, principals: members });
        }
      }
    }
  }
  return changes;
}

interface Ask {
  readonly asker: Asker;
  readonly cluster: string;
  readonly kind: NameKind;
  readonly operation: Operation;
}

function compareFor(
  comparison: Comparison,
  ask: Ask,
  { seen, told }: { readonly seen: Told; readonly told: Told },
): Omit<RawChange, 'principals'>[] {
  const { poorer, richer } = comparison;
  const [old, now] = [namesOf(poorer, ask), namesOf(richer, ask)];
  const { identity, claims } = ask.asker;
  const known = old.key === now.key ? new Set(old.ways.map(({ key }) => key)) : new Set<string>();
  const changes: Omit<RawChange, 'principals'>[] = [];
  for (const named of now.ways.filter(({ key }) => !known.has(key))) {
    for (const pattern of named.patterns) {
      const text = formatPattern(pattern);
      const id = `${named.key} ${text}`;
      if (seen.has(id, claims) || (ask.operation === 'describe' && told.has(id, claims))) continue;
      seen.add(id, claims);
      if (isCovered(named, pattern, now, old)) continue;
      told.add(id, claims);
      const before = old.ways.filter((one) => one.patterns.some((outer) => covers(outer, pattern)));
      changes.push({
        how: named.way.how,
        aspects: ['access'],
        claims,
        operation: ask.operation,
        kind: ask.kind,
        cluster: ask.cluster,
        streams: [],
        names: [subjectless(text, identity)],
        poorer: [...new Set(before.map((one) => formatWay(one.way, one.bans)))].sort().join(' or ') || 'nothing',
        richer: formatWay(named.way, named.bans),
        causes: causesOf(comparison, identity, named, old, before),
      });
    }
  }
  return changes;
}

function causesOf(
  comparison: Comparison,
  identity: string,
  { way, sources }: NamedWay,
  old: Names,
  before: readonly NamedWay[],
): string[] {
  const { poorer, richer, changes } = comparison;
  const bans = [...old.outright, ...old.ways.flatMap((one) => one.bans)].map(({ policy }) => policy);
  const likely = [
    ...sources.flatMap((one) => wayCauses(comparison, richer, identity, one.way)),
    ...changed(
      sources.map((one) => `Stream/${one.stream}`),
      changes,
    ),
    ...[...new Set(bans)].flatMap((policy) => policyCauses(comparison, poorer, identity, policy)),
    ...revocationCauses(poorer, identity, [way], changes),
    ...changed([`Identity/${identity}`], changes),
  ];
  if (likely.length > 0) return likely;
  return before.flatMap((one) => one.sources.flatMap((source) => wayCauses(comparison, poorer, identity, source.way)));
}

function isCovered(named: NamedWay, pattern: Pattern, now: Names, old: Names): boolean {
  const whole = ({ patterns }: Outright): boolean => patterns.some((outer) => covers(outer, pattern));
  const hoursOf = (bans: readonly Ban[]): Window[] => bans.map((ban) => ban.hours);
  const [nowBans, oldBans] = [now, old].map(({ outright }) => outright.filter(whole)) as [Outright[], Outright[]];
  const ways = old.ways.filter(
    ({ way, patterns }) => admits([named.way], way) && patterns.some((outer) => covers(outer, pattern)),
  );
  const bans = [...named.bans, ...nowBans, ...oldBans, ...ways.flatMap((one) => one.bans)];
  const covered = worldsOf(bans).every((world) => {
    const denied = hoursOf([...named.bans, ...nowBans].filter((ban) => world.now(ban)));
    const needed = { all: [named.way.hours], minus: denied };
    const terms = ways.map((one) => ({
      hours: one.way.hours,
      minus: hoursOf([...one.bans, ...oldBans].filter((ban) => world.old(ban))),
    }));
    return alwaysCovered(needed, [terms]);
  });
  if (!covered) return false;
  // A deny that takes single names out of the pattern has to be there still.
  return old.outright
    .filter((ban) => !whole(ban))
    .every(({ patterns, ...ban }) =>
      intersect(patterns, [pattern]).every((banned) =>
        now.outright.some(
          (other) =>
            other.patterns.some((outer) => covers(outer, banned)) &&
            ((other.hours === undefined && other.condition === undefined) || banKey(other) === banKey(ban)),
        ),
      ),
    );
}

/** Every way to names of a kind on a cluster, and every deny of names. */
function namesOf(side: Side, { asker, cluster, kind, operation }: Ask): Names {
  const question = side.question(asker, operation, { cluster, kind, name: cluster });
  if (!question) return { ways: [], outright: [], key: '' };
  const from = side.standingFrom.get(asker.identity) ?? Number.NEGATIVE_INFINITY;
  const ways = new Map<string, NamedWay>();
  const outright: Outright[] = [];
  let own: readonly Pattern[] | undefined; // what stands where neither policy nor stream names any
  const about = new Map<AccessPolicy, boolean>();
  const isAbout = (policy: AccessPolicy): boolean => {
    const known = about.get(policy) ?? concerns(question, policy);
    about.set(policy, known);
    return known;
  };
  const holdsGrants = (side.index.grantsOf.get(asker.identity)?.length ?? 0) > 0;
  for (const { stream, allowing, denying } of spokenOf(side, cluster, kind, operation)) {
    const allowed = allowing.filter(isAbout);
    const denies = deniesOf(question, denying.filter(isAbout));
    if (allowed.length + denies.length === 0 && !holdsGrants) continue;
    const bans = denies.filter(({ patterns }) => patterns === undefined);
    outright.push(...denies.flatMap(({ patterns, ...ban }) => (patterns ? [{ ...ban, patterns }] : [])));
    const open = (policy: AccessPolicy): readonly Pattern[] => {
      const of = kind === 'group' ? 'groups' : 'transactionalIds';
      const named = kind === 'cluster' ? undefined : (policy[of] ?? stream[of]);
      if (named) return named;
      own ??= patternsOf(kind, policy, stream, asker.identity, cluster);
      return own;
    };
    const banned = bans.map(banKey).join('|');
    const add = (way: Way, patterns: readonly Pattern[]): void => {
      const key = `${way.key} ${bans.length} ${banned} ${keyOf(patterns)}`;
      const known = ways.get(key);
      if (known) known.sources.push({ way, stream: stream.name });
      else ways.set(key, { way, patterns, bans, key, sources: [{ way, stream: stream.name }] });
    };
    for (const policy of allowed) {
      if (policy.mode === 'onRequest') {
        add(requestWay(side, question, policy, stream), open(policy));
        if (policy.breakGlass) add(breakGlassWay(question, policy), open(policy));
      } else if (from !== Number.POSITIVE_INFINITY) add(standingWay(question, policy, from), open(policy));
    }
    for (const { way, patterns } of grantedNames(side, question, stream, open)) add(way, patterns);
  }
  const denied = outright.map(({ patterns, ...ban }) => JSON.stringify([patterns, banKey(ban)]));
  return { ways: [...ways.values()], outright, key: [...new Set(denied)].sort().join() };
}

const patternKeys = new WeakMap<readonly Pattern[], string>();

function keyOf(patterns: readonly Pattern[]): string {
  const key = patternKeys.get(patterns) ?? JSON.stringify(patterns);
  patternKeys.set(patterns, key);
  return key;
}

function grantedNames(
  side: Side,
  question: Question,
  stream: Stream,
  open: (policy: AccessPolicy) => readonly Pattern[],
): Pick<NamedWay, 'way' | 'patterns'>[] {
  const { operation, resource } = question;
  return (side.index.grantsOf.get(question.principal.identity) ?? []).flatMap((grant) => {
    const policy = side.set.policies.get(grant.policy);
    const frozen = grant.streams.find((one) => one.stream === stream.name);
    if (!policy || !frozen || policy.effect !== 'allow' || !policy.streams.includes(stream.name)) return [];
    if (grant.cluster !== resource.cluster || !concerns(question, policy)) return [];
    if (!allows(grant.operations, operation, resource.kind) || !allows(policy.operations, operation, resource.kind))
      return [];
    const own =
      resource.kind === 'group'
        ? frozen.groups
        : resource.kind === 'transactionalId'
          ? frozen.transactionalIds
          : [{ literal: grant.cluster }];
    return [{ way: grantWay(side, question, policy, grant.name, []), patterns: intersect(own, open(policy)) }];
  });
}

function patternsOf(
  kind: NameKind,
  policy: AccessPolicy,
  stream: Stream,
  identity: string,
  cluster: string,
): readonly Pattern[] {
  if (kind === 'group') return groupPatterns(policy, stream, identity);
  return kind === 'transactionalId' ? transactionalIdPatterns(policy, stream, identity) : [{ literal: cluster }];
}

/** Those denies that say names, or speak of the cluster itself, hold on the whole cluster. */
function deniesOf(
  question: Question,
  policies: readonly AccessPolicy[],
): (Ban & { readonly patterns: readonly Pattern[] | undefined })[] {
  const { resource } = question;
  return policies.map((policy) => {
    const named = resource.kind === 'group' ? policy.groups : policy.transactionalIds;
    const patterns = resource.kind === 'cluster' ? [{ literal: resource.cluster }] : named;
    return { ...banOf(question, policy), patterns };
  });
}

/** A stream with the policies that speak of an operation on a kind of names. */
interface Spoken {
  readonly stream: Stream;
  readonly allowing: readonly AccessPolicy[];
  readonly denying: readonly AccessPolicy[];
}

const spoken = new WeakMap<Side, Map<string, readonly Spoken[]>>();

/** Every stream of a cluster; worked out once for a side, since it is the same for every Identity. */
function spokenOf(side: Side, cluster: string, kind: NameKind, operation: Operation): readonly Spoken[] {
  const known = spoken.get(side) ?? new Map<string, readonly Spoken[]>();
  spoken.set(side, known);
  const key = `${cluster} ${kind} ${operation}`;
  const found =
    known.get(key) ??
    (side.index.streamsOn.get(cluster) ?? []).map((stream) => {
      const policies = side.index.policiesOf.get(stream.name) ?? [];
      return {
        stream,
        allowing: policies.filter(
          ({ effect, operations: named }) => effect === 'allow' && allows(named, operation, kind),
        ),
        denying: policies.filter(({ effect, operations: named }) => effect === 'deny' && named.includes(operation)),
      };
    });
  known.set(key, found);
  return found;
}

function policiesOn(side: Side, cluster: string): AccessPolicy[] {
  const streams = side.index.streamsOn.get(cluster) ?? [];
  return [...new Set(streams.flatMap(({ name }) => side.index.policiesOf.get(name) ?? []))];
}

function claimsOf(side: Side, cluster: string, identity: string): string[] {
  const claims = policiesOn(side, cluster).flatMap((policy) => side.concerned.get(policy.name)!.get(identity) ?? []);
  return [...new Set(claims)].sort((a, b) => (claimOf(a).issuer < claimOf(b).issuer ? -1 : a < b ? -1 : 1));
}

/** Identities that the rules of a cluster treat alike on both sides, and whose own names no pattern singles out. */
function bucketsOf(poorer: Side, richer: Side, cluster: string): Map<string, { members: string[]; differs: boolean }> {
  const [old, now] = [policiesOn(poorer, cluster), policiesOn(richer, cluster)];
  const patterns = [poorer, richer].flatMap((side) => namePatterns(side, cluster));
  const candidates = new Set([
    ...now
      .filter((policy) => policy.effect === 'allow')
      .flatMap((policy) => [...richer.concerned.get(policy.name)!.keys()]),
    ...[...richer.snapshot.grants.values()].map((grant) => grant.subject),
  ]);
  const buckets = new Map<string, { members: string[]; differs: boolean }>();
  for (const name of candidates) {
    if (!richer.set.identities.has(name)) continue;
    const view = (side: Side, policies: readonly AccessPolicy[]): string =>
      [
        side.set.identities.has(name),
        side.standingFrom.get(name) ?? '',
        readOf(side.set, name, policies),
        ...policies.map((policy) => {
          const claims = side.concerned.get(policy.name)!.get(name);
          return claims ? `${policy.name}:${claims.join()}` : '';
        }),
      ].join(' ');
    const own = { prefix: `${name}.` };
    const singled = patterns.filter((one) => covers(one, own) || covers(own, one)).map(formatPattern);
    const grants = [poorer, richer].some(({ index }) => (index.grantsOf.get(name)?.length ?? 0) > 0);
    const [left, right] = [view(poorer, old), view(richer, now)];
    const key = [left, right, ...singled, grants ? name : ''].join('\n');
    const bucket = buckets.get(key);
    if (bucket) bucket.members.push(name);
    else buckets.set(key, { members: [name], differs: grants || left !== right });
  }
  return buckets;
}

function namePatterns(side: Side, cluster: string): Pattern[] {
  const streams = side.index.streamsOn.get(cluster) ?? [];
  const all = [...streams, ...policiesOn(side, cluster)].flatMap((one) => [
    ...(one.groups ?? []),
    ...(one.transactionalIds ?? []),
  ]);
  return [...new Map(all.map((pattern) => [JSON.stringify(pattern), pattern])).values()];
}

/** Everything on a cluster that decides about names, without places. */
function contentOf(side: Side, cluster: string): string {
  return JSON.stringify(
    (side.index.streamsOn.get(cluster) ?? []).map((stream) => [
      stream.name,
      stream.groups,
      stream.transactionalIds,
      (side.index.policiesOf.get(stream.name) ?? []).map(
        ({ at: _at, labels: _labels, subjects: _subjects, streams: _streams, ...policy }) => [
          policy,
          policy.mode === 'onRequest' && policy.effect === 'allow'
            ? side.requirement(side.set.policies.get(policy.name)!, stream.name).key
            : '',
        ],
      ),
    ]),
  );
}

/** The Identity's own prefix in a form that is the same for all. */
function subjectless(text: string, identity: string): string {
  return text.startsWith(`${identity}.`) ? `<subject>${text.slice(identity.length)}` : text;
}
