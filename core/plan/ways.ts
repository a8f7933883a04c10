/** Every way in which somebody comes to an operation on a stream, as the rules' own functions tell them. */
import { formatIsoDuration } from '../clock/duration.ts';
import { formatInstant } from '../clock/instant.ts';
import type { AccessPolicy, Durability, EmergencyTerms, Grant, Stream } from '../model/documents.ts';
import { bansOn, covered, type Question, rightsOn } from '../policy/stream-rights.ts';
import { atLeastAsStrict, formatRequirement, type Requirement, shortKey, together } from './approval.ts';
import { conditionOf } from './conditions.ts';
import { formatHours, hoursKey, type Window } from './open-hours.ts';
import type { How } from './plan.ts';
import type { Side } from './side.ts';

export interface Way {
  readonly how: How;
  readonly policy: AccessPolicy;
  readonly grant: Grant | undefined;
  readonly hours: Window;
  /** As `conditionOf` tells it. */
  readonly condition: string | undefined;
  /** Epoch ms from which a standing way is open. */
  readonly from: number;
  readonly durability: Durability;
  /** Mask rules, as `maskPolicy/rule`, that it lifts. */
  readonly lifts: ReadonlySet<string>;
  /** For a request. */
  readonly requirement: Requirement | undefined;
  /** The rule it comes from: the same for every Identity. */
  readonly id: string;
  /** Equal for ways that give the same under the same conditions. */
  readonly key: string;
}

/** What one stream says to a question. */
export interface StreamFacts {
  readonly stream: Stream;
  readonly ways: readonly Way[];
  readonly bans: readonly Ban[];
}

export interface Ban {
  readonly policy: AccessPolicy;
  readonly hours: Window;
  /** As `conditionOf` tells it. */
  readonly condition: string | undefined;
}

/** What a stream says to a question about a topic. */
export function factsOf(side: Side, question: Question, stream: Stream): StreamFacts {
  const from = side.standingFrom.get(question.principal.identity) ?? Number.NEGATIVE_INFINITY;
  const ways: Way[] = [];
  for (const { policy, grant } of rightsOn(question, stream)) {
    if (grant)
      ways.push(
        grantWay(
          side,
          question,
          policy,
          grant.name,
          grant.unmask.filter((id) => grant.masksAtAdmission.includes(id)),
        ),
      );
    else if (from !== Number.POSITIVE_INFINITY) ways.push(standingWay(question, policy, from));
  }
  for (const policy of side.index.policiesOf.get(stream.name) ?? []) {
    if (policy.effect === 'allow' && policy.mode === 'onRequest' && covered(question, policy, stream)) {
      ways.push(requestWay(side, question, policy, stream));
      if (policy.breakGlass) ways.push(breakGlassWay(question, policy));
    }
  }
  const bans = bansOn(question, stream).map(({ policy }) => banOf(question, policy));
  return { stream, ways, bans };
}

export function banOf(question: Question, policy: AccessPolicy): Ban {
  return { policy, hours: policy.limits.hours, condition: conditionOf(question, policy) };
}

export function standingWay(question: Question, policy: AccessPolicy, from: number): Way {
  return wayOf('standing', policy, { from, condition: conditionOf(question, policy) });
}

export function requestWay(side: Side, question: Question, policy: AccessPolicy, stream: Stream): Way {
  const requirement = side.requirement(policy, stream.name);
  return wayOf('request', policy, { requirement, lifts: policy.unmask, condition: conditionOf(question, policy) });
}

/** Emergency access: masks stay, and it is recorded strictly, whatever the policy says of its grants. */
export function breakGlassWay(question: Question, policy: AccessPolicy): Way {
  return wayOf('breakGlass', policy, { condition: conditionOf(question, policy) });
}

/** `unmask`: what it lifted at its admission; of that only what the policy still lifts counts. */
export function grantWay(
  side: Side,
  question: Question,
  policy: AccessPolicy,
  name: string,
  unmask: readonly string[],
): Way {
  const lifts = unmask.filter((id) => policy.unmask.includes(id));
  return wayOf('grant', policy, {
    grant: side.set.grants.get(name),
    lifts,
    condition: conditionOf(question, policy),
  });
}

/** A way is asked for again and again: each is made once. */
const made = new WeakMap<AccessPolicy, Map<string, Way>>();
const texts = new WeakMap<Way, Map<string, string>>();

function wayOf(
  how: How,
  policy: AccessPolicy,
  rest: {
    condition: string | undefined;
    grant?: Grant | undefined;
    from?: number;
    requirement?: Requirement;
    lifts?: readonly string[];
  },
): Way {
  const { condition, grant, from = Number.NEGATIVE_INFINITY, requirement, lifts = [] } = rest;
  const known = made.get(policy) ?? new Map<string, Way>();
  made.set(policy, known);
  const name = `${how} ${from} ${requirement?.key} ${grant?.uid} ${lifts.join()} ${condition}`;
  const found = known.get(name);
  if (found) return found;
  const { hours, maxDuration, maxActive } = policy.limits;
  const durability = how === 'breakGlass' ? 'strict' : policy.durability;
  const key = shortKey([
    how,
    hoursKey(hours),
    condition ?? '',
    String(from),
    durability,
    [...lifts].sort().join(' '),
    requirement?.key ?? '',
    how === 'request' ? `${maxDuration} ${maxActive}` : '',
    how === 'breakGlass' ? JSON.stringify(policy.breakGlass) : '',
    grant ? `${grant.uid} ${JSON.stringify(grant.window)}` : '',
  ]);
  const id = grant ? `grant ${grant.uid}` : how === 'breakGlass' ? `break-glass ${policy.name}` : policy.name;
  const way: Way = {
    how,
    policy,
    grant,
    hours,
    condition,
    from,
    durability,
    lifts: new Set(lifts),
    requirement,
    id,
    key,
  };
  known.set(name, way);
  return way;
}

