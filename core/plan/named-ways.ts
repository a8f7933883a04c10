/** Every way in which one side lets somebody to consumer groups, transactional ids or a cluster, by patterns. */
import type { AccessPolicy, Stream } from '../model/documents.ts';
import type { Operation, Pattern, ResourceKind } from '../model/resource.ts';
import { allows } from '../policy/operations.ts';
import { groupPatterns, intersect, transactionalIdPatterns } from '../policy/patterns.ts';
import { concerns, type Question } from '../policy/stream-rights.ts';
import type { Asker, Side } from './side.ts';
import { type Ban, banKey, banOf, breakGlassWay, grantWay, requestWay, standingWay, type Way } from './ways.ts';

export type NameKind = Exclude<ResourceKind, 'topic'>;

/** A way to some names, with the denies of its own stream. */
export interface NamedWay {
  readonly way: Way;
  readonly patterns: readonly Pattern[];
  readonly bans: readonly Ban[];
  /** Equal for ways that give the same names under the same conditions. */
  readonly key: string;
  /** Every rule and stream that gives it. */
  readonly sources: { readonly way: Way; readonly stream: string }[];
}

/** A deny that holds on the whole cluster, for names that it says. */
export interface Outright extends Ban {
  readonly patterns: readonly Pattern[];
}

export interface Names {
  readonly ways: readonly NamedWay[];
  readonly outright: readonly Outright[];
  /** Equal for the same denies. */
  readonly key: string;
}

/** Who asks for what on which names. */
export interface Ask {
  readonly asker: Asker;
  readonly cluster: string;
  readonly kind: NameKind;
  readonly operation: Operation;
}

/** Every way to names of a kind on a cluster, and every deny of names. */
export function namesOf(side: Side, { asker, cluster, kind, operation }: Ask): Names {
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
