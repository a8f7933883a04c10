/**
 * Every field of every document, with where a plan looks at it. A field that the model gets and this table does not
 * have is a type error: a plan must not overlook what it does not know.
 */
import type * as model from '../model/documents.ts';

type FieldsOf<K extends model.Kind> = Exclude<keyof Extract<model.PolicyDocument, { kind: K }>, 'kind' | 'at'>;

/**
 * `rights`: compare-topics and compare-names, through the functions that decide; labels of an Identity only where a
 * `when` reads them. `approval`: who signs. `masks`,
 * `identity`, `repo`: their own files. `none`: no right comes from it.
 */
export type Place = 'rights' | 'approval' | 'masks' | 'identity' | 'repo' | 'none';

export const accountedFields: { readonly [K in model.Kind]: { readonly [F in FieldsOf<K>]: Place } } = {
  Repo: {
    name: 'none',
    labels: 'none',
    quorum: 'repo',
    widenPrincipalsPercent: 'repo',
    acknowledge: 'none',
    forge: 'none',
  },
  Cluster: { name: 'rights', labels: 'none', type: 'none', owners: 'none' },
  Stream: {
    name: 'rights',
    labels: 'rights', // selectors are resolved when the repo is read
    cluster: 'rights',
    topics: 'rights',
    groups: 'rights',
    transactionalIds: 'rights',
    classification: 'none',
    owners: 'none',
    minimumApproval: 'approval',
  },
  Identity: { name: 'rights', labels: 'rights', person: 'identity', workload: 'identity' },
  Group: { name: 'none', labels: 'none', members: 'rights', fromClaim: 'rights' },
  AccessPolicy: {
    name: 'none',
    labels: 'none',
    effect: 'rights',
    mode: 'rights',
    subjects: 'rights',
    streams: 'rights',
    operations: 'rights',
    groups: 'rights',
    transactionalIds: 'rights',
    limits: 'rights',
    when: 'rights',
    breakGlass: 'rights',
    approval: 'approval',
    unmask: 'masks',
    durability: 'rights',
  },
  ApproverRule: { name: 'none', labels: 'none', require: 'approval', maxAge: 'approval' },
  MaskPolicy: { name: 'none', labels: 'none', streams: 'masks', rules: 'masks', on: 'masks', unmaskable: 'masks' },
  Grant: {
    name: 'none',
    labels: 'none',
    uid: 'rights',
    requestedBy: 'none',
    subject: 'rights',
    policy: 'rights',
    streams: 'rights',
    topics: 'rights',
    groups: 'rights',
    transactionalIds: 'rights',
    operations: 'rights',
    window: 'rights',
    reason: 'none',
    ticket: 'none',
  },
  // It holds by its own signature; what a policy allows in an emergency counts where the policy says it.
  BreakGlass: {
    name: 'none',
    labels: 'none',
    uid: 'none',
    subject: 'none',
    policy: 'none',
    streams: 'none',
    topics: 'none',
    groups: 'none',
    transactionalIds: 'none',
    operations: 'none',
    duration: 'none',
    reason: 'none',
    ticket: 'none',
    signedAt: 'none',
    signature: 'none',
  },
  Revocation: { name: 'rights', labels: 'none', target: 'rights', until: 'rights', reason: 'none' },
};
