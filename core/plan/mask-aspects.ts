/**
 * What is hidden on some streams, one aspect for each thing that is: a path or detector at least so strongly, and the
 * answer for values that cannot be masked. A way sees through an aspect where it lifts the rules behind it.
 */
import type { MaskAction, MaskPolicy, MaskRule, Stream } from '../model/documents.ts';
import type { Operation } from '../model/resource.ts';
import type { Aspect } from './plan.ts';
import type { Side } from './side.ts';
import type { Way } from './ways.ts';

export interface MaskAspect {
  readonly aspect: Aspect;
  /** The way sees on this stream of the base what the aspect hides. */
  readonly clearBefore: (stream: string, way: Way) => boolean;
  /** The way may see on this stream of the head what the aspect hides. */
  readonly clearAfter: (stream: string, way: Way) => boolean;
}

const strengths: Readonly<Record<MaskAction, number>> = { redact: 3, hash: 2, partial: 1 };

/** One rule, or the last word of a MaskPolicy on values it cannot mask, as it stands on a stream. */
interface Hiding {
  readonly stream: string;
  /** What is hidden: equal for rules that hide the same. */
  readonly what: string;
  readonly strength: number;
  /** Rules that have to be lifted. */
  readonly ids: readonly string[];
  /** Fields where the rule gives way to a weaker one of its own policy. */
  readonly weakAt: readonly string[];
  readonly label: Aspect;
}

/** Every aspect that the streams of `before` have for an operation. */
export function maskAspects(
  before: Side,
  streamsBefore: readonly Stream[],
  after: Side,
  streamsAfter: readonly Stream[],
  operation: Operation,
): MaskAspect[] {
  if (operation !== 'consume' && operation !== 'produce') return [];
  const [old, now] = [hidings(before, streamsBefore, operation), hidings(after, streamsAfter, operation)];
  const aspects = new Map<string, MaskAspect>();
  for (const { what, strength, label } of old) {
    const key = `${what}|${strength}`;
    if (aspects.has(key)) continue;
    const same = (hiding: Hiding): boolean => hiding.what === what && hiding.strength >= strength;
    const hiddenBefore = old.filter(same);
    const standIns = now.filter(same);
    const weakBefore = weakFields(hiddenBefore);
    const kept = [...weakFields(standIns)].every((field) => weakBefore.has(field)) ? standIns : [];
    aspects.set(key, {
      aspect: label,
      clearBefore: (stream, way) =>
        hiddenBefore.filter((one) => one.stream === stream).every((one) => one.ids.every((id) => way.lifts.has(id))),
      clearAfter: (stream, way) => {
        const here = kept.filter((one) => one.stream === stream);
        return here.length === 0 || here.some((one) => one.ids.every((id) => way.lifts.has(id)));
      },
    });
  }
  return [...aspects.values()];
}

function hidings(side: Side, streams: readonly Stream[], operation: 'consume' | 'produce'): Hiding[] {
  return streams.flatMap(({ name: stream }) =>
    (side.index.masksOf.get(stream) ?? [])
      .filter((mask) => mask.on.includes(operation))
      .flatMap((mask) => [...mask.rules.map((rule) => ruleHiding(stream, mask, rule)), lastWord(stream, mask)]),
  );
}

function ruleHiding(stream: string, mask: MaskPolicy, rule: MaskRule): Hiding {
  const id = `${mask.name}/${rule.name}`;
  const strength = strengths[rule.action];
  const byPath = 'path' in rule.match;
  const weaker = mask.rules.filter((other) => 'path' in other.match && strengths[other.action] < strength);
  return {
    stream,
    what: JSON.stringify(rule.match),
    strength,
    ids: [id],
    weakAt: byPath ? [] : weaker.map(({ match }) => JSON.stringify(match)),
    label: `mask ${id} (${rule.action})`,
  };
}

function lastWord(stream: string, mask: MaskPolicy): Hiding {
  return {
    stream,
    what: 'unmaskable',
    strength: mask.unmaskable === 'deny' ? 2 : 1,
    ids: mask.rules.map((rule) => `${mask.name}/${rule.name}`),
    weakAt: [],
    label: `mask ${mask.name} (unmaskable: ${mask.unmaskable})`,
  };
}

/** Fields at which every one of the rules gives way. */
function weakFields(rules: readonly Hiding[]): Set<string> {
  const [first, ...rest] = rules;
  return new Set(first?.weakAt.filter((field) => rest.every((rule) => rule.weakAt.includes(field))));
}
