/** Small policy sets at random, two at a time: the second is the first with some documents made anew. */
import fc from 'fast-check';
import type {
  AccessPolicy,
  ApproverRule,
  Grant,
  Group,
  Hours,
  Identity,
  MaskPolicy,
  PolicySet,
  Revocation,
  Stream,
  When,
} from '../../../core/model/documents.ts';
import type { Operation, Pattern } from '../../../core/model/resource.ts';
import { isFault, parseWhen } from '../../../core/policy/when-language.ts';

export const people = ['alice', 'bob', 'carol'] as const;
export const issuer = 'https://idp';
export const claimValues = ['x', 'y'] as const;
const streamNames = ['s1', 's2', 's3'] as const;
const policyNames = ['p1', 'p2', 'p3', 'p4', 'p5'] as const;
const hour = 3_600_000;

const named = <K extends string>(kind: K, name: string) => ({
  kind,
  name,
  labels: {},
  at: { file: `${kind}/${name}.yaml`, line: 1, column: 1 },
});
const some = <T>(values: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...values], { minLength: 1 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 2 });

const topic = fc.constantFrom<Pattern>(
  { prefix: 'a' },
  { prefix: 'ab' },
  { literal: 'ab' },
  { literal: 'b' },
  { prefix: 'b' },
);
const name = fc.constantFrom<Pattern>({ prefix: 'g' }, { literal: 'ga' }, { prefix: 'alice.' }, { literal: 'bob.x' });
export const windows: readonly Hours[] = [
  { timeZone: 'UTC', days: ['mon'], from: 8 * 60, to: 12 * 60 },
  { timeZone: 'UTC', days: ['mon', 'tue'], from: 8 * 60, to: 12 * 60 },
  { timeZone: 'UTC', days: ['mon'], from: 12 * 60, to: 24 * 60 },
  { timeZone: 'UTC', days: ['mon'], from: 8 * 60, to: 24 * 60 },
  { timeZone: 'Europe/Berlin', days: ['mon'], from: 9 * 60, to: 13 * 60 },
];
/** Conditions over claims and groups; a plan must not take one for the other. */
const conditions: readonly When[] = ['claims.mfa == true', 'claims.vpn == true', '"g" in principal.groups'].map(
  (text) => {
    const parsed = parseWhen(text);
    if (isFault(parsed)) throw new TypeError(parsed.message);
    return parsed;
  },
);
/** One instant for every way in which the windows of one zone meet. */
export const instants = ['2026-01-05T09:00Z', '2026-01-05T13:00Z', '2026-01-06T09:00Z', '2026-01-07T09:00Z'].map(
  Date.parse,
);
const operation = fc.constantFrom<Operation>('consume', 'consume', 'produce', 'describe', 'admin');

const stream = (own: string): fc.Arbitrary<Stream> =>
  fc.record({
    ...constants(named('Stream' as const, own)),
    cluster: fc.constantFrom('c1', 'c1', 'c1', 'c2'),
    topics: fc.uniqueArray(topic, { minLength: 1, maxLength: 2 }),
    groups: maybe(fc.uniqueArray(name, { minLength: 1, maxLength: 2 })),
    transactionalIds: fc.constant(undefined),
    classification: fc.constant(undefined),
    owners: fc.constant([]),
    minimumApproval: fc.option(fc.constantFrom('r1', 'r2'), { nil: undefined, freq: 4 }),
  });

