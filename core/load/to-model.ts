/**
 * Checked YAML documents -> the nouns of core/model: durations and instants as numbers, defaults filled in. What a
 * schema cannot say about one value (a 30 February, an unknown time zone, a key with a line break) is found here.
 */

import { parseIsoDuration } from '../clock/duration.ts';
import { isTimeZone } from '../clock/hours.ts';
import { parseRfc3339 } from '../clock/instant.ts';
import type * as model from '../model/documents.ts';
import type { Pattern } from '../model/resource.ts';
import { isFault, parseWhen } from '../policy/when-language.ts';
import type { Findings } from './findings.ts';
import type { DocumentOf } from './kinds.ts';
import type { Path, YamlDocument } from './load-yaml.ts';
import type { RawDocument } from './read-documents.ts';
import { isSigningKey } from './signing-key.ts';

/** Streams as the YAML names them, before labels are resolved. */
export type StreamChoice = readonly string[] | { readonly matchLabels: Readonly<Record<string, string>> };

/** Resolves a choice to sorted names; the caller reports what is dangling. */
export type ResolveStreams = (choice: StreamChoice, yaml: YamlDocument) => readonly string[];

type Make<K extends model.Kind> = (
  data: DocumentOf[K],
  yaml: YamlDocument,
  findings: Findings,
  resolve: ResolveStreams,
) => Extract<model.PolicyDocument, { kind: K }>;

/** One document as the model has it. Problems go to `findings`; the result then is not to be used. */
export function toModel(raw: RawDocument, findings: Findings, resolve: ResolveStreams): model.PolicyDocument {
  const make = makers[raw.kind] as Make<model.Kind>;
  return make(raw.data, raw.yaml, findings, resolve);
}

