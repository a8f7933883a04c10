import { type Logger as PinoLogger, pino } from 'pino';
import { SluiceError } from '../../core/errors/sluice-error.ts';
import { StderrSink } from './stderr-sink.ts';

/** Fields a log line may have. An allow-list: whatever is not named here cannot get into the log by accident. */
export interface LogFields {
  readonly cluster?: string;
  readonly principal?: string;
  readonly session?: string;
  readonly connection?: number;
  readonly address?: string;
  readonly broker?: number;
  readonly revision?: string;
  readonly grant?: string;
  readonly reason?: string;
  readonly code?: string;
  readonly count?: number;
  readonly ms?: number;
  readonly error?: unknown;
}

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** NDJSON on stderr. Errors are reduced to code, message, why and fix; causes and stacks only for bugs. */
export function createLogger(level: 'debug' | 'info' | 'warn' | 'error', gateway: string): Logger {
  const logger: PinoLogger = pino(
    {
      level,
      base: { gw: gateway },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    new StderrSink(), // pino's own never returns from its flush at exit when the reader of stderr has left
  );
  return {
    debug: (message, fields) => logger.debug(allowed(fields), message),
    info: (message, fields) => logger.info(allowed(fields), message),
    warn: (message, fields) => logger.warn(allowed(fields), message),
    error: (message, fields) => logger.error(allowed(fields), message),
  };
}

function allowed(fields: LogFields = {}): Record<string, unknown> {
  const { cluster, principal, session, connection, address, broker, revision, grant, reason, code, count, ms, error } =
    fields;
  return {
    cluster,
    principal,
    session,
    connection,
    address,
    broker,
    revision,
    grant,
    reason,
    code,
    count,
    ms,
    ...(error === undefined ? {} : { error: describeError(error) }),
  };
}

/** What of an error may be shown: our own errors whole, others by name and code only (their messages may quote data). */
export function describeError(error: unknown): Record<string, unknown> {
  if (error instanceof SluiceError) {
    return {
      code: error.code,
      message: error.message,
      why: error.why,
      fix: error.fix,
      at: error.at,
      ...(error.kind === 'bug' ? { stack: error.stack } : {}),
    };
  }
  if (error instanceof Error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      name: error.name,
      code,
      stack: framesOf(error),
    };
  }
  return { name: typeof error };
}

/** Where it was thrown. The message stands in the stack's head and may look like frames: what follows it is taken. */
function framesOf({ stack, message }: Error): readonly string[] | undefined {
  const at = stack?.indexOf(message) ?? -1;
  if (stack === undefined || at < 0) return undefined; // the message was changed: its old text could be anywhere
  const frames = stack.slice(at + message.length).split('\n');
  return frames.filter((line) => line.startsWith('    at ')).slice(0, 6);
}
