import type { PolicyDocument } from '../../model/documents.ts';
import { covers, type Pattern } from '../../model/resource.ts';
import type { LintRule, Smell } from '../rule.ts';

const shortest = 3;
const mostStreams = 3;

/** A prefix that covers more than one can see. */
export const broadPrefix: LintRule = {
  id: 'scope/broad-prefix',
  level: 'warn',
  summary: 'A prefix of one or two characters, or one that covers the topics of more than three other Streams.',
  why: 'Topics that do not exist yet fall under it, and get its policies without anybody having looked.',
  avoid: 'kind: Stream\nmetadata: { name: everything }\nspec:\n  cluster: main\n  topics:\n    - prefix: p',
  prefer: 'kind: Stream\nmetadata: { name: payments }\nspec:\n  cluster: main\n  topics:\n    - prefix: payments.',
  *check({ set }) {
    const fix = 'write more of the names, or list them';
    for (const stream of set.streams.values()) {
      yield* tooShort(stream, 'topics', stream.topics);
      yield* tooShort(stream, 'groups', stream.groups ?? []);
      yield* tooShort(stream, 'transactionalIds', stream.transactionalIds ?? []);
      for (const [i, topic] of stream.topics.entries()) {
        if ('literal' in topic || topic.prefix.length < shortest) continue;
        const below = [...set.streams.values()].filter(
          (other) =>
            other !== stream && other.cluster === stream.cluster && other.topics.some((inner) => covers(topic, inner)),
        );
        if (below.length <= mostStreams) continue;
        const path = ['spec', 'topics', i, 'prefix'];
        yield {
          document: stream,
          path,
          message: `'${topic.prefix}' covers topics of ${below.length} other streams`,
          fix,
        };
      }
    }
    for (const policy of set.policies.values()) {
      yield* tooShort(policy, 'groups', policy.groups ?? []);
      yield* tooShort(policy, 'transactionalIds', policy.transactionalIds ?? []);
    }
  },
};

function* tooShort(document: PolicyDocument, field: string, patterns: readonly Pattern[]): Iterable<Smell> {
  for (const [i, pattern] of patterns.entries()) {
    if ('literal' in pattern || pattern.prefix.length >= shortest) continue;
    yield {
      document,
      path: ['spec', field, i, 'prefix'],
      message: `every name that starts with '${pattern.prefix}' is covered`,
      fix: 'write more of the names, or list them',
    };
  }
}
