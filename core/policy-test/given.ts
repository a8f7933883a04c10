/** What a PolicyTest takes as given, as the parts of a decision: a principal and a snapshot. */
import type { PolicySet } from '../model/documents.ts';
import type { PolicyTest } from '../model/policy-test.ts';
import type { Principal, TokenClaims } from '../model/principal.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { freezeGrant } from '../policy/freeze-grant.ts';
import { matchIdentity, type Unmatched } from '../policy/match-identity.ts';

/** Who asks: found from the claims of a token, as the gateway does it. */
export function givenPrincipal(rules: PolicySet, test: PolicyTest): Principal | Unmatched {
  const { principal, source } = test;
  const matched = matchIdentity(rules, tokenOf(rules, test));
  if (principal === undefined) return 'refused' in matched ? matched : { ...matched, source };
  if (!('refused' in matched) && matched.identity === principal) return { ...matched, source };
  const identity = rules.identities.get(principal);
  if (!('refused' in matched)) return { refused: `the token is that of '${matched.identity}'` };
  if (Object.keys(test.claims).length > 0 || identity?.workload || identity?.person?.oidc.length) return matched;
  // Somebody without an account at an issuer still has rights by name.
  return { identity: principal, kind: 'person', issuer: '', claimGroups: [], claims: {}, source };
}

function tokenOf({ identities }: PolicySet, { principal, claims, now }: PolicyTest): TokenClaims {
  const { iss, sub, ...others } = claims;
  const identity = principal === undefined ? undefined : identities.get(principal);
  const accounts = identity?.person?.oidc ?? [];
  const account = accounts.find(({ issuer }) => issuer === iss) ?? accounts[0];
  const { workload } = identity ?? {};
  return {
    issuer: text(iss) ?? workload?.issuer ?? account?.issuer ?? '',
    subject: text(sub) ?? workload?.claims['sub'] ?? account?.subject ?? '',
    claims: { ...workload?.claims, ...others },
    issuedAt: now,
    expiresAt: now,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The rules with the grants and revocations that a test names, and no others. */
export function givenSnapshot(rules: PolicySet, { grants, revocations, now }: PolicyTest): Snapshot {
  return {
    revision: 'folder',
    generation: 0,
    policies: rules,
    grants: new Map(
      grants.map(({ grant, start, end }) => [grant.uid, freezeGrant(rules, grant, { start, end, admittedAt: start })]),
    ),
    tombstones: revocations.flatMap((name) => {
      const found = rules.revocations.get(name);
      return found ? [{ name, target: found.target, until: found.until, seenAt: now }] : [];
    }),
  };
}
