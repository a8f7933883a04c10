import type { AccessPolicy } from '../model/documents.ts';
import { readOf } from './conditions.ts';
import type { Comparison } from './involved.ts';
import type { Side } from './side.ts';

/** Identities that rules treat alike on both sides: one of them stands for all. */
export interface Bucket {
  readonly members: string[];
  /** The rules that concern them, their revocations or grants are not the same on both sides. */
  readonly differs: boolean;
}

/**
 * Everybody whom the `now` policies of the richer side, or a grant of it, could let through, in buckets by what the `old`
 * and `now` policies see in them. `apart`: what else keeps two of them from being alike.
 */
export function bucketsOf(
  { poorer, richer }: Comparison,
  old: readonly AccessPolicy[],
  now: readonly AccessPolicy[],
  apart: (name: string) => readonly string[] = () => [],
): Bucket[] {
  const candidates = new Set([
    ...now
      .filter((policy) => policy.effect === 'allow')
      .flatMap((policy) => [...richer.concerned.get(policy.name)!.keys()]),
    ...[...richer.snapshot.grants.values()].map((grant) => grant.subject),
  ]);
  const buckets = new Map<string, Bucket>();
  for (const name of candidates) {
    if (!richer.set.identities.has(name)) continue;
    const grants = [poorer, richer].some(({ index }) => (index.grantsOf.get(name)?.length ?? 0) > 0);
    const [left, right] = [viewOf(poorer, name, old), viewOf(richer, name, now)];
    const key = [left, right, ...apart(name), grants ? name : ''].join('\n');
    const bucket = buckets.get(key);
    if (bucket) bucket.members.push(name);
    else buckets.set(key, { members: [name], differs: grants || left !== right });
  }
  return [...buckets.values()];
}

/** What a side's policies see in an Identity. */
function viewOf(side: Side, name: string, policies: readonly AccessPolicy[]): string {
  return [
    side.set.identities.has(name),
    side.standingFrom.get(name) ?? '',
    readOf(side.set, name, policies),
    ...policies.map((policy) => `${policy.name}:${side.concerned.get(policy.name)!.get(name)?.join() ?? '-'}`),
  ].join(' ');
}
