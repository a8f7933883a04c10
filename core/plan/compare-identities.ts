/** Who can be taken for an Identity, and whom its owner can not approve for: what is no right on a stream by itself. */
import { formatInstant } from '../clock/instant.ts';
import type { Identity, PolicySet, SigningKey, Workload } from '../model/documents.ts';
import type { DocumentChanges } from './document-changes.ts';
import type { Cause, SettingChange } from './plan.ts';
import type { Side } from './side.ts';

/** What lets more people or machines be an Identity of `richer` that has rights or approves, or approve for more. */
export function compareIdentities(poorer: Side, richer: Side, changes: DocumentChanges): SettingChange[] {
  const matter = identitiesThatMatter(richer);
  return [...richer.set.identities.values()].flatMap((identity) => {
    const before = poorer.set.identities.get(identity.name);
    if (!matter.has(identity.name)) return [];
    const gains = before ? gainsOf(before, identity) : [];
    const rivals = before ? lostRivals(poorer.set, richer.set, identity) : [];
    const causes = ['', ...rivals].flatMap((name): Cause[] => {
      const cause = changes.get(`Identity/${name || identity.name}`);
      return cause ? [cause] : [];
    });
    const texts = [...gains, ...rivals.map((name) => `tokens that ${name} matched too are no longer refused`)];
    return texts.map(
      (after): SettingChange => ({
        what: 'identity',
        principals: [identity.name],
        before: 'not so',
        after,
        causes,
      }),
    );
  });
}

function identitiesThatMatter(side: Side): ReadonlySet<string> {
  const found = new Set<string>();
  for (const policy of side.set.policies.values()) {
    if (policy.effect === 'allow') for (const name of side.concerned.get(policy.name)!.keys()) found.add(name);
  }
  for (const grant of side.set.grants.values()) found.add(grant.subject).add(grant.requestedBy);
  for (const rule of side.set.approverRules.values()) {
    for (const { from } of rule.require.clauses) {
      for (const member of side.set.groups.get(from)?.members ?? []) found.add(member);
    }
  }
  return found;
}

function gainsOf(before: Identity, after: Identity): string[] {
  const gains: string[] = [];
  const [old, now] = [before.person, after.person];
  for (const { issuer, subject } of now?.oidc ?? []) {
    if (!old?.oidc.some((one) => one.issuer === issuer && one.subject === subject)) {
      gains.push(`OIDC subject ${subject} of ${issuer} is ${after.name}`);
    }
  }
  for (const { forge, id } of now?.accounts ?? []) {
    if (!old?.accounts.some((one) => one.forge === forge && one.id === id)) {
      gains.push(`account ${id} on ${forge} is ${after.name}`);
    }
  }
  for (const key of now?.signingKeys ?? []) {
    if (!old?.signingKeys.some((one) => holdsLonger(one, key))) gains.push(`${formatKey(key)} signs for ${after.name}`);
  }
  for (const alias of old?.aliases ?? []) {
    if (!now?.aliases.includes(alias)) gains.push(`${alias} is no longer the same human as ${after.name}`);
  }
  for (const email of old?.emails ?? []) {
    if (!now?.emails.includes(email)) gains.push(`commits of ${email} no longer exclude ${after.name} from approving`);
  }
  if (after.workload && !(before.workload && isStricter(after.workload, before.workload))) {
    gains.push(`tokens of ${formatWorkload(after.workload)} are ${after.name}`);
  }
  return gains;
}

function holdsLonger(one: SigningKey, key: SigningKey): boolean {
  return (
    one.key === key.key &&
    (one.validFrom ?? Number.NEGATIVE_INFINITY) <= (key.validFrom ?? Number.NEGATIVE_INFINITY) &&
    (one.validTo ?? Number.POSITIVE_INFINITY) >= (key.validTo ?? Number.POSITIVE_INFINITY)
  );
}

/** Every token that the one matches, the other matches. */
function isStricter(one: Workload, other: Workload): boolean {
  return (
    one.issuer === other.issuer && Object.entries(other.claims).every(([name, value]) => one.claims[name] === value)
  );
}

/** Identities whose tokens could match this one's as well, and were refused for it: gone, or changed, in the richer set. */
function lostRivals(poorer: PolicySet, richer: PolicySet, identity: Identity): string[] {
  return [...poorer.identities.values()]
    .filter((rival) => rival.name !== identity.name && overlaps(rival, identity))
    .filter((rival) => {
      const now = richer.identities.get(rival.name);
      return (
        !now ||
        JSON.stringify([now.person?.oidc, now.workload]) !== JSON.stringify([rival.person?.oidc, rival.workload])
      );
    })
    .map((rival) => rival.name)
    .sort();
}

function overlaps(a: Identity, b: Identity): boolean {
  if (a.workload && b.workload) {
    const [left, right] = [a.workload, b.workload];
    return (
      left.issuer === right.issuer &&
      Object.entries(left.claims).every(([name, value]) => (right.claims[name] ?? value) === value)
    );
  }
  const [workload, person] = [a.workload ?? b.workload, a.person ?? b.person];
  if (!workload || !person) return false;
  const { sub } = workload.claims;
  return person.oidc.some(
    ({ issuer, subject }) => issuer === workload.issuer && (sub === undefined || sub === subject),
  );
}

function formatKey({ key, validFrom, validTo }: SigningKey): string {
  const from = validFrom === undefined ? '' : ` from ${formatInstant(validFrom)}`;
  return `key ${key.slice(0, 12)}…${key.slice(-12)}${from}${validTo === undefined ? '' : ` to ${formatInstant(validTo)}`}`;
}

function formatWorkload({ issuer, claims }: Workload): string {
  return `${issuer} with ${Object.entries(claims)
    .map(([name, value]) => `${name} ${value}`)
    .sort()
    .join(', ')}`;
}
