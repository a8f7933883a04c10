import { join } from 'node:path';
import { InputError } from '../../core/errors/sluice-error.ts';
import { didYouMean } from '../../core/load/nearest.ts';
import type { Decision } from '../../core/model/decision.ts';
import type { Grant, PolicySet } from '../../core/model/documents.ts';
import type { Principal } from '../../core/model/principal.ts';
import { matches, type Operation, type Resource, type ResourceKind } from '../../core/model/resource.ts';
import { decide } from '../../core/policy/decide.ts';
import { type Asker, principalOf } from './asker.ts';
import { type Rules, rulesAt, snapshotOf } from './rules-at.ts';

export interface CanIQuestion extends Asker {
  /** Folder of the policy repo. */
  readonly repo: string;
  readonly operation: Operation;
  readonly kind: ResourceKind;
  readonly name: string;
  /** Undefined = the only one of the repo. */
  readonly cluster: string | undefined;
  /** Epoch ms. */
  readonly at: number;
}

export interface CanIResult {
  readonly decision: Decision;
  readonly principal: Principal;
  readonly operation: Operation;
  readonly resource: Resource;
  readonly at: number;
  /** What the folder cannot know, such as whether a grant in it was admitted. */
  readonly notes: readonly string[];
}

/** Decides by the rules in a folder, with its revocations and without grants: only a gateway admits those. */
export async function canI(question: CanIQuestion): Promise<CanIResult> {
  const rules = await rulesAt(question.repo, undefined);
  const principal = principalOf(rules.policySet, question);
  const resource = resourceOf(rules.policySet, question);
  const decision = decide(snapshotOf(rules, question.at), principal, question.operation, resource, question.at);
  return {
    decision: placed(decision, rules),
    principal,
    operation: question.operation,
    resource,
    at: question.at,
    notes: grantNotes(rules.policySet, question),
  };
}

/** The resource that a question names; the cluster may be left out when there is one. */
export function resourceOf(
  policySet: PolicySet,
  { cluster, kind, name }: Pick<CanIQuestion, 'cluster' | 'kind' | 'name'>,
): Resource {
  return { cluster: clusterOf(policySet, cluster), kind, name };
}

function clusterOf({ clusters }: PolicySet, given: string | undefined): string {
  const names = [...clusters.keys()].sort();
  const cluster = given ?? (names.length === 1 ? names[0] : undefined);
  if (cluster === undefined) {
    throw new InputError('BadUsage', 'which cluster?', { fix: `add --cluster with one of ${names.join(', ')}` });
  }
  if (!clusters.has(cluster)) {
    const fix = didYouMean(cluster, names) ?? `it has ${names.join(', ')}`;
    throw new InputError('BadUsage', `the policy repo has no Cluster '${cluster}'`, { fix });
  }
  return cluster;
}

/** Grants that would speak of the question, were they admitted. */
export function grantNotes(
  { grants, streams }: PolicySet,
  { as, operation, kind, name, repo }: Omit<CanIQuestion, 'at'>,
): string[] {
  const about = (grant: Grant): boolean =>
    grant.subject === as &&
    grant.operations.includes(operation) &&
    (kind !== 'topic' ||
      grant.streams.some((stream) =>
        (grant.topics ?? streams.get(stream)?.topics ?? []).some((topic) => matches(topic, name)),
      ));
  return [...grants.values()]
    .filter(about)
    .map(
      ({ name: own, at }) =>
        `grant '${own}' (${join(repo, at.file)}) is not counted: only a gateway knows whether it is live`,
    );
}

/** Places begin with the folder as it was given. */
export function placed(decision: Decision, { shown }: Rules): Decision {
  const rule = { ...decision.rule, at: decision.rule.at && shown(decision.rule.at) };
  if (decision.effect === 'allow') return { ...decision, rule };
  const miss = decision.nearestMiss;
  return { ...decision, rule, nearestMiss: miss && { ...miss, at: shown(miss.at) } };
}
