import { isGitHubActions } from '../../load/ci-tokens.ts';
import type { LintRule } from '../rule.ts';

const narrowing = ['ref', 'environment', 'job_workflow_ref', 'workflow_ref'];

/** A CI identity that any job of any branch has. */
export const anyJob: LintRule = {
  id: 'identity/any-job',
  level: 'warn',
  summary: 'A GitHub Actions workload without a branch, an environment or a workflow.',
  why: 'Every job of the repository is it, on every branch: whoever may push a branch, or run a workflow on a pull request, has its rights.',
  avoid:
    'kind: Identity\nmetadata: { name: any-ci }\nspec:\n  workload:\n    issuer: https://token.actions.githubusercontent.com\n    claims: { repository_id: "123456789" }',
  prefer:
    'kind: Identity\nmetadata: { name: any-ci }\nspec:\n  workload:\n    issuer: https://token.actions.githubusercontent.com\n    claims: { repository_id: "123456789", ref: refs/heads/main, environment: production }',
  *check({ set }) {
    for (const identity of set.identities.values()) {
      const { workload } = identity;
      if (!workload || !isGitHubActions(workload.issuer) || narrowing.some((name) => workload.claims[name])) continue;
      yield {
        document: identity,
        path: ['spec', 'workload', 'claims'],
        message: `any job of any branch is '${identity.name}'`,
        fix: 'add ref, environment or job_workflow_ref',
      };
    }
  },
};
