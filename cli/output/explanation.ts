/** Why a decision is what it is, for people and for programs. */
import { formatInstant } from '../../core/clock/instant.ts';
import { formatLocation, type Location } from '../../core/errors/problem.ts';
import type { LookedAt, Step } from '../../core/policy/explain.ts';
import type { ExplainReport } from '../../core/schema/explain-report.ts';
import type { ExplainResult } from '../actions/explain-decision.ts';
import { decisionJson } from './decision.ts';
import { type Style, visible } from './style.ts';

const titles: Record<Step, string> = {
  deny: 'Does a policy deny it?',
  revocation: 'Is it revoked?',
  grant: 'Does a live grant allow it?',
  standing: 'Does a standing policy allow it?',
  request: 'Could it be asked?',
};

/** The answer, then each step with the rules that were looked at. */
export function explanationPretty(result: ExplainResult, style: Style): string {
  const { explanation, principal, operation, resource, at, notes } = result;
  const { decision, groups, streams, rules, masks } = explanation;
  const what = `${operation} ${resource.kind} ${resource.name} on ${resource.cluster}`;
  const lines = [
    decision.effect === 'allow'
      ? `${style.green('yes:')} ${principal.identity} may ${what}`
      : `${style.red('no:')} ${visible(decision.message)}`,
    `  at:      ${formatInstant(at)}${result.revision === undefined ? '' : `, revision ${result.revision.slice(0, 12)}`}`,
    `  who:     ${principal.identity} (${principal.kind})${groups.length > 0 ? `, in ${groups.join(', ')}` : ''}`,
    `  streams: ${streams.map((stream) => `${stream.name} (${formatLocation(stream.at)})`).join(', ') || 'none'}`,
    '',
  ];
  let number = 1;
  for (const [step, title] of Object.entries(titles) as [Step, string][]) {
    const found = rules.filter((rule) => rule.step === step);
    const answer = found.some((rule) => rule.applies) ? 'yes' : 'no';
    const told = step === 'request' ? (found.some(({ why }) => why.startsWith('would')) ? 'yes' : 'no') : answer;
    lines.push(`${number++}. ${title} ${style.bold(told)}`);
    lines.push(...found.map((rule) => `   ${ruleText(rule)}`));
  }
  lines.push(`${number}. What no rule allows is denied.`, '');
  if (masks.length > 0) lines.push('Masks');
  for (const mask of masks) {
    const state = mask.applies ? mask.action : 'not applied';
    lines.push(`   ${mask.rule} (${formatLocation(mask.at)}): ${state}; ${mask.why}`);
  }
  if (decision.effect === 'allow') {
    const { rule, until, durability } = decision;
    lines.push(`Rule    ${rule.kind} ${rule.name}${place(rule.at)}`);
    lines.push(`Until   ${until === undefined ? 'the rules change' : formatInstant(until)}`);
    lines.push(`Record  ${durability}`);
  } else {
    if (decision.until !== undefined) lines.push(`Until   ${formatInstant(decision.until)}`);
    const miss = decision.nearestMiss;
    if (miss) lines.push(`Near    AccessPolicy ${miss.policy} (${formatLocation(miss.at)}) would allow it on request`);
    if (miss) lines.push(`Ask     ${miss.command}`);
  }
  lines.push(...notes.map((note) => style.dim(`Note    ${visible(note)}`)));
  return lines.join('\n');
}

function ruleText({ kind, name, at, stream, why, until }: LookedAt): string {
  const through = stream === undefined ? '' : ` on ${stream}`;
  return visible(
    `${kind} ${name}${place(at)}${through}: ${why}${until === undefined ? '' : `, until ${formatInstant(until)}`}`,
  );
}

function place(at: Location | undefined): string {
  return at ? ` (${formatLocation(at)})` : '';
}

/** JSON as schemas/v1/explain-report.schema.json says. */
export function explanationJson(result: ExplainResult): string {
  const { explanation, revision } = result;
  const at = (where: Location | undefined) => where && { file: where.file, line: where.line, column: where.column };
  const decision = JSON.parse(decisionJson({ ...result, decision: explanation.decision })) as ExplainReport['decision'];
  const report: ExplainReport = {
    version: 1,
    decision,
    ...(revision === undefined ? {} : { revision }),
    groups: [...explanation.groups],
    streams: explanation.streams.map((stream) => ({ name: stream.name, ...at(stream.at)! })),
    rules: explanation.rules.map((rule) => ({
      step: rule.step,
      kind: rule.kind,
      name: rule.name,
      ...at(rule.at),
      ...(rule.stream === undefined ? {} : { stream: rule.stream }),
      applies: rule.applies,
      why: rule.why,
      ...(rule.until === undefined ? {} : { until: formatInstant(rule.until) }),
    })),
    masks: explanation.masks.map((mask) => ({
      rule: mask.rule,
      ...at(mask.at)!,
      action: mask.action,
      applies: mask.applies,
      why: mask.why,
    })),
  };
  return JSON.stringify(report, undefined, 2);
}
