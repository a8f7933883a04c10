/** What one side lets somebody do to topics that the other does not: every stream of a topic has to allow it. */
import type { AccessPolicy } from '../model/documents.ts';
import { type Operation, operations } from '../model/resource.ts';
import { allows, applies } from '../policy/operations.ts';
import { bucketsOf } from './buckets.ts';
import { type Comparison, involved } from './involved.ts';
import { maskAspects } from './mask-aspects.ts';
import type { RawChange } from './raw-change.ts';
import { type Asker, claimOf, type Side } from './side.ts';
import { Told } from './told.ts';
import { type TopicRegion, topicRegions } from './topic-regions.ts';
import { aspectsOf, bansKey, combinations, formatCombo, howOf, isTold, isTwin } from './way-combinations.ts';
import { factsOf, formatWay, type StreamFacts } from './ways.ts';

/** `describe` last: it comes with every other operation and is told only where it comes alone. */
const topicOperations = operations
  .filter((operation) => applies(operation, 'topic'))
  .toSorted((a, b) => Number(a === 'describe') - Number(b === 'describe'));
/** More ways through overlapping streams than this are not looked through one by one: they count as a difference. */
const mostCombinations = 2000;

/** Everything that `richer` allows beyond `poorer`. */
export function compareTopics(comparison: Comparison): RawChange[] {
  const { poorer, richer } = comparison;
  return topicRegions(poorer, richer).flatMap((region) =>
    region.after.length === 0 ? [] : inRegion(comparison, region),
  );
}

function inRegion(comparison: Comparison, region: TopicRegion): RawChange[] {
  const { poorer, richer } = comparison;
  const changes: RawChange[] = [];
  const offered = region.after.flatMap(({ name }) => richer.index.policiesOf.get(name) ?? []);
  const possible = topicOperations.filter((one) => offered.some((policy) => allows(policy.operations, one, 'topic')));
  const same = contentOf(poorer, region.before) === contentOf(richer, region.after);
  const [old, now] = [policiesOf(poorer, region.before), policiesOf(richer, region.after)];
  for (const { members, differs } of bucketsOf(comparison, old, now)) {
    if (same && !differs) continue;
    const told = new Told();
    for (const operation of possible) {
      const seen = new Told();
      for (const claims of claimSets(richer, region, members[0]!)) {
        const asker = { identity: members[0]!, claims };
        for (const change of compareFor(comparison, region, asker, operation, { seen, told })) {
          changes.push({ ...change, principals: members });
        }
      }
    }
  }
  return changes;
}

function policiesOf(side: Side, streams: TopicRegion['before']): AccessPolicy[] {
  return [...new Set(streams.flatMap(({ name }) => side.index.policiesOf.get(name) ?? []))];
}

/** Rules of some streams without their places: equal content decides equally for whom the same rules concern. */
function contentOf(side: Side, streams: TopicRegion['before']): string {
  return JSON.stringify(
    streams.map(({ name }) => [
      name,
      (side.index.policiesOf.get(name) ?? []).map(
        ({ at: _at, labels: _labels, subjects: _subjects, streams: _streams, ...policy }) => [
          policy,
          policy.mode === 'onRequest' && policy.effect === 'allow'
            ? side.requirement(side.set.policies.get(policy.name)!, name).key
            : '',
        ],
      ),
    ]),
  ).concat(masksOf(side, streams));
}

function masksOf(side: Side, streams: TopicRegion['before']): string {
  return JSON.stringify(
    streams.map(({ name }) => [
      name,
      (side.index.masksOf.get(name) ?? []).map(({ at: _at, labels: _labels, streams: _streams, ...mask }) => mask),
    ]),
  );
}

/** The sets of claims, all of one issuer, with which somebody may hold a right on every stream of a region. Smaller ones first. */
function* claimSets(side: Side, { after }: TopicRegion, name: string): Generator<readonly string[]> {
  yield [];
  const policies = after.flatMap((stream) => side.index.policiesOf.get(stream.name) ?? []);
  const all = [...new Set(policies.flatMap((policy) => side.concerned.get(policy.name)!.get(name) ?? []))].sort();
  for (const claims of Map.groupBy(all, (key) => claimOf(key).issuer).values()) {
    for (let size = 1; size <= Math.min(after.length, claims.length); size++) yield* subsets(claims, size);
  }
}

