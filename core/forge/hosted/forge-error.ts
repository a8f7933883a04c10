import { formatInstant } from '../../clock/instant.ts';
import { SourceError } from '../../errors/sluice-error.ts';

/** What an adapter knows about an answer that it cannot use. No body and no header goes in: they may hold a token. */
export interface FailedAnswer {
  /** What was asked, for people: `read the reviews of pull request 7`. */
  readonly asked: string;
  /** Host of the forge. */
  readonly host: string;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** Permission that the call needs, as the forge's settings call it: `Pull requests: read`. */
  readonly permission: string;
  /** Epoch ms at which a rate limit ends; undefined when it is none. */
  readonly limitedUntil?: number | undefined;
  /** What was wrong with an answer of status 2xx: `it is HTML`. */
  readonly flaw?: string;
  readonly cause?: unknown;
}

/** The error of an answer that cannot be used: what happened, why, and what to do about it. All are tried again. */
export function forgeError(answer: FailedAnswer): SourceError {
  const { asked, host, status, permission, limitedUntil, flaw, cause } = answer;
  const rest = { at: host, cause, retry: 'later' } as const;
  if (limitedUntil !== undefined) {
    return new SourceError('ForgeLimited', `the forge's rate limit is used up, so it could not ${asked}`, {
      why: `it takes requests again at ${formatInstant(limitedUntil)}`,
      fix: 'wait, or give the gateway an app or token of its own',
      ...rest,
    });
  }
  if (status === 401) {
    return new SourceError('ForgeDenied', `the forge does not know the token, so it could not ${asked}`, {
      why: 'it answered 401: the token is wrong, expired or revoked',
      fix: 'make a new one and put it where the old one is',
      ...rest,
    });
  }
  if (status === 403 || status === 404) {
    return new SourceError('ForgeDenied', `the forge does not let the token ${asked}`, {
      why: `it answered ${status}, as it does when the repo is not visible or a permission is missing`,
      fix: `check the repo's name, and give the token or app the permission '${permission}'`,
      ...rest,
    });
  }
  const what = flaw ?? (status === undefined ? 'there was no answer' : `it answered ${status}`);
  const saidNo = status !== undefined && status >= 400 && status < 500;
  return new SourceError('ForgeFailed', `the forge could not ${asked}`, {
    why: what,
    fix: saidNo ? 'the forge is up and refuses this as it stands' : 'see whether the forge is up; it is asked again',
    ...rest,
  });
}

/**
 * Of something that is longer than what is read of one, and stays so: asking again would not help, and a request like
 * that must not stand in the way of others.
 */
export function tooLarge({ message, why, at, cause }: SourceError): SourceError {
  return new SourceError('RequestTooLarge', message, {
    ...(why === undefined ? {} : { why }),
    fix: 'ask anew with less in one request',
    ...(at === undefined ? {} : { at }),
    cause,
    retry: 'never',
  });
}
