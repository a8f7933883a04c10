import type { LintRule } from '../rule.ts';

const late = 30 * 86_400_000;

/** Grants that are history. */
export const endedGrant: LintRule = {
  id: 'grant/ended',
  level: 'warn',
  summary: 'A Grant whose notAfter passed more than 30 days ago.',
  why: 'It can never give anything again; git keeps it. Reviewers should see what counts.',
  avoid:
    'kind: Grant\nmetadata: { name: 2020-01-02-alice-orders }\nspec:\n  uid: 7c9e6679f2b84d3f9a1be0c5d4a8f613\n  requestedBy: alice\n  subject: alice\n  policy: orders-on-request\n  streams: [orders]\n  operations: [consume]\n  window: { duration: PT2H, notAfter: 2020-01-02T18:00:00Z }\n  reason: INC-1\n  ticket: INC-1',
  prefer: '# The file is deleted.',
  *check({ set, now }) {
    for (const grant of set.grants.values()) {
      const { notAfter } = grant.window;
      if (notAfter === undefined || now - notAfter < late) continue;
      yield {
        document: grant,
        path: ['spec', 'window', 'notAfter'],
        message: `grant '${grant.name}' has ended`,
        fix: 'delete the file',
      };
    }
  },
};