const makers: { readonly [K in model.Kind]: Make<K> } = {
  Repo: (data, yaml) => ({
    ...named(data, yaml),
    kind: 'Repo',
    quorum: data.spec.quorum ?? 1,
    forge: data.spec.forge,
    widenPrincipalsPercent: data.spec.limits?.widenPrincipalsPercent ?? 30,
    acknowledge: data.spec.acknowledge ?? [],
  }),
  Cluster: (data, yaml) => ({
    ...named(data, yaml),
    kind: 'Cluster',
    type: data.spec.type,
    owners: data.spec.owners ?? [],
  }),
  Stream: ({ spec, ...data }, yaml) => ({
    ...named(data, yaml),
    kind: 'Stream',
    cluster: spec.cluster,
    topics: spec.topics.map(pattern),
    groups: spec.groups?.map(pattern),
    transactionalIds: spec.transactionalIds?.map(pattern),
    classification: spec.classification,
    owners: spec.owners ?? [],
    minimumApproval: spec.minimumApproval,
  }),
  Identity: ({ spec, ...data }, yaml, findings) => {
    if ((spec.person === undefined) === (spec.workload === undefined)) {
      findings.atKey(yaml, ['spec'], 'schema/one-of', "an Identity is either a 'person' or a 'workload'", 'write one');
    }
    return {
      ...named(data, yaml),
      kind: 'Identity',
      person: spec.person && person(spec.person, yaml, findings),
      workload: spec.workload,
    };
  },
  Group: ({ spec, ...data }, yaml) => ({
    ...named(data, yaml),
    kind: 'Group',
    members: spec.members ?? [],
    fromClaim: spec.fromClaim,
  }),
  AccessPolicy: ({ spec, ...data }, yaml, findings, resolve) => ({
    ...named(data, yaml),
    kind: 'AccessPolicy',
    effect: spec.effect ?? 'allow',
    mode: spec.mode ?? 'standing',
    subjects: spec.subjects.map((s) => (s.identity === undefined ? { group: s.group! } : { identity: s.identity })),
    streams: resolve(spec.streams, yaml),
    operations: spec.operations,
    groups: spec.groups?.map(pattern),
    transactionalIds: spec.transactionalIds?.map(pattern),
    limits: {
      maxDuration: optionalDuration(spec.limits?.maxDuration, ['spec', 'limits', 'maxDuration'], yaml, findings),
      maxActive: spec.limits?.maxActive,
      hours: spec.limits?.hours && hours(spec.limits.hours, yaml, findings),
    },
    when: spec.when === undefined ? undefined : when(spec.when, yaml, findings),
    approval: spec.approval,
    breakGlass: spec.breakGlass && {
      maxDuration:
        optionalDuration(spec.breakGlass.maxDuration, ['spec', 'breakGlass', 'maxDuration'], yaml, findings) ?? 0,
      notify: spec.breakGlass.notify,
      reviewWithin:
        optionalDuration(spec.breakGlass.reviewWithin, ['spec', 'breakGlass', 'reviewWithin'], yaml, findings) ?? 0,
    },
    unmask: spec.unmask ?? [],
    durability: spec.recording?.durability ?? 'strict',
  }),
  ApproverRule: ({ spec, ...data }, yaml, findings) => ({
    ...named(data, yaml),
    kind: 'ApproverRule',
    require: spec.require.all
      ? { match: 'all', clauses: spec.require.all }
      : { match: 'any', clauses: spec.require.any! },
    maxAge: optionalDuration(spec.maxAge, ['spec', 'maxAge'], yaml, findings) ?? 86_400_000,
  }),
  MaskPolicy: ({ spec, ...data }, yaml, findings, resolve) => ({
    ...named(data, yaml),
    kind: 'MaskPolicy',
    streams: resolve(spec.streams, yaml),
    rules: spec.rules.map(({ name, path, detector, action }, i) => {
      const at = ['spec', 'rules', i];
      if ((path === undefined) === (detector === undefined)) {
        findings.at(
          yaml,
          at,
          'schema/one-of',
          `rule '${name}' needs exactly one of 'path' and 'detector'`,
          'write one',
        );
      }
      if (spec.rules.findIndex((other) => other.name === name) < i) {
        findings.at(
          yaml,
          [...at, 'name'],
          'reference/duplicate-name',
          `a rule '${name}' is there already`,
          'rename it',
        );
      }
      return { name, match: path === undefined ? { detector: detector! } : { path }, action };
    }),
    on: spec.on ?? ['consume'],
    unmaskable: spec.unmaskable ?? 'deny',
  }),
  Grant: ({ spec, ...data }, yaml, findings) => {
    const at = ['spec', 'window'];
    return {
      ...named(data, yaml),
      kind: 'Grant',
      uid: spec.uid,
      requestedBy: spec.requestedBy,
      subject: spec.subject,
      policy: spec.policy,
      streams: spec.streams,
      topics: spec.topics?.map(pattern),
      groups: spec.groups?.map(pattern),
      transactionalIds: spec.transactionalIds?.map(pattern),
      operations: spec.operations,
      window: {
        duration: optionalDuration(spec.window.duration, [...at, 'duration'], yaml, findings) ?? 0,
        start: spec.window.start ?? 'merge',
        notBefore: optionalInstant(spec.window.notBefore, [...at, 'notBefore'], yaml, findings),
        notAfter: optionalInstant(spec.window.notAfter, [...at, 'notAfter'], yaml, findings),
      },
      reason: spec.reason,
      ticket: spec.ticket,
    };
  },
  BreakGlass: ({ spec, ...data }, yaml, findings) => ({
    ...named(data, yaml),
    kind: 'BreakGlass',
    uid: spec.uid,
    subject: spec.subject,
    policy: spec.policy,
    streams: spec.streams,
    topics: spec.topics?.map(pattern),
    groups: spec.groups?.map(pattern),
    transactionalIds: spec.transactionalIds?.map(pattern),
    operations: spec.operations,
    duration: optionalDuration(spec.window.duration, ['spec', 'window', 'duration'], yaml, findings) ?? 0,
    reason: spec.reason,
    ticket: spec.ticket,
    signedAt: optionalInstant(spec.signedAt, ['spec', 'signedAt'], yaml, findings) ?? 0,
    signature: spec.signature,
  }),
  Revocation: ({ spec, ...data }, yaml, findings) => {
    if ((spec.grant === undefined) === (spec.subject === undefined)) {
      findings.atKey(
        yaml,
        ['spec'],
        'schema/one-of',
        "a Revocation names either a 'grant' or a 'subject'",
        'write one',
      );
    }
    if (spec.grant !== undefined && spec.until !== undefined) {
      findings.atKey(yaml, ['spec', 'until'], 'schema/one-of', 'a revoked grant never comes back', "remove 'until'");
    }
    return {
      ...named(data, yaml),
      kind: 'Revocation',
      target: spec.grant === undefined ? { subject: spec.subject ?? '' } : { grant: spec.grant },
      until: optionalInstant(spec.until, ['spec', 'until'], yaml, findings),
      reason: spec.reason,
    };
  },
};

