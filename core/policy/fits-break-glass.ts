import type { BreakGlass, Grant, PolicySet } from '../model/documents.ts';
import { fits, type Misfit } from './fits.ts';

/** Why an emergency does not fit: as a grant of the same content, within the terms that its policy has for emergencies. */
export function breakGlassMisfits(
  rules: Pick<PolicySet, 'policies' | 'streams' | 'identities' | 'groups'>,
  emergency: BreakGlass,
): readonly Misfit[] {
  const policy = rules.policies.get(emergency.policy);
  if (policy && !policy.breakGlass) {
    const message = `policy '${policy.name}' has no breakGlass`;
    const fix = 'name a policy that has breakGlass, or ask for access with a Grant';
    return [{ rule: 'break-glass/policy', path: ['spec', 'policy'], message, fix }];
  }
  const terms = policy?.breakGlass && {
    ...policy,
    limits: { ...policy.limits, maxDuration: policy.breakGlass.maxDuration },
  };
  const policies = terms ? new Map(rules.policies).set(terms.name, terms) : rules.policies;
  return fits({ ...rules, policies }, breakGlassAsGrant(emergency)).map(({ rule, path, message, fix }) => ({
    rule: rule.replace(/^grant/, 'break-glass'),
    path: path.map((part) => (part === 'requestedBy' ? 'subject' : part)),
    message,
    fix,
  }));
}

/** The Grant that would give the same, from its merge on. */
export function breakGlassAsGrant(emergency: BreakGlass): Grant {
  const { duration, kind: _kind, signature: _signature, signedAt: _signedAt, ...rest } = emergency;
  return {
    ...rest,
    kind: 'Grant',
    requestedBy: rest.subject,
    window: { duration, start: 'merge', notBefore: undefined, notAfter: undefined },
  };
}
