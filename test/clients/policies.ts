/** The policy repo of the client matrix: every client is a person of its own, with one that is revoked and a short token. */
import type { PolicyRepo } from '../support/policy-repo.ts';
import { clients } from './cases.ts';

export const prefix = 'matrix.';
/** Who pushes. */
export const owner = 'olga';

/** Names that the issuer knows for a client: itself, itself with tokens that live `shortLife`, and who will be revoked. */
export const namesOf = (client: string) => ({ usual: client, short: `${client}-short`, live: `${client}-live` });
/** Seconds that a short token lives. */
export const shortLife = 10;

/** What a gateway calls the listener of a client. Each has one, so that requests are counted by client; `old` leads to an old broker. */
export const listeners = [...clients.map(({ id }) => id), 'tls', 'old'];

export function matrixPolicies(issuer: string): (keys: PolicyRepo['keys']) => Record<string, string> {
  return (keys) => {
    const files: Record<string, string> = { 'sluice.yaml': document('Repo', 'policies', { quorum: 1 }) };
    const add = (folder: string, kind: string, name: string, spec: object): void => {
      files[`${folder}/${name}.yaml`] = document(kind, name, spec);
    };
    for (const cluster of listeners) {
      add('clusters', 'Cluster', cluster, { type: 'kafka', owners: ['team'] });
      for (const stream of ['open', 'masked', 'seen', 'live', 'secret']) {
        const topics = [{ prefix: `${prefix}${stream}.` }];
        add('streams', 'Stream', `${stream}-${cluster}`, { cluster, topics, owners: ['team'] });
      }
    }
    add('identities', 'Identity', owner, {
      person: { oidc: [{ issuer, subject: owner }], signingKeys: [{ key: keys[owner]!.key }] },
    });
    for (const { id } of clients) {
      const names = namesOf(id);
      add('identities', 'Identity', id, {
        person: { oidc: [names.usual, names.short].map((subject) => ({ issuer, subject })) },
      });
      add('identities', 'Identity', names.live, { person: { oidc: [{ issuer, subject: names.live }] } });
    }
    add('groups', 'Group', 'team', { members: [owner] });
    add('groups', 'Group', 'users', { members: clients.map(({ id }) => id) });
    add('groups', 'Group', 'live', { members: clients.map(({ id }) => namesOf(id).live) });
    const streams = (name: string): string[] => listeners.map((cluster) => `${name}-${cluster}`);
    const standing = { effect: 'allow', mode: 'standing' };
    add('policies', 'AccessPolicy', 'use', {
      ...standing,
      subjects: [{ group: 'users' }],
      streams: streams('open'),
      operations: ['consume', 'produce', 'describe', 'create', 'delete', 'offsets', 'alter'],
      groups: [{ prefix: `${prefix}open.` }],
      transactionalIds: [{ prefix: `${prefix}open.` }],
    });
    add('policies', 'AccessPolicy', 'read-masked', {
      ...standing,
      subjects: [{ group: 'users' }],
      streams: streams('masked'),
      operations: ['consume'],
      groups: [{ prefix: `${prefix}open.` }],
    });
    add('policies', 'AccessPolicy', 'see', {
      ...standing,
      subjects: [{ group: 'users' }],
      streams: streams('seen'),
      operations: ['describe'],
      groups: [{ literal: `${prefix}nothing` }],
    });
    add('policies', 'AccessPolicy', 'live', {
      ...standing,
      subjects: [{ group: 'live' }],
      streams: streams('live'),
      operations: ['consume'],
      groups: [{ prefix: `${prefix}live.` }],
    });
    add('masks', 'MaskPolicy', 'cards', {
      streams: streams('masked'),
      on: ['consume'],
      unmaskable: 'deny',
      rules: [
        { name: 'card', detector: 'card', action: 'partial' },
        { name: 'ssn', path: '**.ssn', action: 'redact' },
      ],
    });
    return files;
  };
}

/** Takes everything from somebody. */
export function revocation(subject: string): { readonly path: string; readonly text: string } {
  const name = `end-${subject}`;
  return { path: `revocations/${name}.yaml`, text: document('Revocation', name, { subject, reason: 'the test' }) };
}

function document(kind: string, name: string, spec: object): string {
  return `${JSON.stringify({ apiVersion: 'sluice.dev/v1', kind, metadata: { name }, spec }, null, 2)}\n`;
}