function named(data: { metadata: { name: string; labels?: Record<string, string> } }, yaml: YamlDocument): model.Named {
  return { name: data.metadata.name, labels: data.metadata.labels ?? {}, at: yaml.locate(['metadata', 'name']) };
}

function pattern(raw: { literal?: string; prefix?: string }): Pattern {
  return raw.literal === undefined ? { prefix: raw.prefix! } : { literal: raw.literal };
}

function person(
  raw: NonNullable<DocumentOf['Identity']['spec']['person']>,
  yaml: YamlDocument,
  findings: Findings,
): model.Person {
  const signingKeys = (raw.signingKeys ?? []).map(({ key, validFrom, validTo }, i) => {
    const at = ['spec', 'person', 'signingKeys', i];
    if (!isSigningKey(key)) {
      const fix = "write the key file's first two words, such as ssh-ed25519 AAAA…, without options or comment";
      findings.at(yaml, [...at, 'key'], 'schema/signing-key', 'this is not an OpenSSH public key on one line', fix);
    }
    const from = optionalInstant(validFrom, [...at, 'validFrom'], yaml, findings);
    const to = optionalInstant(validTo, [...at, 'validTo'], yaml, findings);
    if (from !== undefined && to !== undefined && from >= to) {
      findings.at(yaml, [...at, 'validTo'], 'schema/empty-window', 'the key is never valid', 'make validTo later');
    }
    return { key, validFrom: from, validTo: to };
  });
  return {
    oidc: raw.oidc ?? [],
    accounts: raw.accounts ?? [],
    signingKeys,
    emails: raw.emails ?? [],
    aliases: raw.aliases ?? [],
  };
}

function hours(
  raw: NonNullable<NonNullable<DocumentOf['AccessPolicy']['spec']['limits']>['hours']>,
  yaml: YamlDocument,
  findings: Findings,
): model.Hours {
  const at = ['spec', 'limits', 'hours'];
  if (!isTimeZone(raw.tz)) {
    const fix = 'write an IANA name such as Europe/Berlin or UTC';
    findings.at(yaml, [...at, 'tz'], 'schema/time-zone', `'${raw.tz}' is not a known time zone`, fix);
  }
  const [from, to] = [minutes(raw.from), minutes(raw.to)];
  if (from >= to && from < 1440) {
    const fix = 'make it later; for a night write two policies, one up to 24:00 and one from 00:00';
    findings.at(yaml, [...at, 'to'], 'schema/empty-window', `'to' (${raw.to}) is not after 'from' (${raw.from})`, fix);
  }
  return { timeZone: raw.tz, days: raw.days, from, to };
}

function when(text: string, yaml: YamlDocument, findings: Findings): model.When | undefined {
  const parsed = parseWhen(text);
  if (!isFault(parsed)) return parsed;
  findings.inText(yaml, ['spec', 'when'], parsed.offset, 'policy/when', parsed.message, parsed.fix);
  return undefined;
}

function minutes(text: string): number {
  const [hour, minute] = text.split(':');
  return Number(hour) * 60 + Number(minute);
}

function optionalDuration(
  text: string | undefined,
  path: Path,
  yaml: YamlDocument,
  findings: Findings,
): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseIsoDuration(text);
  if (ms !== undefined && ms > 0 && ms <= 3650 * 86_400_000) return ms;
  findings.at(yaml, path, 'schema/duration', `'${text}' is not a usable duration`, 'write it like PT2H or P1D');
  return undefined;
}

function optionalInstant(
  text: string | undefined,
  path: Path,
  yaml: YamlDocument,
  findings: Findings,
): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseRfc3339(text);
  if (ms !== undefined) return ms;
  findings.at(yaml, path, 'schema/instant', `'${text}' is not a date and time`, 'write it like 2026-11-24T09:00:00Z');
  return undefined;
}
