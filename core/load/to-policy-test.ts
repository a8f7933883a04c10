/** A PolicyTest that satisfies its schema -> its model: names resolved, times as numbers, patterns as sample names. */
import { parseRfc3339 } from '../clock/instant.ts';
import type { Grant, Kind, PolicySet } from '../model/documents.ts';
import type { Expectation, GivenGrant, PolicyTest } from '../model/policy-test.ts';
import type { Pattern, Resource } from '../model/resource.ts';
import { fits } from '../policy/fits.ts';
import { applies } from '../policy/operations.ts';
import type { PolicyTestDocument } from '../schema/policy-test.ts';
import type { Findings } from './findings.ts';
import type { Path, YamlDocument } from './load-yaml.ts';
import { didYouMean } from './nearest.ts';

type Spec = PolicyTestDocument['spec'];
type RawGrant = NonNullable<Spec['given']['grants']>[number];
type RawExpectation = Spec['expect'][number];

const hour = 3_600_000;

/** The test; what is wrong with it goes to `findings`, and the result then is not to be used. */
export function toPolicyTest(
  data: PolicyTestDocument,
  yaml: YamlDocument,
  rules: PolicySet,
  findings: Findings,
): PolicyTest {
  const reader = new Reader(yaml, rules, findings);
  const { given, expect } = data.spec;
  const path: Path = ['spec', 'given'];
  if (given.principal === undefined && given.claims === undefined) {
    findings.atKey(yaml, path, 'schema/one-of', 'nobody asks', "write 'principal', or the 'claims' of a token");
  }
  if (given.principal !== undefined)
    reader.known('Identity', rules.identities, given.principal, [...path, 'principal']);
  if (given.principal === undefined && given.claims && typeof given.claims['iss'] !== 'string') {
    const fix = "add 'iss', or the 'principal' whose token it is";
    findings.atKey(yaml, [...path, 'claims'], 'schema/required', 'claims alone need their issuer', fix);
  }
  const now = reader.instant(given.at, [...path, 'at']);
  (given.revocations ?? []).forEach((name, i) => {
    reader.known('Revocation', rules.revocations, name, [...path, 'revocations', i]);
  });
  return {
    name: data.metadata.name,
    labels: data.metadata.labels ?? {},
    at: yaml.locate(['metadata', 'name']),
    principal: given.principal,
    claims: given.claims ?? {},
    source: given.source,
    now,
    grants: (given.grants ?? []).flatMap((raw, i) => {
      const grant = reader.grant(raw, given.principal, now, [...path, 'grants', i]);
      return grant ? [grant] : [];
    }),
    revocations: given.revocations ?? [],
    expect: expect.map((raw, i) => reader.expectation(raw, ['spec', 'expect', i])),
  };
}

class Reader {
  readonly #yaml: YamlDocument;
  readonly #rules: PolicySet;
  readonly #findings: Findings;

  constructor(yaml: YamlDocument, rules: PolicySet, findings: Findings) {
    this.#yaml = yaml;
    this.#rules = rules;
    this.#findings = findings;
  }

  known(kind: Kind | 'rule of a MaskPolicy', names: ReadonlyMap<string, unknown>, name: string, path: Path): boolean {
    if (names.has(name)) return true;
    const fix = didYouMean(name, names.keys()) ?? 'name one that is in the repo';
    this.#findings.at(this.#yaml, path, 'reference/dangling', `there is no ${kind} '${name}'`, fix);
    return false;
  }

  instant(text: string, path: Path): number {
    const ms = parseRfc3339(text);
    if (ms !== undefined) return ms;
    const fix = 'write it like 2026-11-24T09:00:00Z';
    this.#findings.at(this.#yaml, path, 'schema/instant', `'${text}' is not a date and time`, fix);
    return 0;
  }

  grant(raw: RawGrant, principal: string | undefined, now: number, path: Path): GivenGrant | undefined {
    if ((raw.name === undefined) === (raw.policy === undefined)) {
      this.#findings.at(this.#yaml, path, 'schema/one-of', "a grant has either a 'name' or a 'policy'", 'write one');
      return undefined;
    }
    const grant = raw.name === undefined ? this.#written(raw, principal, path) : this.#named(raw.name, raw, path);
    if (!grant) return undefined;
    const start = raw.start === undefined ? now : this.instant(raw.start, [...path, 'start']);
    const end = raw.end === undefined ? start + grant.window.duration : this.instant(raw.end, [...path, 'end']);
    if (end <= start) {
      const at = raw.end === undefined ? path : [...path, 'end'];
      this.#findings.at(this.#yaml, at, 'schema/empty-window', 'the grant ends before it starts', "make 'end' later");
    }
    return { grant, start, end };
  }

  #named(name: string, raw: RawGrant, path: Path): Grant | undefined {
    for (const field of ['streams', 'operations'] as const) {
      if (raw[field] === undefined) continue;
      const message = `'${field}' of a Grant of the repo stand in its file`;
      this.#findings.atKey(this.#yaml, [...path, field], 'schema/one-of', message, 'remove it');
    }
    return this.known('Grant', this.#rules.grants, name, [...path, 'name']) ? this.#rules.grants.get(name) : undefined;
  }

