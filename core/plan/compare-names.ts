/**
 * What one side lets somebody do to consumer groups, transactional ids and clusters that the other does not. Here one
 * stream that allows is enough, unless a deny names the name.
 */
import type { AccessPolicy } from '../model/documents.ts';
import { covers, formatPattern, type Operation, operations, type Pattern } from '../model/resource.ts';
import { allows, applies } from '../policy/operations.ts';
import { intersect } from '../policy/patterns.ts';
import { bucketsOf } from './buckets.ts';
import { worldsOf } from './conditions.ts';
import { type Comparison, changed, policyCauses, revocationCauses, wayCauses } from './involved.ts';
import { type Ask, type NamedWay, type NameKind, type Names, namesOf, type Outright } from './named-ways.ts';
import { alwaysCovered, type Window } from './open-hours.ts';
import type { RawChange } from './raw-change.ts';
import { claimOf, type Side } from './side.ts';
import { Told } from './told.ts';
import { admits, type Ban, banKey, formatWay } from './ways.ts';

const kinds = ['group', 'transactionalId', 'cluster'] as const satisfies readonly NameKind[];

/** `describe` last: it comes with every other operation and is told only where it comes alone. */
function operationsOn(kind: NameKind): readonly Operation[] {
  const all = operations.filter((operation) => applies(operation, kind));
  return all.toSorted((a, b) => Number(a === 'describe') - Number(b === 'describe'));
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
  const patterns = [poorer, richer].flatMap((side) => namePatterns(side, cluster));
  // An Identity whose own names a pattern singles out stands for itself.
  const singled = (name: string): string[] =>
    patterns
      .filter((one) => covers(one, { prefix: `${name}.` }) || covers({ prefix: `${name}.` }, one))
      .map(formatPattern);
  const [old, now] = [policiesOn(poorer, cluster), policiesOn(richer, cluster)];
  for (const { members, differs } of bucketsOf(comparison, old, now, singled)) {
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
    ...[...new Set(sources.map((one) => one.way))].flatMap((one) => wayCauses(comparison, richer, identity, one)),
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

const onClusters = new WeakMap<Side, Map<string, readonly AccessPolicy[]>>();

function policiesOn(side: Side, cluster: string): readonly AccessPolicy[] {
  const known = onClusters.get(side) ?? new Map<string, readonly AccessPolicy[]>();
  onClusters.set(side, known);
  const streams = side.index.streamsOn.get(cluster) ?? [];
  const found = known.get(cluster) ?? [
    ...new Set(streams.flatMap(({ name }) => side.index.policiesOf.get(name) ?? [])),
  ];
  known.set(cluster, found);
  return found;
}

function claimsOf(side: Side, cluster: string, identity: string): string[] {
  const claims = policiesOn(side, cluster).flatMap((policy) => side.concerned.get(policy.name)!.get(identity) ?? []);
  return [...new Set(claims)].sort((a, b) => (claimOf(a).issuer < claimOf(b).issuer ? -1 : a < b ? -1 : 1));
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
