import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { Authenticator } from '../../../gateway/identity/authenticator.ts';
import { TokenVerifier } from '../../../gateway/identity/token-verifier.ts';
import { type ActionsIssuer, gitHubIssuer, releaseJob, startActionsIssuer } from '../../support/actions-issuer.ts';
import { policySetOf } from '../../support/policy-set.ts';

const audience = 'https://kafka.sluice.example.com';
const reusable = 'example/workflows/.github/workflows/release.yml@refs/heads/main';
const set = policySetOf([
  [
    'Identity',
    'release',
    `{workload: {issuer: "${gitHubIssuer}", claims: {repository_id: "123456789", ref: refs/heads/main, environment: production}}}`,
  ],
  [
    'Identity',
    'by-workflow',
    `{workload: {issuer: "${gitHubIssuer}", claims: {repository_id: "555", job_workflow_ref: "${reusable}"}}}`,
  ],
]);

let issuer: ActionsIssuer;
let authenticator: Authenticator;

beforeAll(async () => {
  issuer = await startActionsIssuer();
  const trusted = { issuer: gitHubIssuer, audience, algorithms: ['RS256'], jwksUri: issuer.jwksUri };
  const verifier = new TokenVerifier([{ ...trusted, tokenType: undefined, maxAge: undefined }], systemClock);
  authenticator = new Authenticator(verifier, () => set, systemClock);
});
afterAll(async () => await issuer?.[Symbol.asyncDispose]());

/** Who the job is, or the code and reason of the refusal. */
async function who(claims: Readonly<Record<string, unknown>>, forGateway = audience): Promise<string> {
  try {
    const { principal } = await authenticator.authenticate(await issuer.token(claims, forGateway), undefined);
    return `${principal.kind} ${principal.identity}`;
  } catch (error) {
    const { code, why } = error as { code: string; why: string };
    return `${code}: ${why}`;
  }
}

const nobody = 'NoIdentity: no Identity of the policy repo matches the token';
const { environment: _, ...withoutEnvironment } = releaseJob;
const called = { ...releaseJob, repository_id: '555', ref: 'refs/heads/x', job_workflow_ref: reusable };

test.each([
  ['the job itself', releaseJob, 'workload release'],
  ['an organisation that says subjects in another way', { ...releaseJob, sub: 'anything' }, 'workload release'],
  ['a renamed repository', { ...releaseJob, repository: 'example/store' }, 'workload release'],
  ['another repository that took over the name', { ...releaseJob, repository_id: '987' }, nobody],
  ['a fork', { ...releaseJob, repository: 'mallory/shop', repository_id: '988', repository_owner_id: '66' }, nobody],
  ['another branch', { ...releaseJob, ref: 'refs/heads/main2' }, nobody],
  ['a tag called as the branch', { ...releaseJob, ref: 'refs/tags/main', ref_type: 'tag' }, nobody],
  [
    'a pull request into the branch',
    { ...releaseJob, ref: 'refs/pull/7/merge', base_ref: 'main', event_name: 'pull_request' },
    nobody,
  ],
  ['a job without an environment', withoutEnvironment, nobody],
  ['an environment of nothing', { ...releaseJob, environment: '' }, nobody],
  ['another environment', { ...releaseJob, environment: 'Production' }, nobody],
  ['several environments', { ...releaseJob, environment: ['production'] }, nobody],
  ['an id as a number', { ...releaseJob, repository_id: 123456789 }, 'workload release'],
  ['an id that is only nearly the number', { ...releaseJob, repository_id: 123456789.5 }, nobody],
  ['an id with more around it', { ...releaseJob, repository_id: ' 123456789' }, nobody],
  ['a subject that says all that is missing', { sub: 'repository_id:123456789:ref:refs/heads/main' }, nobody],
  ['a job of the reusable workflow, of any branch', called, 'workload by-workflow'],
  [
    'a job of an own copy of that workflow',
    { ...called, job_workflow_ref: 'example/shop/.github/workflows/release.yml@refs/heads/main' },
    nobody,
  ],
  ['that workflow at another revision', { ...called, job_workflow_ref: reusable.replace('main', 'x') }, nobody],
])('%s', async (_name, claims, expected) => {
  expect(await who(claims)).toBe(expected);
});

test('a token for another audience is refused, whoever asked for it', async () => {
  expect(await who(releaseJob, 'https://github.com/example')).toBe('TokenRefused: it is for another audience');
  expect(await who(releaseJob, '')).toBe('TokenRefused: it is for another audience');
});
