/** What the tokens of well-known CI systems say, as far as a mistake in an Identity can open it to strangers. */

export interface CiTokens {
  /** One of these names a customer or repository for good; names of repositories can be taken over. */
  readonly lasting: readonly string[];
  /** Every claim that their tokens can have; undefined = not known. */
  readonly claims: readonly string[] | undefined;
}

/** Of https://docs.github.com/en/actions/reference/openid-connect-reference, but for `iss`, `aud` and the times. */
const gitHubClaims = [
  'sub',
  'actor',
  'actor_id',
  'base_ref',
  'check_run_id',
  'enterprise',
  'enterprise_id',
  'environment',
  'environment_node_id',
  'event_name',
  'head_ref',
  'issuer_scope',
  'job_workflow_ref',
  'job_workflow_sha',
  'ref',
  'ref_protected',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'repository_visibility',
  'run_attempt',
  'run_id',
  'run_number',
  'runner_environment',
  'sha',
  'workflow',
  'workflow_ref',
  'workflow_sha',
];

const gitHub: CiTokens = { lasting: ['repository_id', 'repository_owner_id'], claims: gitHubClaims };

const others: ReadonlyMap<string, CiTokens> = new Map([
  ['https://gitlab.com', { lasting: ['project_id', 'namespace_id'], claims: undefined }],
  ['https://agent.buildkite.com', { lasting: ['organization_id', 'pipeline_id'], claims: undefined }],
  ['https://app.terraform.io', { lasting: ['terraform_organization_id', 'terraform_workspace_id'], claims: undefined }],
]);

/** GitHub Actions: github.com, an enterprise's own issuer there, data residency, or an Enterprise Server. */
export function isGitHubActions(issuer: string): boolean {
  return (
    /^https:\/\/token\.actions\.githubusercontent\.com(?:\/[\w-]+)?$/.test(issuer) ||
    /^https:\/\/token\.actions\.[\w-]+\.ghe\.com(?:\/[\w-]+)?$/.test(issuer) ||
    /^https:\/\/[^/]+\/_services\/token$/.test(issuer)
  );
}

/** undefined for an issuer of whom nothing is known. */
export function ciTokens(issuer: string): CiTokens | undefined {
  return isGitHubActions(issuer) ? gitHub : others.get(issuer);
}
