/** Errors at the CLI's edge: what happened, why, what to do, where; and the exit code that says whose turn it is. */
import type { ErrorCode } from '../../core/errors/codes.ts';
import { SluiceError } from '../../core/errors/sluice-error.ts';
import { styleFor, visible } from './style.ts';

export interface DescribedError {
  /** For stderr; empty when there is nothing to say. */
  readonly text: string;
  readonly exitCode: number;
}

/** Exit codes of the whole CLI. */
export const exitCodes = {
  ok: 0,
  problems: 1,
  usage: 2,
  notRun: 3,
  widens: 4,
  incomplete: 5,
  bug: 70,
  interrupted: 130,
} as const;

/** Ctrl-C while a question was open. The message says what became of the work. */
export class Interrupted extends Error {}

const usageCodes: ReadonlySet<ErrorCode> = new Set(['BadUsage', 'BadDuration', 'BadInstant']);

/** Whatever was thrown, as text and exit code. Only errors of Sluice's own making show no stack. */
export function describeError(error: unknown, { colors }: { readonly colors: boolean }): DescribedError {
  const style = styleFor(colors);
  const lines = (what: string, details: readonly (readonly [string, string | undefined])[]): string =>
    [
      `${style.red('error:')} ${visible(what)}`,
      ...details.flatMap(([label, text]) =>
        text === undefined ? [] : [`  ${style.bold(`${label}:`.padEnd(5))} ${visible(text)}`],
      ),
    ].join('\n');
  if (error instanceof SluiceError) {
    const { message, why, fix, at, code, kind } = error;
    const exitCode = kind === 'bug' ? exitCodes.bug : kind === 'access' ? exitCodes.problems : codeOf(code);
    const text = lines(message, [
      ['why', why],
      ['fix', fix],
      ['at', at],
      ['code', code],
    ]);
    return { text, exitCode };
  }
  if (error instanceof Interrupted) return { text: error.message, exitCode: exitCodes.interrupted };
  if (isOclifError(error)) {
    if (error.oclif.exit === 0) return { text: '', exitCode: exitCodes.ok };
    const [what, ...rest] = error.message.replace(/\n?See more help with.*/s, '').split('\n');
    const why = rest
      .join(' ')
      .replace(/\s+/g, ' ')
      .replace(/ ?Note: --.*/, '')
      .trim();
    const text = lines(what ?? '', [
      ['why', why === '' ? undefined : why],
      ['fix', 'see --help'],
    ]);
    return { text, exitCode: exitCodes.usage };
  }
  const unexpected = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const text = lines('Sluice broke its own rules; this is a bug in Sluice', [
    ['fix', 'please report it with this text:'],
  ]);
  return { text: `${text}\n${visible(unexpected)}`, exitCode: exitCodes.bug };
}

function codeOf(code: ErrorCode): number {
  if (usageCodes.has(code)) return exitCodes.usage;
  return code === 'RecordingDamaged' ? exitCodes.problems : exitCodes.notRun;
}

/** oclif's own errors are all about the words of the command line. */
function isOclifError(error: unknown): error is Error & { oclif: { exit?: number } } {
  return error instanceof Error && 'oclif' in error && typeof error.oclif === 'object' && error.oclif !== null;
}
