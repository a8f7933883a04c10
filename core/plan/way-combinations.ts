/**
 * Ways through all streams of a topic at once: every stream has to allow it, so a right is one way of each. Whether the
 * poorer side gives as much.
 */
import { worldsOf } from './conditions.ts';
import type { maskAspects } from './mask-aspects.ts';
import { alwaysCovered } from './open-hours.ts';
import type { Aspect } from './plan.ts';
import type { RawChange } from './raw-change.ts';
import { admits, banKey, formatWay, type StreamFacts, type Way } from './ways.ts';

/** A combination, and what it gives beyond the other side. */
export interface Found {
  readonly combo: readonly Way[];
  readonly aspects: readonly Aspect[];
}

/** True when whoever has the one has the other too, and the other says as much. */
export function isTold(one: Found, other: Found): boolean {
  const needed = { all: one.combo.map((way) => way.hours), minus: [] };
  return (
    one.aspects.every((aspect) => other.aspects.includes(aspect)) &&
    other.combo.every((way) => admits(one.combo, way)) &&
    alwaysCovered(
      needed,
      other.combo.map((way) => [{ hours: way.hours, minus: [] }]),
    )
  );
}

/** Each choice of one way a stream. */
export function* combinations([first, ...rest]: readonly StreamFacts[]): Generator<readonly Way[]> {
  if (!first) yield [];
  for (const way of first?.ways ?? []) for (const others of combinations(rest)) yield [way, ...others];
}

type Filter = (stream: string, way: Way) => boolean;

/** What a combination gives that the poorer side does not. */
export function aspectsOf(
  combo: readonly Way[],
  now: readonly StreamFacts[],
  old: readonly StreamFacts[],
  masks: ReturnType<typeof maskAspects>,
): Aspect[] {
  const found: Aspect[] = [];
  if (!isCovered(combo, now, old, () => true)) found.push('access');
  else if (
    combo.every((way) => way.durability === 'bestEffort') &&
    !isCovered(combo, now, old, (_stream, way) => way.durability === 'bestEffort')
  ) {
    found.push('recording');
  }
  for (const { aspect, clearBefore, clearAfter } of masks) {
    const clear = combo.every((way, i) => clearAfter(now[i]!.stream.name, way));
    if (clear && !isCovered(combo, now, old, clearBefore)) found.push(aspect);
  }
  return found;
}

/** True when at every moment the combination is open, each stream of the poorer side lets its holder through as well. */
function isCovered(
  combo: readonly Way[],
  now: readonly StreamFacts[],
  old: readonly StreamFacts[],
  filter: Filter,
): boolean {
  return worldsOf([...now, ...old].flatMap(({ bans }) => bans)).every((world) => {
    const minus = now.flatMap(({ bans }) => bans.filter((ban) => world.now(ban)).map((ban) => ban.hours));
    const needed = { all: combo.map((way) => way.hours), minus };
    const clauses = old.map(({ stream, ways, bans }) => {
      const denied = bans.filter((ban) => world.old(ban)).map((ban) => ban.hours);
      return ways
        .filter((way) => filter(stream.name, way) && admits(combo, way))
        .map((way) => ({ hours: way.hours, minus: denied }));
    });
    return alwaysCovered(needed, clauses.length === 0 ? [[]] : clauses);
  });
}

/** The poorer side has the same ways through the same streams, and denies the same. */
export function isTwin(combo: readonly Way[], now: readonly StreamFacts[], old: readonly StreamFacts[]): boolean {
  return (
    now.length === old.length &&
    now.every((facts, i) => {
      const other = old[i]!;
      return (
        facts.stream.name === other.stream.name &&
        bansKey(facts) === bansKey(other) &&
        other.ways.some((way) => way.key === combo[i]!.key)
      );
    })
  );
}

export function bansKey({ bans }: StreamFacts): string {
  return JSON.stringify(bans.map(banKey).sort());
}

export function howOf(combo: readonly Way[]): RawChange['how'] {
  return (
    (['breakGlass', 'grant', 'request', 'standing'] as const).find((how) => combo.some((way) => way.how === how)) ??
    'standing'
  );
}

export function formatCombo(combo: readonly Way[], now: readonly StreamFacts[]): string {
  const texts = combo.map((way, i) => formatWay(way, now[i]!.bans));
  if (texts.length === 1 || new Set(texts).size === 1) return texts[0]!;
  return texts.map((text, i) => `${now[i]!.stream.name}: ${text}`).join('; ');
}
