import { codes, type ErrorCode, type ErrorKind } from './codes.ts';

/** What happens next, for errors that a loop meets: wait for new input, try again after a while, or give up. */
export type Retry = 'never' | 'later' | 'onChange';

export interface ErrorDetails {
  /** The cause in the user's world, without secrets or raw values. */
  readonly why?: string;
  /** What to do about it; a command where there is one. */
  readonly fix?: string;
  /** `file:line:column`, an address, or whatever names the place. */
  readonly at?: string;
  readonly cause?: unknown;
  readonly retry?: Retry;
}

/** An operation ended without its result. Its `code` is stable; `message` says what happened, `why` and `fix` the rest. */
export class SluiceError extends Error {
  override readonly name: string = 'SluiceError';
  readonly code: ErrorCode;
  readonly why: string | undefined;
  readonly fix: string | undefined;
  readonly at: string | undefined;
  readonly retry: Retry;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.why = details.why;
    this.fix = details.fix;
    this.at = details.at;
    this.retry = details.retry ?? 'never';
  }

  get kind(): ErrorKind {
    return codes[this.code].kind;
  }
}

/** The user's files or words are wrong. */
export class InputError extends SluiceError {
  override readonly name = 'InputError';
}
/** The answer is no. */
export class AccessError extends SluiceError {
  override readonly name = 'AccessError';
}
/** The policy repo, the forge or the gateway's state failed. */
export class SourceError extends SluiceError {
  override readonly name = 'SourceError';
}
/** A peer's bytes are not what the protocol says. */
export class ProtocolError extends SluiceError {
  override readonly name = 'ProtocolError';
}
/** A broker, identity provider or disk failed. */
export class UpstreamError extends SluiceError {
  override readonly name = 'UpstreamError';
}
/** Sluice broke its own rules. */
export class BugError extends SluiceError {
  override readonly name = 'BugError';
  constructor(message: string, details: ErrorDetails = {}) {
    super('Bug', message, details);
  }
}
