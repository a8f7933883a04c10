/** How much access a policy set comes to: hours in 30 days, summed over Identities, streams and operations. */
import type { AccessPolicy, Stream } from '../model/documents.ts';
import { applies } from '../policy/operations.ts';
import { openMinutes, type Term, type Window } from './open-hours.ts';
import type { Side } from './side.ts';

/** Hours that were counted already, by the terms they come from. */
type Known = Map<string, number>;

const month = 30 * 24;
const hourMs = 3_600_000;

/**
 * Standing access counts in its hours; what is given on request as long as it may be held (maxDuration, as often as
 * maxActive says); a grant for its duration; all of it together never more than the hours in which any of it is open.
 * Membership by claim counts as had.
 */
export function accessHours(side: Side): number {
  let total = 0;
  const known: Known = new Map();
  for (const stream of side.set.streams.values()) {
    const policies = side.index.policiesOf.get(stream.name) ?? [];
    const buckets = new Map<string, { identity: string; policies: AccessPolicy[]; count: number }>();
    for (const identity of peopleOf(side, stream, policies)) {
      const own = policies.filter((policy) => side.concerned.get(policy.name)!.has(identity));
      const special = side.standingFrom.has(identity) || side.index.grantsOf.has(identity);
      const key = own.map(({ name }) => name).join() + (special ? `\n${identity}` : '');
      const bucket = buckets.get(key);
      if (bucket) bucket.count++;
      else buckets.set(key, { identity, policies: own, count: 1 });
    }
    for (const { identity, policies: own, count } of buckets.values()) {
      total += count * hoursOn(side, stream, identity, own, known);
    }
  }
  return Math.round(total * 10) / 10;
}

function peopleOf(side: Side, stream: Stream, policies: readonly AccessPolicy[]): Set<string> {
  const granted = [...side.snapshot.grants.values()].filter(({ streams }) =>
    streams.some((one) => one.stream === stream.name),
  );
  return new Set([
    ...policies.filter(({ effect }) => effect === 'allow').flatMap(({ name }) => [...side.concerned.get(name)!.keys()]),
    ...granted.map(({ subject }) => subject).filter((subject) => side.set.identities.has(subject)),
  ]);
}

function hoursOn(
  side: Side,
  stream: Stream,
  identity: string,
  policies: readonly AccessPolicy[],
  known: Known,
): number {
  const named = new Set(policies.flatMap(({ effect, operations }) => (effect === 'allow' ? operations : [])));
  let total = 0;
  for (const operation of named) {
    if (!applies(operation, 'topic') && !applies(operation, 'cluster')) continue;
    const speaking = policies.filter((policy) => policy.operations.includes(operation));
    const minus = speaking.filter(({ effect, when }) => effect === 'deny' && !when).map(({ limits }) => limits.hours);
    const allow = speaking.filter(({ effect }) => effect === 'allow');
    const standing =
      side.standingFrom.get(identity) === Number.POSITIVE_INFINITY
        ? []
        : allow.filter(({ mode }) => mode === 'standing');
    const onRequest = allow.filter(({ mode }) => mode === 'onRequest');
    const grants = (side.index.grantsOf.get(identity) ?? []).filter(
      (grant) => grant.operations.includes(operation) && grant.streams.some((one) => one.stream === stream.name),
    );
    const terms = (list: readonly AccessPolicy[]): Term[] => list.map(({ limits }) => ({ hours: limits.hours, minus }));
    const granted = grants.flatMap((grant) => allow.filter(({ name }) => name === grant.policy));
    const most = inMonth(terms([...standing, ...onRequest, ...granted]), known);
    const asked = onRequest.reduce(
      (sum, { limits }) => sum + ((limits.maxDuration ?? month * hourMs) / hourMs) * (limits.maxActive ?? 1),
      0,
    );
    const held = grants.reduce((sum, { name }) => sum + (side.set.grants.get(name)?.window.duration ?? 0) / hourMs, 0);
    total += Math.min(most, inMonth(terms(standing), known) + asked + held);
  }
  return total;
}

/** Hours in 30 days in which one of the terms is open. */
function inMonth(terms: readonly Term[], known: Known): number {
  if (terms.length === 0) return 0;
  const always = (window: Window): boolean => window === undefined;
  if (terms.some(({ minus }) => minus.some(always))) return 0;
  if (terms.some(({ hours, minus }) => always(hours) && minus.length === 0)) return month;
  const key = JSON.stringify(terms);
  const hours = known.get(key) ?? (openMinutes([terms]) / (7 * 1440)) * month;
  known.set(key, hours);
  return hours;
}
