/** The result of audit verify, for people and for programs. */
import type { Finding } from '../../core/audit/finding.ts';
import type { VerifiedLog, VerifyResult } from '../../core/audit/verify.ts';
import type { VerifyReport } from '../../core/schema/verify-report.ts';
import { type Style, visible } from './style.ts';

/** Findings first, then each log, then the outcome. */
export function verifyPretty(result: VerifyResult, style: Style): string {
  const lines = result.findings.map((finding) => findingLine(finding, style));
  if (result.moreFindings > 0) lines.push(style.dim(`and ${result.moreFindings} more findings`));
  if (lines.length > 0) lines.push('');
  for (const log of result.logs) lines.push(logLine(log));
  const { outcome } = result;
  const paint = outcome === 'whole' ? style.green : outcome === 'tampered' ? style.red : style.yellow;
  lines.push(`${paint(`${outcome}:`)} ${outcomes[outcome]}`);
  return lines.join('\n');
}

/** JSON as schemas/v1/verify-report.schema.json says. */
export function verifyJson({ outcome, logs, findings, moreFindings }: VerifyResult): string {
  const report: VerifyReport = {
    version: 1,
    outcome,
    logs: logs.map(({ origin, ...log }) => ({ ...log, ...(origin === undefined ? {} : { origin }) })),
    findings: [...findings],
    moreFindings,
  };
  return JSON.stringify(report, undefined, 2);
}

const outcomes = {
  whole: 'nothing is missing and every line is as it was written',
  tampered: 'the recording is not what was written',
  incomplete: 'what is there is as it was written, but something is missing',
} as const;

function findingLine({ code, severity, message, at }: Finding, style: Style): string {
  const paint = severity === 'tampered' ? style.red : severity === 'incomplete' ? style.yellow : style.dim;
  return `${visible(at)}: ${paint(severity)} ${visible(message)} ${style.dim(`[${code}]`)}`;
}

function logLine(log: VerifiedLog): string {
  const parts = [
    `${count(log.lines, 'line')} in ${count(log.segments, 'segment')}`,
    count(log.checkpoints, 'checkpoint'),
    count(log.sessions, 'session'),
  ];
  if (log.openSessions > 0) parts.push(`${log.openSessions} open`);
  if (log.live) parts.push(`being written now, ${count(log.unsigned, 'line')} not signed yet`);
  return `${visible(log.folder)} (${visible(log.origin ?? 'unknown origin')}): ${parts.join(', ')}`;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