/** True when whoever has the ways of `combo` surely has `way` too, hours and masks aside. */
export function admits(combo: readonly Way[], way: Way): boolean {
  if (way.condition !== undefined && !combo.some(({ condition }) => condition === way.condition)) return false;
  switch (way.how) {
    case 'standing':
      return combo.some(({ from }) => from >= way.from) || way.from === Number.NEGATIVE_INFINITY;
    case 'grant':
      return combo.some(
        ({ grant }) => grant !== undefined && grant.uid === way.grant?.uid && isInside(grant, way.grant),
      );
    case 'breakGlass':
      return combo.some((one) => one.how === 'breakGlass' && isMilder(one.policy.breakGlass, way.policy.breakGlass));
    case 'request': {
      const asked = combo.filter((one) => one.how === 'request');
      if (asked.length === 0 || !isNoLonger(asked, way)) return false;
      return atLeastAsStrict(together(asked.map((one) => one.requirement!)), way.requirement!);
    }
  }
}

/** Shorter, told to no fewer and reviewed no later. */
function isMilder(inner: EmergencyTerms | undefined, outer: EmergencyTerms | undefined): boolean {
  return (
    inner !== undefined &&
    outer !== undefined &&
    inner.maxDuration <= outer.maxDuration &&
    inner.reviewWithin <= outer.reviewWithin &&
    outer.notify.every((group) => inner.notify.includes(group))
  );
}

function isInside({ window: inner }: Grant, { window: outer }: Grant): boolean {
  return (
    inner.start === outer.start &&
    inner.duration <= outer.duration &&
    (inner.notBefore ?? Number.NEGATIVE_INFINITY) >= (outer.notBefore ?? Number.NEGATIVE_INFINITY) &&
    (inner.notAfter ?? Number.POSITIVE_INFINITY) <= (outer.notAfter ?? Number.POSITIVE_INFINITY)
  );
}

/** What needs several grants at once lasts as long as the shortest of them. */
function isNoLonger(asked: readonly Way[], { policy: { limits } }: Way): boolean {
  const least = (of: (way: Way) => number | undefined): number =>
    Math.min(...asked.map((way) => of(way) ?? Number.POSITIVE_INFINITY));
  return (
    least((way) => way.policy.limits.maxDuration) <= (limits.maxDuration ?? Number.POSITIVE_INFINITY) &&
    least((way) => way.policy.limits.maxActive) <= (limits.maxActive ?? Number.POSITIVE_INFINITY)
  );
}

/** A way in words, with the times at which it is denied. */
export function formatWay(way: Way, bans: readonly Ban[]): string {
  const known = texts.get(way) ?? new Map<string, string>();
  texts.set(way, known);
  const key = bans.map(banKey).join();
  const text = known.get(key) ?? textOf(way, bans);
  known.set(key, text);
  return text;
}

/** Equal for denies that hold under the same conditions. */
export function banKey({ hours, condition }: Omit<Ban, 'policy'>): string {
  return `${hoursKey(hours)} ${condition ?? ''}`;
}

function textOf(way: Way, bans: readonly Ban[]): string {
  const { how, policy, grant, hours, from, lifts, requirement, durability } = way;
  const parts: string[] = [];
  if (how === 'standing') parts.push('standing');
  if (how === 'request') {
    const { maxDuration, maxActive } = policy.limits;
    parts.push(`on request, ${maxDuration === undefined ? 'for any time' : `up to ${formatIsoDuration(maxDuration)}`}`);
    if (maxActive !== undefined) parts.push(`${maxActive} at a time`);
    parts.push(formatRequirement(requirement!));
  }
  if (how === 'breakGlass' && policy.breakGlass) {
    const { maxDuration, notify, reviewWithin } = policy.breakGlass;
    parts.push(
      `in an emergency, up to ${formatIsoDuration(maxDuration)} without approval`,
      `${notify.join(' and ')} told`,
      `reviewed within ${formatIsoDuration(reviewWithin)}`,
    );
  }
  if (grant) {
    const { duration, start, notBefore, notAfter } = grant.window;
    parts.push(
      `grant ${grant.name}, ${formatIsoDuration(duration)}${start === 'firstUse' ? ' from its first use' : ''}`,
    );
    if (notBefore !== undefined) parts.push(`not before ${formatInstant(notBefore)}`);
    if (notAfter !== undefined) parts.push(`not after ${formatInstant(notAfter)}`);
  }
  if (Number.isFinite(from)) parts.push(`from ${formatInstant(from)}`);
  if (hours) parts.push(formatHours(hours));
  if (policy.when) parts.push(`when ${policy.when.text}`);
  const denied = bans.map((ban) => [
    ban.hours && formatHours(ban.hours),
    ban.policy.when && `when ${ban.policy.when.text}`,
  ]);
  for (const text of new Set(denied.map((words) => words.filter((word) => word !== undefined).join(' ')))) {
    if (text !== '') parts.push(`not ${text}`);
  }
  if (lifts.size > 0) parts.push(`unmasks ${[...lifts].sort().join(', ')}`);
  if (durability === 'bestEffort') parts.push('recorded bestEffort');
  return parts.join(', ');
}
