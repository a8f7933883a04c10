import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AccessPolicy, MaskPolicy, PolicySet, Stream } from '../../../core/model/documents.ts';
import type { Principal } from '../../../core/model/principal.ts';
import {
  matches,
  type Operation,
  type Pattern,
  type Resource,
  type ResourceKind,
} from '../../../core/model/resource.ts';
import type { AdmittedGrant, Tombstone } from '../../../core/model/right.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import { bindingsDigest } from '../../../core/policy/bindings.ts';
import { decide } from '../../../core/policy/decide.ts';

// A small world, so that rules meet often.
const at = { file: 'x.yaml', line: 1, column: 1 };
const people = ['alice', 'bob'];
const streamNames = ['s1', 's2', 's3'];
const policyNames = ['p1', 'p2', 'p3', 'p4'];
const operation = fc.constantFrom<Operation>('consume', 'produce', 'describe', 'delete', 'admin', 'offsets');
const pattern = fc.constantFrom<Pattern>(
  { prefix: 'a' },
  { prefix: 'ab' },
  { literal: 'ab' },
  { literal: 'b' },
  { prefix: 'alice.' },
);
const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 2 });
const some = <T>(values: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...values], { minLength: 1 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const moment = fc.integer({ min: 0, max: 20 });

const stream = (name: string): fc.Arbitrary<Stream> =>
  fc.record({
    kind: fc.constant('Stream' as const),
    name: fc.constant(name),
    labels: fc.constant({}),
    at: fc.constant(at),
    cluster: fc.constantFrom('c1', 'c1', 'c2'),
    topics: patterns,
    groups: maybe(patterns),
    transactionalIds: maybe(patterns),
    classification: fc.constant(undefined),
    owners: fc.constant([]),
    minimumApproval: fc.constant(undefined),
  });
const policy = (name: string): fc.Arbitrary<AccessPolicy> =>
  fc.record({
    kind: fc.constant('AccessPolicy' as const),
    name: fc.constant(name),
    labels: fc.constant({}),
    at: fc.constant(at),
    effect: fc.constantFrom<'allow' | 'deny'>('allow', 'allow', 'allow', 'deny'),
    mode: fc.constantFrom<'standing' | 'onRequest'>('standing', 'onRequest'),
    subjects: some([{ identity: 'alice' }, { identity: 'bob' }, { group: 'g' }]),
    streams: some(streamNames),
    operations: fc.uniqueArray(operation, { minLength: 1, maxLength: 3 }),
    groups: maybe(patterns),
    transactionalIds: maybe(patterns),
    limits: fc.constant({ maxDuration: undefined, maxActive: undefined, hours: undefined }),
    when: fc.constant(undefined),
    breakGlass: fc.constant(undefined),
    approval: fc.constant(undefined),
    unmask: fc.subarray(['m/r1', 'm/r2']),
    durability: fc.constant('strict' as const),
  });
const mask: fc.Arbitrary<MaskPolicy> = fc.record({
  kind: fc.constant('MaskPolicy' as const),
  name: fc.constant('m'),
  labels: fc.constant({}),
  at: fc.constant(at),
  streams: some(streamNames),
  rules: fc.constant(['r1', 'r2'].map((name) => ({ name, match: { path: 'x' }, action: 'redact' as const }))),
  on: some(['consume', 'produce'] as const),
  unmaskable: fc.constant('deny' as const),
});
const identities = new Map(
  people.map((name) => [
    name,
    {
      kind: 'Identity' as const,
      name,
      labels: {},
      at,
      person: { oidc: [{ issuer: 'i', subject: name }], accounts: [], signingKeys: [], emails: [], aliases: [] },
      workload: undefined,
    },
  ]),
);
const policySet: fc.Arbitrary<PolicySet> = fc
  .record({
    streams: fc.tuple(...streamNames.map(stream)),
    policies: fc.tuple(...policyNames.map(policy)),
    mask,
    members: fc.subarray(people),
  })
  .map(({ streams, policies, mask, members }) => {
    const cluster = (name: string) => ({
      kind: 'Cluster' as const,
      name,
      labels: {},
      at,
      type: 'kafka' as const,
      owners: [],
    });
    return {
      repo: {
        kind: 'Repo',
        name: 'r',
        labels: {},
        at,
        quorum: 1,
        widenPrincipalsPercent: 30,
        acknowledge: [],
        forge: undefined,
      },
      clusters: new Map(['c1', 'c2'].map((name) => [name, cluster(name)])),
      streams: new Map(streams.map((one) => [one.name, one])),
      identities,
      groups: new Map([['g', { kind: 'Group' as const, name: 'g', labels: {}, at, members, fromClaim: undefined }]]),
      policies: new Map(policies.map((one) => [one.name, one])),
      approverRules: new Map(),
      masks: new Map([['m', mask]]),
      grants: new Map(),
      breakGlass: new Map(),
      revocations: new Map(),
    };
  });
const grant = (uid: string): fc.Arbitrary<AdmittedGrant> =>
  fc.record({
    uid: fc.constant(uid),
    name: fc.constant(`n${uid}`),
    subject: fc.constantFrom(...people),
    requestedBy: fc.constant('alice'),
    policy: fc.constantFrom(...policyNames, 'gone'),
    cluster: fc.constantFrom('c1', 'c1', 'c2'),
    streams: some(streamNames).chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({ stream: fc.constant(name), topics: patterns, groups: patterns, transactionalIds: patterns }),
        ),
      ),
    ),
    operations: fc.uniqueArray(operation, { minLength: 1, maxLength: 3 }),
    start: moment,
    end: moment,
    admittedAt: moment,
    unmask: fc.subarray(['m/r1', 'm/r2']),
    masksAtAdmission: fc.subarray(['m/r1', 'm/r2']),
    bindings: fc.constantFrom('alice', 'alice', 'bob', 'bob').map((name) => bindingsDigest(identities.get(name)!)),
    approvedBy: fc.constant([]),
    commit: fc.constant('c'),
    at: fc.constant(at),
  });
