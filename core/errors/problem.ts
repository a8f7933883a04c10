/** A place in a user's file. Lines and columns count from 1, columns in UTF-16 code units, as editors do. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The first position after the marked text, when it is known. */
  readonly end?: { readonly line: number; readonly column: number };
}

/** One finding in a user's YAML. Problems are collected, never thrown one by one. */
export interface Problem {
  /** Stable id, such as `schema/required` or `reference/dangling`. */
  readonly rule: string;
  readonly severity: 'error' | 'warning';
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** How to mend it. */
  readonly fix?: string;
  readonly at: Location;
}

export function formatLocation(at: Location): string {
  return `${at.file}:${at.line}:${at.column}`;
}
