/** Who can, for people and for programs. */
import { formatIsoDuration } from '../../core/clock/duration.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { formatLocation } from '../../core/errors/problem.ts';
import type { Holder } from '../../core/policy/who-can.ts';
import type { WhoCanReport } from '../../core/schema/who-can-report.ts';
import type { WhoCanResult } from '../actions/who-can.ts';
import { appliedRules } from './decision.ts';
import { type Style, visible } from './style.ts';

const titles = { now: 'Can now', later: 'Can at other hours', if: 'Can under a condition', ask: 'Can ask' } as const;

/** By how they can and through which rule, with everybody to whom the same applies in one place. */
export function whoCanPretty(result: WhoCanResult, style: Style): string {
  const { holders, operation, resource, at, notes } = result;
  const what = `${operation} ${resource.kind} ${resource.name} on ${resource.cluster}`;
  const lines = [
    `${style.bold(visible(what))}, ${formatInstant(at)}${result.revision ? `, ${result.revision.slice(0, 12)}` : ''}`,
  ];
  for (const how of ['now', 'later', 'if', 'ask'] as const) {
    const found = holders.filter((one) => one.how === how);
    if (found.length === 0 && (how === 'later' || how === 'if')) continue;
    lines.push(
      '',
      `${titles[how]}: ${found.length === 0 ? 'nobody' : new Set(found.map((one) => one.principal)).size}`,
    );
    const groups = Map.groupBy(found, (one) => termsOf(one, result).join('\n'));
    for (const same of groups.values()) {
      lines.push(visible(`  ${same.map(({ principal }) => principal).join(', ')}`));
      lines.push(...termsOf(same[0]!, result).map((text) => visible(`    ${text}`)));
    }
  }
  if (notes.length > 0) lines.push('', ...notes.map((note) => style.dim(visible(`note: ${note}`))));
  return lines.join('\n');
}

function termsOf(one: Holder, { approval }: WhoCanResult): string[] {
  const { rule, through, claimGroups, conditions, until, masks, durability, maxDuration } = one;
  const place = rule.at ? ` (${formatLocation(rule.at)})` : '';
  const own = through.map((text) => (text.startsWith('identity ') ? 'by name' : text));
  const terms = [`rule:    ${rule.kind} ${rule.name}${place}, ${[...new Set(own)].join(', ')}`];
  if (claimGroups.length > 0) terms.push(`token:   must put them into ${claimGroups.join(', ')}`);
  if (conditions.length > 0) terms.push(`if:      ${conditions.join(' and ')}`);
  if (one.how === 'ask') {
    terms.push(`for:     ${maxDuration === undefined ? 'any time' : `up to ${formatIsoDuration(maxDuration)}`}`);
    terms.push(...one.approval.map((name) => `signed:  ${name}: ${approval.get(name) ?? ''}`));
  } else if (one.how === 'later') terms.push(`from:    ${until === undefined ? 'not known' : formatInstant(until)}`);
  else terms.push(`until:   ${until === undefined ? 'the rules change' : formatInstant(until)}`);
  const hidden = masks.map((mask) => `${mask.policy.name} (${appliedRules(mask).join(', ')})`);
  terms.push(`masks:   ${hidden.length === 0 ? 'none' : hidden.join(', ')}`, `record:  ${durability}`);
  return terms;
}

/** JSON as schemas/v1/who-can-report.schema.json says. */
export function whoCanJson({ holders, operation, resource, at, revision, approval, notes }: WhoCanResult): string {
  const report: WhoCanReport = {
    version: 1,
    operation,
    resource,
    at: formatInstant(at),
    ...(revision === undefined ? {} : { revision }),
    holders: holders.map((one) => ({
      principal: one.principal,
      kind: one.kind,
      how: one.how,
      rule: {
        kind: one.rule.kind,
        name: one.rule.name,
        ...(one.rule.at && { file: one.rule.at.file, line: one.rule.at.line, column: one.rule.at.column }),
      },
      through: [...one.through],
      claimGroups: [...one.claimGroups],
      conditions: [...one.conditions],
      ...(one.until === undefined ? {} : { until: formatInstant(one.until) }),
      masks: one.masks.map((mask) => ({ policy: mask.policy.name, rules: appliedRules(mask) })),
      durability: one.durability,
      ...(one.how === 'ask'
        ? { approval: one.approval.map((rule) => ({ rule, require: approval.get(rule) ?? '' })) }
        : {}),
      ...(one.maxDuration === undefined ? {} : { maxDuration: formatIsoDuration(one.maxDuration) }),
    })),
    notes: [...notes],
  };
  return JSON.stringify(report, undefined, 2);
}
