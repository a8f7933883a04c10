import type { StepEvidence } from '../admission/evidence.ts';
import type { Step } from './evidence-source.ts';

/** Evidence about a step that is no merge of a request, and why not. */
export function flawed(
  { commit, parent }: Step,
  refusal: NonNullable<StepEvidence['flaw']>['refusal'],
  message: string,
): StepEvidence {
  return {
    commit,
    parent,
    flaw: { refusal, message },
    requestSigners: [],
    contributors: [],
    claimedEmails: [],
    mergedAt: 0,
    mergedBy: '',
    approvals: [],
  };
}
