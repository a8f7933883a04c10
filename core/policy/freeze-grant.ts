import type { Grant, PolicySet } from '../model/documents.ts';
import type { AdmittedGrant } from '../model/right.ts';
import { bindingsDigest } from './bindings.ts';
import { type GrantScope, resolveScope } from './resolve-scope.ts';

/** What of a Grant is frozen. */
export type FrozenGrant = GrantScope & Pick<Grant, 'uid' | 'name' | 'requestedBy' | 'operations' | 'at'>;

/** When a grant holds and what let it in; times are epoch ms. */
export type Admission = Pick<AdmittedGrant, 'start' | 'end' | 'admittedAt'> &
  Partial<Pick<AdmittedGrant, 'approvedBy' | 'commit'>>;

/**
 * A grant as these rules freeze it: the names it comes to, the masks there are and what of them it lifts, whose it is.
 * What the rules do not have, such as its policy, leaves its part empty, and the grant gives nothing by it.
 */
export function freezeGrant(rules: PolicySet, grant: FrozenGrant, admission: Admission): AdmittedGrant {
  const { uid, name, subject, requestedBy, policy, streams, operations, at } = grant;
  const identity = rules.identities.get(subject);
  const masks = [...rules.masks.values()].filter((mask) => mask.streams.some((stream) => streams.includes(stream)));
  return {
    uid,
    name,
    subject,
    requestedBy,
    policy,
    cluster: rules.streams.get(streams[0] ?? '')?.cluster ?? '',
    streams: resolveScope(rules, grant),
    operations,
    unmask: rules.policies.get(policy)?.unmask ?? [],
    masksAtAdmission: masks.flatMap((mask) => mask.rules.map((rule) => `${mask.name}/${rule.name}`)),
    bindings: identity ? bindingsDigest(identity) : '',
    at,
    approvedBy: [],
    commit: '',
    ...admission,
  };
}
