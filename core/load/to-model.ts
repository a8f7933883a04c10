/** Checked YAML documents -> the nouns of core/model, defaults filled in. What a kind demands of two fields is found here. */
import type * as model from '../model/documents.ts';
import type { Findings } from './findings.ts';
import type { DocumentOf } from './kinds.ts';
import type { YamlDocument } from './load-yaml.ts';
import type { RawDocument } from './read-documents.ts';
import { durationOf, hours, instantOf, pattern, person, when } from './to-values.ts';

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
      maxDuration: durationOf(spec.limits?.maxDuration, ['spec', 'limits', 'maxDuration'], yaml, findings),
      maxActive: spec.limits?.maxActive,
      hours: spec.limits?.hours && hours(spec.limits.hours, yaml, findings),
    },
    when: spec.when === undefined ? undefined : when(spec.when, yaml, findings),
    approval: spec.approval,
    breakGlass: spec.breakGlass && {
      maxDuration: durationOf(spec.breakGlass.maxDuration, ['spec', 'breakGlass', 'maxDuration'], yaml, findings) ?? 0,
      notify: spec.breakGlass.notify,
      reviewWithin:
        durationOf(spec.breakGlass.reviewWithin, ['spec', 'breakGlass', 'reviewWithin'], yaml, findings) ?? 0,
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
    maxAge: durationOf(spec.maxAge, ['spec', 'maxAge'], yaml, findings) ?? 86_400_000,
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
        duration: durationOf(spec.window.duration, [...at, 'duration'], yaml, findings) ?? 0,
        start: spec.window.start ?? 'merge',
        notBefore: instantOf(spec.window.notBefore, [...at, 'notBefore'], yaml, findings),
        notAfter: instantOf(spec.window.notAfter, [...at, 'notAfter'], yaml, findings),
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
    duration: durationOf(spec.window.duration, ['spec', 'window', 'duration'], yaml, findings) ?? 0,
    reason: spec.reason,
    ticket: spec.ticket,
    signedAt: instantOf(spec.signedAt, ['spec', 'signedAt'], yaml, findings) ?? 0,
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
      until: instantOf(spec.until, ['spec', 'until'], yaml, findings),
      reason: spec.reason,
    };
  },
};

function named(data: { metadata: { name: string; labels?: Record<string, string> } }, yaml: YamlDocument): model.Named {
  return { name: data.metadata.name, labels: data.metadata.labels ?? {}, at: yaml.locate(['metadata', 'name']) };
}