const tombstone: fc.Arbitrary<Tombstone> = fc.record({
  name: fc.constant('t'),
  target: fc.constantFrom({ grant: 'n1' }, { grant: '2' }, { subject: 'alice' }),
  until: maybe(moment),
  seenAt: moment,
});
const snapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    policies: policySet,
    grants: fc.tuple(grant('1'), grant('2')),
    tombstones: fc.array(tombstone, { maxLength: 1 }),
  })
  .map(({ grants, ...rest }) => ({
    ...rest,
    revision: 'r',
    generation: 1,
    grants: new Map(grants.map((one) => [one.uid, one])),
  }));
const resource: fc.Arbitrary<Resource> = fc.record({
  cluster: fc.constantFrom('c1', 'c1', 'c1', 'c2'),
  kind: fc.constantFrom<ResourceKind>('topic', 'topic', 'group', 'transactionalId', 'cluster'),
  name: fc.constantFrom('a', 'ab', 'abc', 'b', 'alice.x', 'console-consumer-1', 'c1'),
});

const implied: Record<ResourceKind, string> = {
  topic: 'describe consume produce alter create delete offsets',
  group: 'describe consume delete offsets',
  transactionalId: 'describe produce',
  cluster: '',
};
const possible: Record<ResourceKind, string> = {
  topic: 'describe consume produce alter create delete offsets',
  group: 'describe consume delete offsets',
  transactionalId: 'describe produce',
  cluster: 'admin',
};

interface Naive {
  readonly allowed: boolean;
  /** Mask rules that apply. */
  readonly masked: readonly string[];
}

