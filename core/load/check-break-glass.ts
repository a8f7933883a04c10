import type { BreakGlass, PolicySet } from '../model/documents.ts';
import { breakGlassMisfits } from '../policy/fits-break-glass.ts';
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
  if (!sets.policies.has(document.policy) || !sets.identities.has(document.subject)) return; // reported as dangling
  if (document.streams.some((name) => !sets.streams.has(name))) return;
  const misfits = breakGlassMisfits(sets, document);
  const person = sets.identities.get(document.subject)?.person;
  if (person && person.signingKeys.length === 0 && !misfits.some(({ rule }) => rule === 'break-glass/policy')) {
    const message = `'${document.subject}' has no signing key, so nobody can have signed this`;
    findings.at(yaml, ['spec', 'signature'], 'break-glass/signature', message, 'add one to the Identity first');
  }
  for (const { rule, path, message, fix } of misfits) findings.at(yaml, path, rule, message, fix);
}
