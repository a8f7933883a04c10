import type { Grant, PolicySet } from '../model/documents.ts';
import type { Pattern } from '../model/resource.ts';
import type { FrozenStream } from '../model/right.ts';
import { groupPatterns, intersect, transactionalIdPatterns } from './patterns.ts';

/** What of a Grant its names come from. */
export type GrantScope = Pick<Grant, 'subject' | 'policy' | 'streams' | 'topics' | 'groups' | 'transactionalIds'>;

/** The names a grant comes to under these rules: each stream's patterns, narrowed to the grant's own. */
export function resolveScope(rules: PolicySet, grant: GrantScope): readonly FrozenStream[] {
  const policy = rules.policies.get(grant.policy);
  if (!policy) return [];
  const narrow = (offered: readonly Pattern[], own: readonly Pattern[] | undefined): readonly Pattern[] =>
    own === undefined ? offered : intersect(offered, own);
  return grant.streams.flatMap((name) => {
    const stream = rules.streams.get(name);
    if (!stream) return [];
    return [
      {
        stream: name,
        topics: narrow(stream.topics, grant.topics),
        groups: narrow(groupPatterns(policy, stream, grant.subject), grant.groups),
        transactionalIds: narrow(transactionalIdPatterns(policy, stream, grant.subject), grant.transactionalIds),
      },
    ];
  });
}