const policy = (own: string, withZones: boolean): fc.Arbitrary<AccessPolicy> =>
  fc
    .record({
      effect: fc.constantFrom<'allow' | 'deny'>('allow', 'allow', 'allow', 'deny'),
      mode: fc.constantFrom<'standing' | 'onRequest'>('standing', 'onRequest'),
      people: some([{ identity: 'alice' }, { identity: 'bob' }, { group: 'g' }]),
      claims: fc.subarray([{ group: 'cx' }, { group: 'cy' }]),
      streams: some(streamNames),
      operations: fc.uniqueArray(operation, { minLength: 1, maxLength: 3 }),
      groups: fc.option(fc.uniqueArray(name, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 3 }),
      hours: maybe(fc.constantFrom(...windows.slice(0, withZones ? 5 : 4))),
      maxDuration: maybe(fc.constantFrom(hour, 2 * hour)),
      approval: fc.constantFrom('r1', 'r2'),
      when: withZones ? fc.option(fc.constantFrom(...conditions), { nil: undefined, freq: 2 }) : fc.constant(undefined),
      unmask: fc.subarray(['m/r1', 'm/r2', 'n/r1']),
    })
    .map(({ people: who, claims, hours, maxDuration, effect, mode, approval, unmask, ...rest }) => ({
      ...named('AccessPolicy' as const, own),
      ...rest,
      effect,
      mode: effect === 'deny' ? 'standing' : mode,
      // Members by claim are not denied: the loader refuses that.
      subjects: effect === 'deny' ? who : [...who, ...claims],
      transactionalIds: undefined,
      limits: { hours, maxDuration: mode === 'onRequest' ? maxDuration : undefined, maxActive: undefined },
      approval: effect === 'allow' && mode === 'onRequest' ? approval : undefined,
      breakGlass: undefined,
      unmask: effect === 'allow' && mode === 'onRequest' ? unmask : [],
      durability: 'strict' as const,
    }));

const mask = (own: string, rules: readonly string[]): fc.Arbitrary<MaskPolicy> =>
  fc
    .record({
      streams: some(streamNames),
      paths: fc.tuple(...rules.map(() => fc.constantFrom('card', 'name'))),
      actions: fc.tuple(
        ...rules.map(() => fc.constantFrom<'redact' | 'hash' | 'partial'>('redact', 'hash', 'partial')),
      ),
      on: some(['consume', 'produce'] as const),
      unmaskable: fc.constantFrom<'deny' | 'redactAll'>('deny', 'redactAll'),
    })
    .map(({ streams, paths, actions, on, unmaskable }) => ({
      ...named('MaskPolicy' as const, own),
      streams,
      on,
      unmaskable,
      rules: rules.map((rule, i) => ({ name: rule, match: { path: paths[i]! }, action: actions[i]! })),
    }));

const group = (own: string, value?: string): fc.Arbitrary<Group> =>
  fc.subarray([...people]).map((members) => ({
    ...named('Group' as const, own),
    members: value === undefined ? members : members.slice(0, 1),
    fromClaim: value === undefined ? undefined : { issuer, claim: 'groups', value },
  }));

const claimGroup = (own: string): fc.Arbitrary<Group> =>
  fc.constantFrom(...claimValues).chain((value) => group(own, value));

const approvers = (own: string, intricate: boolean): fc.Arbitrary<Group> =>
  fc.subarray([...people], { minLength: intricate ? 0 : 1 }).map((members) => ({
    ...named('Group' as const, own),
    members,
    fromClaim: undefined,
  }));

const rule = (own: string, intricate: boolean): fc.Arbitrary<ApproverRule> =>
  fc.record({
    ...constants(named('ApproverRule' as const, own)),
    require: fc.record({
      match: fc.constantFrom<'all' | 'any'>('all', 'any'),
      clauses: fc.array(
        fc.record({ from: fc.constantFrom('a1', 'a2'), count: intricate ? fc.constantFrom(1, 1, 2) : fc.constant(1) }),
        {
          minLength: 1,
          maxLength: intricate ? 2 : 1,
        },
      ),
    }),
    maxAge: fc.constant(hour),
  });

