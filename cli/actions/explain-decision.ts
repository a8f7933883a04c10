import type { Principal } from '../../core/model/principal.ts';
import type { Operation, Resource } from '../../core/model/resource.ts';
import { type Explanation, explain } from '../../core/policy/explain.ts';
import { principalOf } from './asker.ts';
import { type CanIQuestion, grantNotes, placed, resourceOf } from './can-i.ts';
import { rulesAt, snapshotOf } from './rules-at.ts';

export interface ExplainQuestion extends CanIQuestion {
  /** undefined = the files as they are in the folder. */
  readonly revision: string | undefined;
}

export interface ExplainResult {
  readonly explanation: Explanation;
  readonly principal: Principal;
  readonly operation: Operation;
  readonly resource: Resource;
  /** Epoch ms. */
  readonly at: number;
  /** Commit id; undefined = the files in the folder. */
  readonly revision: string | undefined;
  readonly notes: readonly string[];
}

/** Decides by the rules in a folder or at a revision, and tells of every rule that was looked at. */
export async function explainDecision(question: ExplainQuestion): Promise<ExplainResult> {
  const rules = await rulesAt(question.repo, question.revision);
  const principal = principalOf(rules.policySet, question);
  const resource = resourceOf(rules.policySet, question);
  const { decision, ...found } = explain(
    snapshotOf(rules, question.at),
    principal,
    question.operation,
    resource,
    question.at,
  );
  return {
    explanation: {
      ...found,
      decision: placed(decision, rules),
      streams: found.streams.map((stream) => ({ ...stream, at: rules.shown(stream.at) })),
      rules: found.rules.map((rule) => ({ ...rule, at: rule.at && rules.shown(rule.at) })),
      masks: found.masks.map((mask) => ({ ...mask, at: rules.shown(mask.at) })),
    },
    principal,
    operation: question.operation,
    resource,
    at: question.at,
    revision: rules.revision,
    notes: grantNotes(rules.policySet, question),
  };
}
