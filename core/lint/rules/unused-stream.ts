import type { LintRule } from '../rule.ts';

/** A Stream that nobody can get at. */
export const unusedStream: LintRule = {
  id: 'unused/stream',
  level: 'warn',
  summary: 'A Stream that no policy allows anything on.',
  why: 'Nobody can use it or ask for it. Where its topics are in another Stream too, it takes them from everybody: every Stream of a topic has to allow.',
  avoid:
    'kind: Stream\nmetadata: { name: orders-archive }\nspec:\n  cluster: main\n  topics:\n    - prefix: orders.archive.\n# and no policy covers orders-archive',
  prefer:
    'kind: AccessPolicy\nmetadata: { name: archive-read }\nspec:\n  mode: onRequest\n  subjects:\n    - group: oncall\n  streams: [orders-archive]\n  operations: [consume]\n  limits: { maxDuration: PT4H }\n  approval: owners',
  *check({ set }) {
    const allowed = new Set(
      [...set.policies.values()].flatMap(({ effect, streams }) => (effect === 'allow' ? streams : [])),
    );
    for (const stream of set.streams.values()) {
      if (allowed.has(stream.name)) continue;
      yield {
        document: stream,
        message: `no policy allows anything on stream '${stream.name}'`,
        fix: 'remove it, or add a policy for it',
      };
    }
  },
};
