import type { SourceError } from '../../errors/sluice-error.ts';

/** What a question is for, and what it needs, for its error. */
export interface Question {
  readonly asked: string;
  readonly permission: string;
  /** Statuses other than 2xx that are an answer too; they carry no value. */
  readonly besides?: readonly number[];
}

export interface GitHubAnswer {
  readonly status: number;
  readonly value: unknown;
  /** The error of an answer whose value is not what it must be. */
  failed(flaw: string): SourceError;
}

/** The rows of all pages of a list. */
export interface GitHubList extends GitHubAnswer {
  readonly value: readonly unknown[];
}
