import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apiNotes } from '../../../../gateway/kafka/enforce/api-notes.ts';
import { own } from '../../../../gateway/kafka/enforce/api-versions.ts';
import { interBroker } from '../../../../gateway/kafka/enforce/inter-broker.ts';
import type { ShareRequest } from '../../../../gateway/kafka/enforce/share-request.ts';
import { table } from '../../../../gateway/kafka/enforce/table.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { apiFacts, messageOf } from '../../../support/kafka-messages.ts';
import { administration, olga, operatorPolicies } from '../../../support/operator-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing } from './enforcing.ts';

type Advertised = readonly [key: number, name: string, min: number, max: number];

/** What brokers of each supported release advertise to clients. */
const releases: Readonly<Record<string, readonly Advertised[]>> = JSON.parse(
  readFileSync(new URL('../../../fixtures/kafka/broker-apis.json', import.meta.url), 'utf8'),
);
const ownKeys = new Set<number>(own.map(({ apiKey }) => apiKey));

/** Versions that brokers have and clients are not offered. */
const notOffered: Readonly<Record<string, number>> = {
  AddPartitionsToTxn: 3, // later ones are for brokers among themselves
  ApiVersions: 4, // version 5 names the node, which a client may believe to be elsewhere
};

describe.each(Object.entries(releases))('of what brokers of release %s advertise', (_, advertised) => {
  test('every API is in the table, is answered by the gateway, or is one of brokers among themselves', () => {
    const places = advertised.map(([key, name]) => {
      const where = [table.has(key), ownKeys.has(key), interBroker.has(key)].filter(Boolean).length;
      return `${name} ${where}`;
    });
    expect(places).toEqual(advertised.map(([, name]) => `${name} 1`));
  });

  test('clients are offered the newest version', () => {
    for (const [key, name, , max] of advertised) {
      const offered = table.get(key)?.max ?? own.find(({ apiKey }) => apiKey === key)?.maxVersion;
      if (offered !== undefined)
        expect([name, Math.min(offered, max)]).toEqual([name, Math.min(notOffered[name] ?? max, max)]);
    }
  });
});

test('every API that has a codec is told of, and is in the table or answered by the gateway', () => {
  const names = Object.values(apis).map(({ name }) => name);
  expect(Object.keys(apiNotes).toSorted()).toEqual(names.toSorted());
  for (const { key, name } of Object.values(apis))
    expect([name, table.has(key) || ownKeys.has(key)]).toEqual([name, true]);
});

const policies = operatorPolicies();
const topicIds = ['open', 'seen', 'masked', 'secret', undefined].map((name, i) => [
  Buffer.alloc(16, i + 1).toString('base64url'),
  name,
]) as [string, string | undefined][];
const words = ['open', 'open.x', 'seen', 'masked', 'secret', 'olga.g', 'watched', 'other'];
const known = new Set([...words, ...topicIds.map(([id]) => id)]);

/** The message with names that mean something to olga's policies, in place of any others. */
function meaningful(value: unknown): unknown {
  if (typeof value === 'string') {
    if (value === '') return value; // what a version lacks stays so
    const sum = [...value].reduce((all, char) => all + (char.codePointAt(0) ?? 0), 0);
    return value.length === 22 ? topicIds[sum % topicIds.length]![0] : words[sum % words.length];
  }
  if (Array.isArray(value)) return value.map(meaningful);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, meaningful(member)]));
}

/** Every name or topic id in a message; where a listing is to begin (`cursor`) names nothing. */
function namesIn(value: unknown): string[] {
  if (typeof value === 'string') return known.has(value) ? [value] : [];
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([key, member]) => (key === 'cursor' ? [] : namesIn(member)));
}

/** Every error code in an answer but 0. */
function codesIn(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(codesIn);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    /errorCode$/i.test(key) && member !== 0 ? [member as number] : codesIn(member),
  );
}

function principal(identity: string, administers: boolean): Enforcing {
  const grants = administers ? [administration(policies, new Enforcing().clock.now() + 60_000)] : [];
  const on = new Enforcing(snapshotOf(policies, grants), { ...olga, identity });
  for (const [id, name] of topicIds) if (name !== undefined) on.names.set(id, name);
  on.asked = true;
  return on;
}

/** A share request without its session is answered before anything is looked at. */
function beginShareSession(on: Enforcing, message: unknown): void {
  const { groupId, memberId, shareSessionEpoch } = message as Partial<ShareRequest>;
  if (shareSessionEpoch !== undefined) on.connection.shareSessions.begin(groupId ?? '', memberId ?? '');
}

const rows = apiFacts.flatMap((facts) => {
  const entry = table.get(facts.key);
  if (!entry) return [];
  const versions = Array.from({ length: entry.max - entry.min + 1 }, (_, i) => entry.min + i);
  return [[facts.name as keyof typeof apis, entry.api, versions, facts.request] as const];
});

describe.each(rows)('%s', (name, api, versions, request) => {
  const note = apiNotes[name];
  const messages = fc
    .constantFrom(...versions)
    .chain((version) => messageOf(request, version).map((message) => ({ version, message: meaningful(message) })));

  test('asks and answers what is told of it', () => {
    const asked = new Set<string>();
    fc.assert(
      fc.property(messages, fc.boolean(), fc.boolean(), ({ version, message }, administers, begun) => {
        const on = principal('olga', administers);
        if (begun) beginShareSession(on, message);
        const outcome = on.request(api, version, message);
        const { denials, touches } = on.context;
        for (const { operation, kind } of [...denials, ...touches]) asked.add(`${operation} ${kind}`);
        if (outcome.kind !== 'reply') return;
        for (const code of codesIn(outcome.message)) expect(note.errors).toContain(code);
        if (note.class === 'never') expect(on.context.events).toMatchObject([{ code: 'NeverAllowed' }]);
      }),
      { numRuns: 400, seed: 42 },
    );
    expect([...asked].toSorted()).toEqual([...note.needs].toSorted());
  });

  test('lets nothing that one without rights names reach a broker', () => {
    fc.assert(
      fc.property(messages, ({ version, message }) => {
        const outcome = principal('bob', false).request(api, version, message);
        if (outcome.kind === 'forward') expect(namesIn(message)).toEqual([]);
        if (outcome.kind === 'send') expect(namesIn(outcome.message)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