/** The language of the policy repo once more, by brute force and without tables, for this world (no hours). */
function naive(s: Snapshot, who: Principal, op: Operation, r: Resource, now: number): Naive {
  const { policies } = s;
  const no = { allowed: false, masked: [] };
  if (!policies.identities.has(who.identity) || !possible[r.kind].split(' ').includes(op)) return no;
  const has = (ops: readonly Operation[]) =>
    op === 'describe' ? ops.some((o) => implied[r.kind].split(' ').includes(o)) : ops.includes(op);
  const about = (p: AccessPolicy) =>
    p.subjects.some((x) =>
      'identity' in x ? x.identity === who.identity : policies.groups.get(x.group)!.members.includes(who.identity),
    );
  const covers = (list: readonly Pattern[]) => list.some((p) => matches(p, r.name));
  const own: Pattern[] = [{ prefix: `${who.identity}.` }];
  const names = (p: AccessPolicy, st: Stream): readonly Pattern[] => {
    if (r.kind === 'topic') return st.topics;
    if (r.kind === 'group') return p.groups ?? st.groups ?? [...own, { prefix: 'console-consumer-' }];
    if (r.kind === 'transactionalId') return p.transactionalIds ?? st.transactionalIds ?? own;
    return [{ literal: st.cluster }];
  };
  const bySubject = s.tombstones.filter((t) => 'subject' in t.target && t.target.subject === who.identity);
  const live = (g: AdmittedGrant) => {
    if (g.subject !== who.identity || now < g.start || now >= g.end) return false;
    if (g.bindings !== bindingsDigest(policies.identities.get(g.subject)!)) return false;
    if (bySubject.some((t) => g.admittedAt <= t.seenAt)) return false;
    return !s.tombstones.some((t) => 'grant' in t.target && (t.target.grant === g.name || t.target.grant === g.uid));
  };
  const streams = [...policies.streams.values()].filter(
    (st) => st.cluster === r.cluster && (r.kind !== 'topic' || covers(st.topics)),
  );
  const grantsFor = (st: Stream) =>
    [...s.grants.values()].filter((g) => {
      const p = policies.policies.get(g.policy);
      const frozen = g.streams.find((f) => f.stream === st.name);
      if (!p || !frozen || !live(g) || g.cluster !== r.cluster || p.effect !== 'allow') return false;
      const list = {
        topic: frozen.topics,
        group: frozen.groups,
        transactionalId: frozen.transactionalIds,
        cluster: [{ literal: g.cluster }],
      }[r.kind];
      return (
        has(g.operations) &&
        has(p.operations) &&
        about(p) &&
        p.streams.includes(st.name) &&
        covers(list) &&
        covers(names(p, st))
      );
    });
  const standing = (st: Stream) =>
    !bySubject.some((t) => t.until === undefined || now < t.until) &&
    [...policies.policies.values()].some(
      (p) =>
        p.effect === 'allow' &&
        p.mode === 'standing' &&
        about(p) &&
        has(p.operations) &&
        p.streams.includes(st.name) &&
        covers(names(p, st)),
    );
  const denies = (st: Stream) =>
    [...policies.policies.values()].filter((p) => {
      const list = r.kind === 'group' ? p.groups : r.kind === 'transactionalId' ? p.transactionalIds : undefined;
      return (
        p.effect === 'deny' &&
        about(p) &&
        p.operations.includes(op) &&
        p.streams.includes(st.name) &&
        (!list || covers(list))
      );
    });
  const open = streams.filter((st) => denies(st).length === 0 && (grantsFor(st).length > 0 || standing(st)));
  if (r.kind === 'topic') {
    if (streams.length === 0 || open.length < streams.length) return no;
  } else {
    const outright = streams.some((st) =>
      denies(st).some(
        (p) => r.kind === 'cluster' || (r.kind === 'group' ? p.groups : p.transactionalIds) !== undefined,
      ),
    );
    if (outright || open.length === 0) return no;
  }
  const masked = new Set<string>();
  for (const st of r.kind === 'topic' ? streams : []) {
    for (const m of policies.masks.values()) {
      if (!m.streams.includes(st.name) || !m.on.some((on) => on === op)) continue;
      for (const rule of m.rules) {
        const id = `${m.name}/${rule.name}`;
        const lifted = grantsFor(st).some(
          (g) =>
            g.unmask.includes(id) &&
            g.masksAtAdmission.includes(id) &&
            policies.policies.get(g.policy)!.unmask.includes(id),
        );
        if (!lifted) masked.add(id);
      }
    }
  }
  return { allowed: true, masked: [...masked].sort() };
}

test('decide says what the naive reading of the rules says, and its answer holds until `until`', () => {
  let allowed = 0;
  fc.assert(
    fc.property(
      snapshot,
      fc.constantFrom('alice', 'bob', 'mallory'),
      operation,
      resource,
      moment,
      (s, name, op, r, now) => {
        const who: Principal = { identity: name, kind: 'person', issuer: 'i', claimGroups: [] };
        const summary = (time: number): Naive => {
          const decision = decide(s, who, op, r, time);
          if (decision.effect === 'deny') return { allowed: false, masked: [] };
          const ids = decision.masks.flatMap((m) =>
            m.policy.rules
              .map((x) => x.name)
              .filter((x) => !m.lifted.includes(x))
              .map((x) => `${m.policy.name}/${x}`),
          );
          return { allowed: true, masked: ids.sort() };
        };
        const expected = naive(s, who, op, r, now);
        expect(summary(now)).toEqual(expected);
        if (expected.allowed) allowed++;
        const { until } = decide(s, who, op, r, now);
        if (until !== undefined) expect(until).toBeGreaterThan(now);
        for (let time = now; time < (until ?? 25); time++) expect(naive(s, who, op, r, time)).toEqual(expected);
      },
    ),
    { numRuns: 10_000 },
  );
  expect(allowed).toBeGreaterThan(200); // the world is one in which things are allowed
}, 60_000);
