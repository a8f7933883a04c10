import type { AccessPolicy, BreakGlass, Grant, PolicySet } from '../model/documents.ts';
import { fits } from '../policy/fits.ts';
import type { Placed } from './check-references.ts';
import type { Findings } from './findings.ts';

/** An emergency fits its policy as a grant does, within the terms that the policy has for emergencies. */
export function checkBreakGlass(
  { document, yaml }: Placed<BreakGlass>,
  sets: Omit<PolicySet, 'repo'>,
  findings: Findings,
): void {
  const other = [...sets.grants.values(), ...sets.breakGlass.values()].find(
    ({ uid, name, kind }) => uid === document.uid && (name !== document.name || kind !== document.kind),
  );
  if (other) {
    const message = `uid ${document.uid} is that of ${other.kind} '${other.name}'; a uid is admitted once`;
    findings.at(yaml, ['spec', 'uid'], 'break-glass/duplicate-uid', message, 'make a new one: openssl rand -hex 16');
  }
  const policy = sets.policies.get(document.policy);
  if (!policy || !sets.identities.has(document.subject)) return; // reported as dangling
  if (document.streams.some((name) => !sets.streams.has(name))) return;
  if (!policy.breakGlass) {
    const fix = 'name a policy that has breakGlass, or ask for access with a Grant';
    const message = `policy '${policy.name}' has no breakGlass`;
    findings.at(yaml, ['spec', 'policy'], 'break-glass/policy', message, fix);
    return;
  }
  const person = sets.identities.get(document.subject)?.person;
  if (person && person.signingKeys.length === 0) {
    const message = `'${document.subject}' has no signing key, so nobody can have signed this`;
    findings.at(yaml, ['spec', 'signature'], 'break-glass/signature', message, 'add one to the Identity first');
  }
  const terms: AccessPolicy = { ...policy, limits: { ...policy.limits, maxDuration: policy.breakGlass.maxDuration } };
  const policies = new Map(sets.policies).set(policy.name, terms);
  for (const misfit of fits({ ...sets, policies }, asGrant(document))) {
    const path = misfit.path.map((part) => (part === 'requestedBy' ? 'subject' : part));
    findings.at(yaml, path, misfit.rule.replace(/^grant/, 'break-glass'), misfit.message, misfit.fix);
  }
}

function asGrant({ duration, kind: _kind, signature: _signature, ...rest }: BreakGlass): Grant {
  return {
    ...rest,
    kind: 'Grant',
    requestedBy: rest.subject,
    window: { duration, start: 'merge', notBefore: undefined, notAfter: undefined },
  };
}
