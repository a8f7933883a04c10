/** What can be done to a stream; the same words for Kafka and Pulsar. `admin` is cluster administration. */
export const operations = ['consume', 'produce', 'describe', 'alter', 'create', 'delete', 'offsets', 'admin'] as const;
export type Operation = (typeof operations)[number];

export type ResourceKind = 'topic' | 'group' | 'transactionalId' | 'cluster';

/** One thing on one cluster that a decision is about. `name` is exact; for kind `cluster` it is the cluster's name. */
export interface Resource {
  readonly cluster: string;
  readonly kind: ResourceKind;
  readonly name: string;
}

/** A set of names: exactly one, or all that start with a text. Never a regex: a reader must see what it covers. */
export type Pattern = { readonly literal: string } | { readonly prefix: string };

export function matches(pattern: Pattern, name: string): boolean {
  return 'literal' in pattern ? pattern.literal === name : name.startsWith(pattern.prefix);
}

/** True when every name that `inner` covers is covered by `outer`. */
export function covers(outer: Pattern, inner: Pattern): boolean {
  if ('literal' in outer) return 'literal' in inner && inner.literal === outer.literal;
  return ('literal' in inner ? inner.literal : inner.prefix).startsWith(outer.prefix);
}

/** `name` for a literal, `name*` for a prefix. */
export function formatPattern(pattern: Pattern): string {
  return 'literal' in pattern ? pattern.literal : `${pattern.prefix}*`;
}
