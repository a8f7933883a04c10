import { expect, test } from 'vitest';
import { AccessError, UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { PolicySet } from '../../../core/model/documents.ts';
import type { TokenClaims } from '../../../core/model/principal.ts';
import { Authenticator } from '../../../gateway/identity/authenticator.ts';
import type { TokenVerifier } from '../../../gateway/identity/token-verifier.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { policySetOf } from '../../support/policy-set.ts';

const issuer = 'https://login.example.com';
const policies = policySetOf([
  ['Identity', 'ada', `{person: {oidc: [{issuer: "${issuer}", subject: u-1}]}}`],
  ['Identity', 'job', `{workload: {issuer: "${issuer}", claims: {repository: acme/shop}}}`],
  ['Identity', 'other-job', `{workload: {issuer: "${issuer}", claims: {ref: refs/heads/main}}}`],
]);

function given(claims: Partial<TokenClaims>, live: PolicySet | undefined = policies) {
  const clock = new FakeClock();
  const whole: TokenClaims = {
    issuer,
    subject: 'u-1',
    claims: {},
    issuedAt: clock.now(),
    expiresAt: clock.now() + 60_000,
    ...claims,
  };
  const verifier = { verify: () => Promise.resolve(whole) } as unknown as TokenVerifier;
  return { clock, whole, authenticator: new Authenticator(verifier, () => live, clock) };
}

test('a token of one Identity becomes its Principal, until the token expires', async () => {
  const { authenticator, whole } = given({});
  expect(await authenticator.authenticate('t', undefined)).toEqual({
    principal: { identity: 'ada', kind: 'person', issuer, claimGroups: [], claims: {} },
    expiresAt: whole.expiresAt,
  });
  expect((await authenticator.authenticate('t', 'ada')).principal.identity).toBe('ada');
});

test.each<[string, Partial<TokenClaims>]>([
  ['a subject nobody has', { subject: 'u-2' }],
  ['the subject at another issuer', { issuer: 'https://other.example.com' }],
  [
    'a token that two Identities would fit',
    { subject: 'x', claims: { repository: 'acme/shop', ref: 'refs/heads/main' } },
  ],
])('%s: nobody', async (_what, claims) => {
  const error: unknown = await given(claims)
    .authenticator.authenticate('t', undefined)
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AccessError);
  expect(error).toMatchObject({ code: 'NoIdentity', why: expect.any(String) });
});

test.each(['bob', '', 'ADA'])('the user name %j is not the one of the token', async (name) => {
  await expect(given({}).authenticator.authenticate('t', name)).rejects.toMatchObject({
    code: 'NoIdentity',
    why: "the token is of 'ada'",
    fix: "use the user name 'ada'",
  });
});

test('before there is a policy it cannot be told: not a no', async () => {
  const clock = new FakeClock();
  const verifier = { verify: () => Promise.resolve(given({}).whole) } as unknown as TokenVerifier;
  const error: unknown = await new Authenticator(verifier, () => undefined, clock)
    .authenticate('t', undefined)
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(UpstreamError);
  expect(error).toMatchObject({ retry: 'later' });
});

test('a token that expires while it is looked at is refused', async () => {
  const { authenticator, clock, whole } = given({});
  clock.setWall(whole.expiresAt);
  await expect(authenticator.authenticate('t', undefined)).rejects.toMatchObject({ code: 'TokenRefused' });
});