const grant = (uid: string): fc.Arbitrary<Grant> =>
  fc.record({
    ...constants(named('Grant' as const, `n${uid}`)),
    uid: fc.constant(uid),
    requestedBy: fc.constant('alice'),
    subject: fc.constantFrom(...people),
    policy: fc.constantFrom(...policyNames),
    streams: some(streamNames),
    topics: maybe(fc.uniqueArray(topic, { minLength: 1, maxLength: 1 })),
    groups: fc.constant(undefined),
    transactionalIds: fc.constant(undefined),
    operations: fc.uniqueArray(operation, { minLength: 1, maxLength: 2 }),
    window: fc.constant({ duration: hour, start: 'merge' as const, notBefore: undefined, notAfter: undefined }),
    reason: fc.constant('r'),
    ticket: fc.constant(undefined),
  });

const revocation = (own: string): fc.Arbitrary<Revocation> =>
  fc.record({
    ...constants(named('Revocation' as const, own)),
    target: fc.constantFrom({ grant: 'n1' }, { subject: 'alice' }, { subject: 'bob' }),
    until: fc.constant(undefined),
    reason: fc.constant('r'),
  });

const identity = (own: string): Identity => ({
  ...named('Identity' as const, own),
  person: { oidc: [{ issuer, subject: own }], accounts: [], signingKeys: [], emails: [], aliases: [] },
  workload: undefined,
});

export interface WorldOptions {
  /** Also grants, hours of several time zones, rules of several clauses and some that nobody can meet: there a plan may be unsure. */
  readonly intricate: boolean;
}

type Part = Record<string, fc.Arbitrary<{ readonly name: string } | undefined>>;

function parts({ intricate }: WorldOptions): {
  readonly [field in keyof Omit<PolicySet, 'repo' | 'clusters'>]: Part;
} {
  return {
    streams: Object.fromEntries(streamNames.map((own) => [own, stream(own)])),
    identities: Object.fromEntries(people.map((own) => [own, fc.constant(identity(own))])),
    groups: {
      g: group('g'),
      a1: approvers('a1', intricate),
      a2: approvers('a2', intricate),
      cx: claimGroup('cx'),
      cy: claimGroup('cy'),
    },
    policies: Object.fromEntries(policyNames.map((own) => [own, policy(own, intricate)])),
    approverRules: { r1: rule('r1', intricate), r2: rule('r2', intricate) },
    masks: { m: mask('m', ['r1', 'r2']), n: mask('n', ['r1']) },
    breakGlass: {},
    grants: intricate
      ? { n1: fc.option(grant('1'), { nil: undefined }), n2: fc.option(grant('2'), { nil: undefined }) }
      : {},
    revocations: { t1: fc.option(revocation('t1'), { nil: undefined, freq: 1 }) },
  };
}

/** Two policy sets of the same small world. */
export function twoWorlds(options: WorldOptions): fc.Arbitrary<{ base: PolicySet; head: PolicySet }> {
  const fields = Object.entries(parts(options)).flatMap(([field, part]) =>
    Object.entries(part).map(([own, value]) => ({ field, own, value })),
  );
  const changed = fc.uniqueArray(fc.nat(fields.length - 1), { minLength: 1, maxLength: 3 });
  return fc.tuple(fc.tuple(...fields.map(({ value }) => fc.tuple(value, value))), changed).map(([values, which]) => {
    const setOf = (pick: (i: number) => { readonly name: string } | undefined): PolicySet => {
      const set: Record<string, unknown> = {
        repo: { ...named('Repo' as const, 'r'), quorum: 1, widenPrincipalsPercent: 30, acknowledge: [] },
        clusters: new Map(
          ['c1', 'c2'].map((own) => [own, { ...named('Cluster' as const, own), type: 'kafka', owners: [] }]),
        ),
      };
      for (const field of Object.keys(parts(options))) set[field] = new Map();
      for (const [i, { field, own }] of fields.entries()) {
        const document = pick(i);
        if (document) (set[field] as Map<string, unknown>).set(own, document);
      }
      return set as unknown as PolicySet;
    };
    return {
      base: setOf((i) => values[i]![0]),
      head: setOf((i) => values[i]![which.includes(i) ? 1 : 0]),
    };
  });
}

function constants<T extends object>(fields: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, fc.constant(value)])) as never;
}
