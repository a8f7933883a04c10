import { codes, type ErrorCode } from '../../core/errors/codes.ts';
import { BugError, type Retry, SluiceError } from '../../core/errors/sluice-error.ts';

/** An error on its way between two processes of a gateway: what may be shown of it, without causes. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly why: string | undefined;
  readonly fix: string | undefined;
  readonly at: string | undefined;
  readonly retry: Retry;
}

export function toPlain(error: unknown): PlainError {
  const shown = error instanceof SluiceError ? error : new BugError('an unexpected error', { cause: error });
  const { code, message, why, fix, at, retry } = shown;
  return { code, message, why, fix, at, retry };
}

export function fromPlain({ code, message, why, fix, at, retry }: PlainError): SluiceError {
  return new SluiceError(code in codes ? (code as ErrorCode) : 'Bug', message, {
    retry,
    ...(why === undefined ? {} : { why }),
    ...(fix === undefined ? {} : { fix }),
    ...(at === undefined ? {} : { at }),
  });
}
