import type { ApproverRule, PolicySet } from '../../core/model/documents.ts';
import { matches, type Operation, type Resource, type ResourceKind } from '../../core/model/resource.ts';
import { type Holder, whoCan } from '../../core/policy/who-can.ts';
import { resourceOf } from './can-i.ts';
import { rulesAt, snapshotOf } from './rules-at.ts';

export interface WhoCanQuestion {
  /** Folder of the policy repo. */
  readonly repo: string;
  /** undefined = the files as they are in the folder. */
  readonly revision: string | undefined;
  readonly operation: Operation;
  readonly kind: ResourceKind;
  readonly name: string;
  readonly cluster: string | undefined;
  /** Epoch ms. */
  readonly at: number;
}

export interface WhoCanResult {
  readonly holders: readonly Holder[];
  readonly operation: Operation;
  readonly resource: Resource;
  readonly at: number;
  readonly revision: string | undefined;
  /** Who has to sign, in words, by ApproverRule. */
  readonly approval: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** Everybody who may do something by the rules of a folder or a revision, or may ask to. */
export async function findWhoCan(question: WhoCanQuestion): Promise<WhoCanResult> {
  const rules = await rulesAt(question.repo, question.revision);
  const { policySet } = rules;
  const resource = resourceOf(policySet, question);
  const holders = whoCan(snapshotOf(rules, question.at), question.operation, resource, question.at);
  return {
    holders: holders.map((one) => ({ ...one, rule: { ...one.rule, at: one.rule.at && rules.shown(one.rule.at) } })),
    operation: question.operation,
    resource,
    at: question.at,
    revision: rules.revision,
    approval: new Map(
      [...policySet.approverRules.values()].map((rule) => [rule.name, requirementText(policySet, rule)]),
    ),
    notes: grantNotes(policySet, question),
  };
}

function requirementText({ groups }: PolicySet, { require }: ApproverRule): string {
  const clauses = require.clauses.map(
    ({ from, count }) => `${count} of ${from} (${[...(groups.get(from)?.members ?? [])].sort().join(', ')})`,
  );
  return clauses.join(require.match === 'all' ? ' and ' : ' or ');
}

/** Grants that speak of the resource: only a gateway knows whether they are live. */
function grantNotes({ grants, streams }: PolicySet, { operation, kind, name }: WhoCanQuestion): string[] {
  return [...grants.values()]
    .filter(
      (grant) =>
        grant.operations.includes(operation) &&
        (kind !== 'topic' ||
          grant.streams.some((stream) =>
            (grant.topics ?? streams.get(stream)?.topics ?? []).some((topic) => matches(topic, name)),
          )),
    )
    .map(
      ({ name: own, subject }) =>
        `grant '${own}' of ${subject} is not counted: only a gateway knows whether it is live`,
    );
}
