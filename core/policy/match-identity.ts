/** From what a trusted issuer said about a bearer to the one Identity that it is. */
import type { Group, Identity, PolicySet } from '../model/documents.ts';
import type { Principal, TokenClaims } from '../model/principal.ts';
import { readClaims } from './read-claims.ts';

/** The token is of nobody, or of more than one: never a guess. */
export interface Unmatched {
  /** One sentence for a person, without values of the token. */
  readonly refused: string;
}

/** The Principal of verified claims. Expiry, audience and signature were checked before. */
export function matchIdentity(
  rules: Pick<PolicySet, 'identities' | 'groups' | 'policies'>,
  token: TokenClaims,
): Principal | Unmatched {
  const found: Identity[] = [];
  for (const identity of rules.identities.values()) {
    if (isPerson(identity, token) || isWorkload(identity, token)) found.push(identity);
  }
  const [identity, second] = found;
  if (!identity) return { refused: 'no Identity of the policy repo matches the token' };
  if (second) {
    const names = found.map((one) => one.name).sort();
    return { refused: `the token matches ${names.length} Identities: ${names.join(', ')}` };
  }
  const claimGroups: string[] = [];
  for (const group of rules.groups.values()) if (inGroupByClaim(group, token)) claimGroups.push(group.name);
  return {
    identity: identity.name,
    kind: identity.person ? 'person' : 'workload',
    issuer: token.issuer,
    claimGroups: claimGroups.sort(),
    claims: readClaims(rules.policies, token),
  };
}

/** Every Group of a principal, by listed membership or by a claim that is still asked for; sorted. */
export function groupsOf(groups: ReadonlyMap<string, Group>, principal: Principal): string[] {
  const { listed, byClaim } = membersOf(groups);
  const names = new Set(listed.get(principal.identity));
  for (const { name, fromClaim } of byClaim) {
    if (fromClaim?.issuer === principal.issuer && principal.claimGroups.includes(name)) names.add(name);
  }
  return [...names].sort();
}

/** Issuers whose tokens an Identity can have. */
export function issuersOf({ person, workload }: Identity): readonly string[] {
  return workload ? [workload.issuer] : (person?.oidc.map(({ issuer }) => issuer) ?? []);
}

interface Members {
  /** Names of groups by Identity. */
  readonly listed: ReadonlyMap<string, readonly string[]>;
  readonly byClaim: readonly Group[];
}

const tables = new WeakMap<ReadonlyMap<string, Group>, Members>();

/** Who is in which group; made once for the groups of a revision. */
function membersOf(groups: ReadonlyMap<string, Group>): Members {
  let table = tables.get(groups);
  if (!table) {
    const listed = new Map<string, string[]>();
    for (const { name, members } of groups.values()) {
      for (const member of members) {
        const names = listed.get(member);
        if (names) names.push(name);
        else listed.set(member, [name]);
      }
    }
    table = { listed, byClaim: [...groups.values()].filter(({ fromClaim }) => fromClaim) };
    tables.set(groups, table);
  }
  return table;
}

function isPerson({ person }: Identity, token: TokenClaims): boolean {
  return person?.oidc.some(({ issuer, subject }) => issuer === token.issuer && subject === token.subject) ?? false;
}

function isWorkload({ workload }: Identity, token: TokenClaims): boolean {
  if (!workload || workload.issuer !== token.issuer) return false;
  const claims = Object.entries(workload.claims);
  return claims.length > 0 && claims.every(([name, value]) => claimText(token, name) === value);
}

function inGroupByClaim({ fromClaim }: Group, token: TokenClaims): boolean {
  if (!fromClaim || fromClaim.issuer !== token.issuer) return false;
  const claim = Object.hasOwn(token.claims, fromClaim.claim) ? token.claims[fromClaim.claim] : undefined;
  return claim === fromClaim.value || (Array.isArray(claim) && claim.includes(fromClaim.value));
}

/** A claim as text: issuers send ids as text or as numbers. Lists and objects equal nothing. */
function claimText(token: TokenClaims, name: string): string | undefined {
  if (name === 'sub') return token.subject;
  const claim = Object.hasOwn(token.claims, name) ? token.claims[name] : undefined;
  if (typeof claim === 'string') return claim;
  return typeof claim === 'number' && Number.isSafeInteger(claim) ? String(claim) : undefined;
}
