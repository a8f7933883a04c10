/** Who asks, from flags: an Identity of the rules, with what a token and a connection would add. */
import { isIP } from 'node:net';
import { InputError } from '../../core/errors/sluice-error.ts';
import { didYouMean } from '../../core/load/nearest.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { ClaimValue, Principal } from '../../core/model/principal.ts';
import { issuersOf } from '../../core/policy/match-identity.ts';

export interface Asker {
  /** Name of an Identity. */
  readonly as: string;
  /** Groups that the identity provider would put them into. */
  readonly claimGroups: readonly string[];
  /** `name=value`; a value that is JSON is that. Without any, no claim is known. */
  readonly claims: readonly string[];
  /** Address of the connection. */
  readonly source: string | undefined;
}

/** The Principal that such a connection would have. */
export function principalOf({ identities, groups, policies }: PolicySet, asker: Asker): Principal {
  const { as, claimGroups, source } = asker;
  const identity = identities.get(as);
  if (!identity) {
    throw new InputError('BadUsage', `the policy repo has no Identity '${as}'`, {
      fix: didYouMean(as, identities.keys()) ?? `it has ${[...identities.keys()].sort().slice(0, 20).join(', ')}`,
    });
  }
  const own = issuersOf(identity);
  const claimed = claimGroups.map((name) => groups.get(name)?.fromClaim?.issuer);
  const wrong = claimed.findIndex((issuer) => issuer === undefined || issuer !== claimed[0] || !own.includes(issuer));
  if (wrong >= 0) {
    throw new InputError('BadUsage', `no token of '${as}' can put them into group '${claimGroups[wrong]}'`, {
      why: 'the Group has no fromClaim, or one of an issuer that the Identity has no account at',
      fix: 'name Groups with a fromClaim of one issuer of the Identity',
    });
  }
  if (source !== undefined && isIP(source) === 0) {
    throw new InputError('BadUsage', `'${source}' is no IP address`, { fix: 'write it like 10.1.2.3 or 2001:db8::1' });
  }
  const read = [...policies.values()].flatMap((policy) => policy.when?.claims ?? []);
  return {
    identity: as,
    kind: identity.person ? 'person' : 'workload',
    issuer: claimed[0] ?? own[0] ?? '',
    claimGroups,
    claims: asker.claims.length === 0 ? undefined : claimsOf(asker.claims, read),
    source,
  };
}

/** Who names a claim means that the token has those and no others. */
function claimsOf(given: readonly string[], read: readonly string[]): Record<string, ClaimValue | null> {
  const pairs = given.map((text): [string, ClaimValue] => {
    const at = text.indexOf('=');
    if (at < 1) {
      throw new InputError('BadUsage', `'${text}' is no claim`, { fix: 'write --claim name=value' });
    }
    return [text.slice(0, at), claimValue(text.slice(at + 1))];
  });
  return Object.fromEntries([...read.map((name): [string, null] => [name, null]), ...pairs]);
}

function claimValue(text: string): ClaimValue {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'boolean' || typeof value === 'number') return value;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // not JSON: the text itself
  }
  return text;
}
