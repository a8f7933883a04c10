/** The answer of can-i, for people and for programs. */

import { formatInstant } from '../../core/clock/instant.ts';
import { formatLocation } from '../../core/errors/problem.ts';
import type { AppliedMask } from '../../core/model/decision.ts';
import type { DecisionReport } from '../../core/schema/decision-report.ts';
import type { CanIResult } from '../actions/can-i.ts';
import { type Style, visible } from './style.ts';

/** One line with the answer, then what it rests on. */
export function decisionPretty({ decision, principal, operation, resource, notes }: CanIResult, style: Style): string {
  const rows: [string, string][] = [];
  const { rule, until } = decision;
  const place = rule.at ? ` (${formatLocation(rule.at)})` : '';
  rows.push(['rule', rule.kind === 'default' ? rule.name : `${rule.kind} ${rule.name}${place}`]);
  let answer: string;
  if (decision.effect === 'allow') {
    const kind = resource.kind === 'topic' ? '' : `${resource.kind} `;
    answer = `${style.green('yes:')} ${principal.identity} may ${operation} ${kind}${resource.name} on ${resource.cluster}`;
    rows.push(['until', until === undefined ? 'the rules change' : formatInstant(until)]);
    rows.push(['masks', decision.masks.length === 0 ? 'none' : decision.masks.map(maskText).join(', ')]);
    rows.push(['streams', decision.streams.join(', ')]);
    rows.push(['record', decision.durability]);
  } else {
    answer = `${style.red('no:')} ${decision.message}`;
    if (until !== undefined) rows.push(['until', formatInstant(until)]);
    if (decision.nearestMiss) {
      const { policy, at, command } = decision.nearestMiss;
      rows.push(['near', `AccessPolicy ${policy} (${formatLocation(at)}) would allow it on request`]);
      rows.push(['ask', command]);
    }
  }
  for (const note of notes) rows.push(['note', note]);
  const width = Math.max(...rows.map(([label]) => label.length)) + 1;
  const lines = rows.map(([label, text]) => `  ${style.bold(`${label}:`.padEnd(width))} ${visible(text)}`);
  return [visibleAnswer(answer), ...lines].join('\n');
}

/** JSON as schemas/v1/decision-report.schema.json says. */
export function decisionJson({ decision, principal, operation, resource, at, notes }: CanIResult): string {
  const place = decision.rule.at && {
    file: decision.rule.at.file,
    line: decision.rule.at.line,
    column: decision.rule.at.column,
  };
  const report: DecisionReport = {
    version: 1,
    effect: decision.effect,
    principal: principal.identity,
    operation,
    resource: { cluster: resource.cluster, kind: resource.kind, name: resource.name },
    at: formatInstant(at),
    rule: { kind: decision.rule.kind, name: decision.rule.name, ...place },
    ...(decision.until === undefined ? {} : { until: formatInstant(decision.until) }),
    notes: [...notes],
    ...(decision.effect === 'allow'
      ? {
          streams: [...decision.streams],
          masks: decision.masks.map((mask) => ({ policy: mask.policy.name, rules: appliedRules(mask) })),
          durability: decision.durability,
        }
      : { code: decision.code, message: decision.message }),
    ...(decision.effect === 'deny' && decision.nearestMiss
      ? { nearestMiss: { policy: decision.nearestMiss.policy, command: decision.nearestMiss.command } }
      : {}),
  };
  return JSON.stringify(report, undefined, 2);
}

/** Rules of a mask that apply. */
export function appliedRules({ policy, lifted }: AppliedMask): string[] {
  return policy.rules.map((rule) => rule.name).filter((name) => !lifted.includes(name));
}

function maskText(mask: AppliedMask): string {
  return `${mask.policy.name} (${appliedRules(mask).join(', ')})`;
}

/** The colour codes of the label stay, everything after them is made safe. */
function visibleAnswer(answer: string): string {
  const at = answer.indexOf(' ');
  return `${answer.slice(0, at)}${visible(answer.slice(at))}`;
}
