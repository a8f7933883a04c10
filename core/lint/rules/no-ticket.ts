import type { LintRule } from '../rule.ts';

/** Grants without a ticket, for companies that have them. */
export const noTicket: LintRule = {
  id: 'grant/no-ticket',
  level: 'off',
  summary: 'A Grant without a ticket.',
  why: 'With a ticket an auditor finds the incident or the task. Off until you turn it on.',
  avoid:
    'kind: Grant\nmetadata: { name: 2026-11-24-alice-orders }\nspec:\n  uid: 7c9e6679f2b84d3f9a1be0c5d4a8f613\n  requestedBy: alice\n  subject: alice\n  policy: orders-on-request\n  streams: [orders]\n  operations: [consume]\n  window: { duration: PT2H }\n  reason: orders are stuck',
  prefer:
    'kind: Grant\nmetadata: { name: 2026-11-24-alice-orders }\nspec:\n  uid: 7c9e6679f2b84d3f9a1be0c5d4a8f613\n  requestedBy: alice\n  subject: alice\n  policy: orders-on-request\n  streams: [orders]\n  operations: [consume]\n  window: { duration: PT2H }\n  reason: orders are stuck\n  ticket: INC-4711',
  *check({ set }) {
    for (const grant of set.grants.values()) {
      if (grant.ticket !== undefined) continue;
      yield { document: grant, message: `grant '${grant.name}' has no ticket`, fix: 'add ticket: with its number' };
    }
  },
};