function* subsets(items: readonly string[], size: number): Generator<readonly string[]> {
  if (size === 0) yield [];
  for (const [i, first] of size === 0 ? [] : items.entries()) {
    for (const rest of subsets(items.slice(i + 1), size - 1)) yield [first, ...rest];
  }
}

function compareFor(
  comparison: Comparison,
  region: TopicRegion,
  asker: Asker,
  operation: Operation,
  { seen, told }: { readonly seen: Told; readonly told: Told },
): Omit<RawChange, 'principals'>[] {
  const { poorer, richer } = comparison;
  const facts = (side: Side, streams: TopicRegion['before']): StreamFacts[] => {
    const resource = { cluster: region.cluster, kind: 'topic' as const, name: region.sample };
    const question = side.question(asker, operation, resource);
    return question ? streams.map((stream) => factsOf(side, question, stream)) : [];
  };
  const now = facts(richer, region.after);
  if (now.length === 0 || now.some(({ ways }) => ways.length === 0)) return [];
  const old = facts(poorer, region.before);
  const base = {
    claims: asker.claims,
    operation,
    kind: 'topic' as const,
    cluster: region.cluster,
    streams: (region.after.length >= region.before.length ? region.after : region.before).map(({ name }) => name),
    names: region.names,
    poorer: formatFacts(old),
  };
  if (now.reduce((product, { ways }) => product * ways.length, 1) > mostCombinations) {
    const ways = now.flatMap((one) => one.ways);
    const causes = involved(comparison, asker.identity, ways, ['access'], now, old);
    return [{ ...base, how: 'standing', aspects: ['access'], richer: 'more rules than can be compared', causes }];
  }
  const masks = maskAspects(
    poorer,
    old.map((one) => one.stream),
    richer,
    now.map((one) => one.stream),
    operation,
  );
  // The same ways under the same masks see the same, even where two rules hide one field.
  const sameMasks = masksOf(poorer, region.before) === masksOf(richer, region.after);
  const denied = now.map(bansKey).join();
  const found = [...combinations(now)].flatMap((combo) => {
    const id = combo.map((way) => way.id).join();
    if (seen.has(id, asker.claims)) return [];
    seen.add(id, asker.claims);
    const aspects = aspectsOf(combo, now, old, sameMasks && isTwin(combo, now, old) ? [] : masks);
    const news = aspects.filter(
      (aspect) => operation !== 'describe' || !told.has(`${aspect} ${id} ${denied}`, asker.claims),
    );
    return news.length === 0 ? [] : [{ id, combo, aspects: news }];
  });
  return found
    .filter((one, i) => !found.some((other, j) => i !== j && isTold(one, other) && (i > j || !isTold(other, one))))
    .map(({ id, combo, aspects }) => {
      for (const aspect of aspects) told.add(`${aspect} ${id} ${denied}`, asker.claims);
      const causes = involved(comparison, asker.identity, combo, aspects, now, old);
      const how = howOf(combo);
      if (!aspects.every((aspect) => aspect.startsWith('mask '))) {
        return { ...base, how, aspects, richer: formatCombo(combo, now), causes };
      }
      // The right is the same; only what it shows is not.
      const hiding = aspects.map((aspect) => aspect.slice('mask '.length)).join(', ');
      return { ...base, how, aspects, poorer: `hidden by ${hiding}`, richer: 'hidden less well, or not', causes };
    });
}

/** Everything that a side gives, in words. */
function formatFacts(facts: readonly StreamFacts[]): string {
  if (facts.length === 0) return 'nothing';
  const texts = facts.map(({ ways, bans }) => {
    if (bans.some((ban) => ban.hours === undefined && ban.condition === undefined)) return 'denied';
    return [...new Set(ways.map((way) => formatWay(way, bans)))].sort().join(' or ') || 'nothing';
  });
  if (new Set(texts).size === 1) return texts[0]!;
  return texts.includes('nothing') && texts.length > 1 && facts.every(({ ways }) => ways.length === 0)
    ? 'nothing'
    : facts.map(({ stream }, i) => `${stream.name}: ${texts[i]}`).join('; ');
}
