import { expect, test } from 'vitest';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import { repoFiles } from '../../support/policy-set.ts';

const gitHub = 'https://token.actions.githubusercontent.com';

/** `severity rule` of each problem of such Identities. */
function problems(...workloads: readonly (readonly [issuer: string, claims: string])[]): string[] {
  const documents = workloads.map(
    ([issuer, claims], i) => ['Identity', `ci-${i}`, `{workload: {issuer: "${issuer}", claims: {${claims}}}}`] as const,
  );
  return loadPolicySet(repoFiles(documents)).problems.map(({ severity, rule }) => `${severity} ${rule}`);
}

const shared = ['error policy/shared-issuer'];
const pulls = ['error policy/pull-request-workload'];

test.each([
  ['a repository by its id', gitHub, 'repository_id: "1", ref: refs/heads/main', []],
  ['a property of the organisation', gitHub, 'repository_id: "1", repo_property_tier: prod', []],
  ['a repository by its name', gitHub, 'repository: a/b, ref: refs/heads/main', shared],
  ['a subject', gitHub, 'sub: "repo:a/b:ref:refs/heads/main"', shared],
  ['a workflow by its name', gitHub, 'job_workflow_ref: a/b/.github/workflows/x.yml@refs/heads/main', shared],
  ["an enterprise's issuer", `${gitHub}/acme`, 'repository: a/b', shared],
  ['data residency', 'https://token.actions.acme.ghe.com', 'repository: a/b', shared],
  ['an Enterprise Server', 'https://ghe.example.com/_services/token', 'repository: a/b', shared],
  ['an issuer that is called alike', 'https://token.actions.githubusercontent.com.evil.example', 'repository: a/b', []],
  ['GitLab by a name', 'https://gitlab.com', 'project_path: a/b', shared],
  ['GitLab by an id', 'https://gitlab.com', 'project_id: "1"', []],
  ['pull requests by their ref', gitHub, 'repository_id: "1", ref: refs/pull/7/merge', pulls],
  ['pull requests by the event', gitHub, 'repository_id: "1", event_name: pull_request_target', pulls],
  ['pull requests by the subject', gitHub, 'repository_id: "1", sub: "repo:a/b:pull_request"', pulls],
  ['pull requests by the base', gitHub, 'repository_id: "1", base_ref: main', pulls],
  ['a claim that GitHub does not give', gitHub, 'repository_id: "1", branch: main', ['warning policy/idle-claim']],
  ['an audience', 'https://ci.example.com', 'aud: sluice, sub: x', ['error policy/idle-claim']],
])('%s', (_name, issuer, claims, expected) => {
  expect(problems([issuer, claims])).toEqual(expected);
});

test('two that one token would be are told, at the one that can never log in', () => {
  const wide = [gitHub, 'repository_id: "1"'] as const;
  const narrow = [gitHub, 'repository_id: "1", ref: refs/heads/main'] as const;
  expect(problems(wide, narrow)).toEqual(['warning policy/overlapping-workloads']);
  expect(problems(narrow, [gitHub, 'repository_id: "1", ref: refs/heads/dev'])).toEqual([]);
  expect(problems(['https://other.example', 'repository_id: "1"'], narrow)).toEqual([]);
});
