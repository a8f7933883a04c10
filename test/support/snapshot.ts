import type { PolicySet } from '../../core/model/documents.ts';
import type { AdmittedGrant, Tombstone } from '../../core/model/right.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { bindingsDigest } from '../../core/policy/bindings.ts';

/** A snapshot of rules with grants that were admitted under them. */
export function snapshotOf(
  policies: PolicySet,
  grants: readonly AdmittedGrant[] = [],
  tombstones: readonly Tombstone[] = [],
): Snapshot {
  return {
    revision: '0'.repeat(40),
    generation: 1,
    policies,
    grants: new Map(grants.map((grant) => [grant.uid, grant])),
    tombstones,
  };
}

/** A grant as admission would freeze it: all patterns of its streams, all mask rules known, bindings as they are. */
export function admitted(
  policies: PolicySet,
  fields: Pick<AdmittedGrant, 'subject' | 'policy' | 'start' | 'end'> & Partial<AdmittedGrant>,
): AdmittedGrant {
  const policy = policies.policies.get(fields.policy)!;
  const streams = policy.streams.map((name) => policies.streams.get(name)!);
  const own = [{ prefix: `${fields.subject}.` }];
  return {
    uid: 'a'.repeat(32),
    name: 'g1',
    requestedBy: fields.subject,
    cluster: streams[0]!.cluster,
    streams: streams.map((stream) => ({
      stream: stream.name,
      topics: stream.topics,
      groups: policy.groups ?? stream.groups ?? [...own, { prefix: 'console-consumer-' }],
      transactionalIds: policy.transactionalIds ?? stream.transactionalIds ?? own,
    })),
    operations: policy.operations,
    admittedAt: fields.start,
    unmask: policy.unmask,
    masksAtAdmission: [...policies.masks.values()].flatMap((mask) => mask.rules.map((r) => `${mask.name}/${r.name}`)),
    bindings: bindingsDigest(policies.identities.get(fields.subject)!),
    approvedBy: [],
    commit: '0'.repeat(40),
    at: { file: 'grants/g1.yaml', line: 3, column: 18 },
    ...fields,
  };
}
