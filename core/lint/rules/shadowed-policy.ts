import { isDeepStrictEqual } from 'node:util';
import type { AccessPolicy, PolicySet } from '../../model/documents.ts';
import type { LintRule } from '../rule.ts';
import { scopeWithin, subjectsWithin } from '../subjects.ts';

/** A policy that adds nothing to another. */
export const shadowedPolicy: LintRule = {
  id: 'redundant/shadowed-policy',
  level: 'warn',
  summary: 'A policy that gives nothing beyond what another gives under the same or weaker conditions.',
  why: 'Who tightens it changes nothing, and believes to have.',
  avoid:
    'kind: AccessPolicy\nmetadata: { name: alice-reads-orders }\nspec:\n  mode: standing\n  subjects:\n    - identity: alice # in the group that orders-read names\n  streams: [orders]\n  operations: [consume]',
  prefer:
    'kind: AccessPolicy\nmetadata: { name: orders-read }\nspec:\n  mode: standing\n  subjects:\n    - group: oncall\n  streams: [orders]\n  operations: [consume]',
  *check({ set }) {
    for (const policy of set.policies.values()) {
      const other = [...set.policies.values()].find((one) => one !== policy && shadows(set, one, policy));
      // Of two that are the same, the later name goes.
      if (!other || (shadows(set, policy, other) && policy.name < other.name)) continue;
      yield {
        document: policy,
        message: `policy '${other.name}' gives all that '${policy.name}' gives`,
        fix: 'remove it, or make the other one narrower',
      };
    }
  },
};

function shadows(set: PolicySet, outer: AccessPolicy, inner: AccessPolicy): boolean {
  if (outer.effect !== inner.effect || !scopeWithin(inner, outer) || !subjectsWithin(set, inner, outer)) return false;
  if (!isDeepStrictEqual([outer.groups, outer.transactionalIds], [inner.groups, inner.transactionalIds])) return false;
  if (outer.durability !== inner.durability) return false;
  if (outer.limits.hours && !isDeepStrictEqual(outer.limits.hours, inner.limits.hours)) return false;
  if (outer.when && outer.when.text !== inner.when?.text) return false;
  if (outer.effect === 'deny') return true;
  if (!inner.unmask.every((id) => outer.unmask.includes(id))) return false;
  if (outer.mode === 'standing') return true;
  const { maxDuration = Number.POSITIVE_INFINITY, maxActive = Number.POSITIVE_INFINITY } = outer.limits;
  return (
    inner.mode === 'onRequest' &&
    outer.approval === inner.approval &&
    maxDuration >= (inner.limits.maxDuration ?? Number.POSITIVE_INFINITY) &&
    maxActive >= (inner.limits.maxActive ?? Number.POSITIVE_INFINITY)
  );
}