  #written(raw: RawGrant, principal: string | undefined, path: Path): Grant | undefined {
    const { policies, streams } = this.#rules;
    if (principal === undefined) {
      const fix = "name the Identity in 'given.principal'";
      this.#findings.at(this.#yaml, path, 'schema/required', 'a grant that is written here needs a principal', fix);
      return undefined;
    }
    const policy = policies.get(raw.policy!);
    if (!this.known('AccessPolicy', policies, raw.policy!, [...path, 'policy']) || !policy) return undefined;
    const unknown = (raw.streams ?? []).filter(
      (name, i) => !this.known('Stream', streams, name, [...path, 'streams', i]),
    );
    if (unknown.length > 0 || !this.#rules.identities.has(principal)) return undefined;
    const digits = path.map(String).join('').replace(/\D/g, '');
    const grant: Grant = {
      kind: 'Grant',
      name: policy.name,
      labels: {},
      at: this.#yaml.locate(path),
      uid: digits.padStart(32, '0'),
      requestedBy: principal,
      subject: principal,
      policy: policy.name,
      streams: raw.streams ?? policy.streams,
      topics: undefined,
      groups: undefined,
      transactionalIds: undefined,
      operations: raw.operations ?? policy.operations,
      window: {
        duration: policy.limits.maxDuration ?? hour,
        start: 'merge',
        notBefore: undefined,
        notAfter: undefined,
      },
      reason: 'test',
      ticket: undefined,
    };
    // Who asks for a workload is a person that the test does not name.
    const misfits = fits(this.#rules, grant).filter(({ rule }) => rule !== 'grant/requester');
    for (const { rule, message, fix } of misfits) this.#findings.at(this.#yaml, path, rule, message, fix);
    return misfits.length > 0 ? undefined : grant;
  }

  expectation(raw: RawExpectation, path: Path): Expectation {
    const resources = this.#resources(raw, path);
    const kind = resources[0]?.kind;
    if (kind && !applies(raw.operation, kind)) {
      const message = `nobody can '${raw.operation}' a ${kind}`;
      const fix = kind === 'cluster' ? "a cluster has 'admin' alone" : 'name another operation, or another thing';
      this.#findings.at(this.#yaml, [...path, 'operation'], 'schema/operation', message, fix);
    }
    const only = (field: 'masks' | 'code', effect: 'allow' | 'deny'): void => {
      if (raw[field] === undefined || raw.effect === effect) return;
      const message = `'${field}' is said of '${effect}' alone`;
      this.#findings.atKey(this.#yaml, [...path, field], 'schema/one-of', message, 'remove it');
    };
    only('masks', 'allow');
    only('code', 'deny');
    const ids = new Map(
      [...this.#rules.masks.values()].flatMap((mask) => mask.rules.map((rule) => [`${mask.name}/${rule.name}`, rule])),
    );
    (raw.masks ?? []).forEach((id, i) => {
      this.known('rule of a MaskPolicy', ids, id, [...path, 'masks', i]);
    });
    const place = (field: string) => this.#yaml.locate([...path, field]);
    return {
      operation: raw.operation,
      resources,
      effect: raw.effect,
      masks: raw.masks && [...raw.masks].sort(),
      until: raw.until === undefined || raw.until === 'never' ? raw.until : this.instant(raw.until, [...path, 'until']),
      rule: raw.rule,
      code: raw.code,
      places: {
        effect: place('effect'),
        masks: place('masks'),
        until: place('until'),
        rule: place('rule'),
        code: place('code'),
      },
    };
  }

  #resources(raw: RawExpectation, path: Path): Resource[] {
    const { clusters, streams } = this.#rules;
    const { stream, topic, group, transactionalId, cluster } = raw;
    const things = [stream, topic, group, transactionalId].filter((one) => one !== undefined);
    if (things.length > 1 || (things.length === 0 && cluster === undefined)) {
      const fix = "write one of 'stream', 'topic', 'group' and 'transactionalId', or 'cluster' alone";
      this.#findings.at(this.#yaml, path, 'schema/one-of', 'an assertion is about one thing', fix);
      return [];
    }
    if (cluster !== undefined && !this.known('Cluster', clusters, cluster, [...path, 'cluster'])) return [];
    if (stream !== undefined) {
      if (cluster !== undefined) {
        const message = 'a stream says its cluster itself';
        this.#findings.atKey(this.#yaml, [...path, 'cluster'], 'schema/one-of', message, 'remove it');
      }
      const found = streams.get(stream);
      if (!this.known('Stream', streams, stream, [...path, 'stream']) || !found) return [];
      return found.topics.map((pattern) => ({ cluster: found.cluster, kind: 'topic', name: sample(pattern) }));
    }
    const where = cluster ?? (clusters.size === 1 ? [...clusters.keys()][0] : undefined);
    if (where === undefined) {
      const fix = `add cluster: with one of ${[...clusters.keys()].sort().join(', ')}`;
      this.#findings.at(this.#yaml, path, 'schema/required', 'the repo has more than one Cluster', fix);
      return [];
    }
    if (topic !== undefined) return [{ cluster: where, kind: 'topic', name: topic }];
    if (group !== undefined) return [{ cluster: where, kind: 'group', name: group }];
    if (transactionalId !== undefined) return [{ cluster: where, kind: 'transactionalId', name: transactionalId }];
    return [{ cluster: where, kind: 'cluster', name: where }];
  }
}

/** A name that the pattern covers. */
function sample(pattern: Pattern): string {
  return 'literal' in pattern ? pattern.literal : `${pattern.prefix}policy-test`;
}
