import { parseRfc3339 } from '../../clock/instant.ts';
import type { SourceError } from '../../errors/sluice-error.ts';

/** Makes the error of an answer that is not what it must be. */
export type Failed = (flaw: string) => SourceError;

/** Reads an answer's fields, each of which must be there and of its kind, or the answer is none. */
export class AnswerFields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #failed: Failed;

  constructor(value: unknown, failed: Failed, path = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw failed(`${path === '' ? 'it' : `its field ${path}`} is no object`);
    }
    this.#value = value as Readonly<Record<string, unknown>>;
    this.#path = path;
    this.#failed = failed;
  }

  text(name: string): string {
    return this.#of(name, 'text', (value) => typeof value === 'string');
  }

  flag(name: string): boolean {
    return this.#of(name, 'true or false', (value) => typeof value === 'boolean');
  }

  /** A whole number, which may be negative. */
  number(name: string): number {
    return this.#of(name, 'a whole number', (value) => Number.isSafeInteger(value));
  }

  /** A number that stands for something for good. */
  id(name: string): number {
    return this.#of(name, 'an id', (value) => Number.isSafeInteger(value) && Number(value) > 0);
  }

  commit(name: string): string {
    return this.#of(name, 'a commit', (value) => typeof value === 'string' && isCommit(value));
  }

  /** Epoch ms. */
  instant(name: string): number {
    const at = parseRfc3339(this.text(name));
    if (at === undefined) throw this.flaw(name, 'an instant');
    return at;
  }

  object(name: string): AnswerFields {
    return new AnswerFields(this.#get(name), this.#failed, this.#name(name));
  }

  /** undefined where the field is null; it must be there. */
  objectOrNull(name: string): AnswerFields | undefined {
    if (!Object.hasOwn(this.#value, name)) throw this.flaw(name, 'there');
    return this.#get(name) === null ? undefined : this.object(name);
  }

  /** The error of a field that is not `expected`. */
  flaw(name: string, expected: string): SourceError {
    return this.#failed(`its field ${this.#name(name)} is not ${expected}`);
  }

  #of<T>(name: string, expected: string, is: (value: unknown) => boolean): T {
    const value = this.#get(name);
    if (!is(value)) throw this.flaw(name, expected);
    return value as T;
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
  }

  #name(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}

/** The full id of a commit, SHA-1 or SHA-256. */
export function isCommit(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
