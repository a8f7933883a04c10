import type { DoctorReport } from '../../core/schema/doctor-report.ts';
import { type Style, visible } from './style.ts';

/** Every check in two lines, and what to do below those that ask for it. */
export function doctorPretty({ checks, ok }: DoctorReport, style: Style): string {
  const paint = { ok: style.green, warning: style.yellow, failed: style.red, skipped: style.dim };
  const lines = checks.flatMap(({ check, about, did, state, result, fix }) => [
    `${paint[state](state.padEnd(7))} ${style.bold(check)}${about === undefined ? '' : ` ${visible(about)}`}: ${visible(result)}`,
    `        ${style.dim(did)}`,
    ...(fix === undefined || state === 'ok' ? [] : [`        ${style.bold('fix:')} ${visible(fix)}`]),
  ]);
  const bad = checks.filter(({ state }) => state === 'failed').length;
  return [
    ...lines,
    '',
    ok ? `${style.green('ok:')} no check failed` : `${style.red('not ok:')} ${bad} of ${checks.length} checks failed`,
  ].join('\n');
}
