/** Documents that satisfy their schema and yet contradict themselves or each other. */
import type { AccessPolicy, Cluster, MaskPolicy, Stream } from '../model/documents.ts';
import { formatPattern } from '../model/resource.ts';
import type { Placed } from './check-references.ts';
import type { Findings } from './findings.ts';
import { didYouMean } from './nearest.ts';

/** An AccessPolicy whose fields do not go together would be read in two ways: it is refused. */
export function checkPolicy(
  { document: policy, yaml }: Placed<AccessPolicy>,
  masks: ReadonlyMap<string, MaskPolicy>,
  findings: Findings,
): void {
  const spec = (yaml.value as { spec: Record<string, unknown> }).spec;
  const limits = (spec['limits'] ?? {}) as Record<string, unknown>;
  const rule = 'policy/contradiction';
  const useless = (why: string, fields: readonly string[]): void => {
    for (const field of fields) {
      if (spec[field] !== undefined) findings.atKey(yaml, ['spec', field], rule, `'${field}' ${why}`, 'remove it');
      if (limits[field] !== undefined) {
        findings.atKey(yaml, ['spec', 'limits', field], rule, `'limits.${field}' ${why}`, 'remove it');
      }
    }
  };
  if (policy.effect === 'deny') {
    useless('means nothing in a policy that denies', [
      'mode',
      'approval',
      'breakGlass',
      'unmask',
      'recording',
      'maxDuration',
      'maxActive',
    ]);
    return;
  }
  if (spec['mode'] === undefined) {
    findings.atKey(yaml, ['spec'], 'schema/required', "'spec' has no 'mode'", 'add mode: standing or mode: onRequest');
  } else if (policy.mode === 'standing') {
    useless('means nothing in a standing policy', ['approval', 'breakGlass', 'unmask', 'maxDuration', 'maxActive']);
    const admin = policy.operations.indexOf('admin');
    if (admin >= 0) {
      const path = ['spec', 'operations', admin];
      findings.at(yaml, path, 'policy/standing-admin', "'admin' is only given on request", 'use mode: onRequest');
    }
  } else if (policy.approval === undefined) {
    const fix = 'add approval: with the name of an ApproverRule';
    findings.at(yaml, ['spec', 'mode'], 'policy/no-approval', 'an onRequest policy without approval', fix);
  }
  for (const [i, id] of policy.unmask.entries()) {
    const [maskName, ruleName] = id.split('/') as [string, string];
    const mask = masks.get(maskName);
    const rules = mask?.rules.map((one) => one.name) ?? [];
    if (mask && !rules.includes(ruleName)) {
      const fix = didYouMean(ruleName, rules) ?? `it has ${rules.join(', ')}`;
      const message = `MaskPolicy '${maskName}' has no rule '${ruleName}'`;
      findings.at(yaml, ['spec', 'unmask', i], 'reference/dangling', message, fix);
    }
  }
}

const kafkaName = /^[A-Za-z0-9._-]{1,249}$/;
const pulsarName = /^(non-)?persistent:\/\/[A-Za-z0-9_.=:-]+\/[A-Za-z0-9_.=:-]+\/\S+$/;
const pulsarPrefix = /^(non-)?persistent:\/\/[A-Za-z0-9_.=:-]+\//;

/** Topic patterns that no topic of the cluster's type can have are mistakes, a `*` above all. */
export function checkStream(
  { document: stream, yaml }: Placed<Stream>,
  clusters: ReadonlyMap<string, Cluster>,
  findings: Findings,
): void {
  const type = clusters.get(stream.cluster)?.type;
  if (type !== 'kafka' && type !== 'pulsar') return; // reported at the cluster
  for (const [i, pattern] of stream.topics.entries()) {
    const text = 'literal' in pattern ? pattern.literal : pattern.prefix;
    const form = type === 'kafka' ? kafkaName : 'literal' in pattern ? pulsarName : pulsarPrefix;
    if (text === '' || form.test(text)) continue;
    const fix = text.endsWith('*')
      ? `write prefix: ${text.slice(0, -1) || 'and the start of the names'}`
      : type === 'kafka'
        ? 'Kafka names have letters, digits, dot, - and _'
        : 'write it like persistent://tenant/namespace/topic';
    const message = `'${formatPattern(pattern)}' matches no ${type} topic`;
    findings.at(yaml, ['spec', 'topics', i], 'policy/topic-name', message, fix);
  }
}
