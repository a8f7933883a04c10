/** The policy repo of the demo and the end-to-end tests: one cluster, one classified stream, five people, one CI job. */
import type { PolicyRepo } from './policy-repo.ts';

export interface StoryOptions {
  readonly issuer: string;
  /** Prefix of every topic, so that test files keep apart. */
  readonly prefix: string;
}

export const storyPeople = ['alice', 'bob', 'carol', 'mallory', 'olga'] as const;

/** Names that the issuer has to know: the people and the workloads. */
export const storyNames = [...storyPeople, 'shop-service', 'audit-reader'] as const;

export function storyPolicies(options: StoryOptions): (keys: PolicyRepo['keys']) => Record<string, string> {
  const { issuer, prefix } = options;
  return (keys) => ({
    'sluice.yaml': document('Repo', 'policies', { quorum: 1 }),
    'clusters/main.yaml': document('Cluster', 'main', { type: 'kafka', owners: ['platform'] }),
    'streams/payments.yaml': document('Stream', 'payments', {
      cluster: 'main',
      topics: [{ literal: `${prefix}payments` }],
      classification: 'confidential',
      owners: ['payments-leads'],
      minimumApproval: 'payments-lead',
    }),
    'streams/catalog.yaml': document('Stream', 'catalog', {
      cluster: 'main',
      topics: [{ prefix: `${prefix}catalog.` }],
      owners: ['platform'],
    }),
    ...Object.fromEntries(
      storyPeople.map((name) => [
        `identities/${name}.yaml`,
        document('Identity', name, {
          person: {
            oidc: [{ issuer, subject: name }],
            emails: [`${name}@example.com`],
            signingKeys: [{ key: keys[name]!.key }],
          },
        }),
      ]),
    ),
    'identities/shop-service.yaml': document('Identity', 'shop-service', {
      workload: { issuer, claims: { client_id: 'shop-service' } },
    }),
    'identities/audit-reader.yaml': document('Identity', 'audit-reader', {
      workload: { issuer, claims: { client_id: 'audit-reader' } },
    }),
    'groups/developers.yaml': document('Group', 'developers', { members: ['alice', 'mallory'] }),
    'groups/payments-leads.yaml': document('Group', 'payments-leads', { members: ['bob', 'carol'] }),
    'groups/platform.yaml': document('Group', 'platform', { members: ['olga'] }),
    'approver-rules/payments-lead.yaml': document('ApproverRule', 'payments-lead', {
      require: { all: [{ from: 'payments-leads', count: 1 }] },
      maxAge: 'PT24H',
    }),
    'policies/catalog-read.yaml': document('AccessPolicy', 'catalog-read', {
      effect: 'allow',
      mode: 'standing',
      subjects: [{ group: 'developers' }],
      streams: ['catalog'],
      operations: ['consume'],
    }),
    'policies/shop-writes.yaml': document('AccessPolicy', 'shop-writes', {
      effect: 'allow',
      mode: 'standing',
      subjects: [{ identity: 'shop-service' }],
      streams: ['payments', 'catalog'],
      operations: ['produce'],
    }),
    'policies/payments-debug.yaml': document('AccessPolicy', 'payments-debug', {
      effect: 'allow',
      mode: 'onRequest',
      subjects: [{ group: 'developers' }],
      streams: ['payments'],
      operations: ['consume', 'produce'],
      approval: 'payments-lead',
      limits: { maxDuration: 'PT4H', maxActive: 2 },
      recording: { durability: 'strict' },
    }),
    'masks/payments.yaml': document('MaskPolicy', 'payments', {
      streams: ['payments'],
      on: ['consume'],
      unmaskable: 'deny',
      rules: [
        { name: 'card', detector: 'card', action: 'partial' },
        { name: 'ssn', path: '**.ssn', action: 'redact' },
        { name: 'email', detector: 'email', action: 'hash' },
      ],
    }),
  });
}

function document(kind: string, name: string, spec: object): string {
  // JSON is YAML; it needs no library and no escaping rules of our own.
  return `${JSON.stringify({ apiVersion: 'sluice.dev/v1', kind, metadata: { name }, spec }, null, 2)}\n`;
}
