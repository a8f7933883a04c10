import type { AccessPolicy, Stream } from '../model/documents.ts';
import { covers, matches, type Pattern } from '../model/resource.ts';

/** Consumer groups that a subject may use on a stream under a policy: the policy's own, else the stream's, else the subject's. */
export function groupPatterns(policy: AccessPolicy, stream: Stream, identity: string): readonly Pattern[] {
  // Names of Identities are DNS labels, so no subject's prefix begins with another's.
  return policy.groups ?? stream.groups ?? [{ prefix: `${identity}.` }, { prefix: 'console-consumer-' }];
}

/** Transactional ids that a subject may use on a stream under a policy. */
export function transactionalIdPatterns(policy: AccessPolicy, stream: Stream, identity: string): readonly Pattern[] {
  return policy.transactionalIds ?? stream.transactionalIds ?? [{ prefix: `${identity}.` }];
}

/** True when one of the patterns covers the name. */
export function anyMatches(patterns: readonly Pattern[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern, name));
}

/** The names that both lists cover, as patterns without duplicates. */
export function intersect(left: readonly Pattern[], right: readonly Pattern[]): Pattern[] {
  const both = left.flatMap((a) => right.flatMap((b) => (covers(a, b) ? [b] : covers(b, a) ? [a] : [])));
  return both.filter((pattern, i) => both.findIndex((other) => covers(other, pattern) && covers(pattern, other)) === i);
}
