import type { Problem } from '../errors/problem.ts';
import type { Path, YamlDocument } from './load-yaml.ts';

/** Collects the problems of one run; `at` names a value, `atKey` the key before it. */
export class Findings {
  readonly problems: Problem[] = [];

  at(yaml: YamlDocument, path: Path, rule: string, message: string, fix?: string): void {
    this.#add('error', rule, message, fix, yaml.locate(path));
  }

  atKey(yaml: YamlDocument, path: Path, rule: string, message: string, fix?: string): void {
    this.#add('error', rule, message, fix, yaml.locateKey(path));
  }

  /** A problem inside a text value, `offset` characters from its beginning. */
  inText(yaml: YamlDocument, path: Path, offset: number, rule: string, message: string, fix?: string): void {
    this.#add('error', rule, message, fix, yaml.locateInText(path, offset));
  }

  warn(yaml: YamlDocument, path: Path, rule: string, message: string, fix?: string): void {
    this.#add('warning', rule, message, fix, yaml.locate(path));
  }

  #add(severity: Problem['severity'], rule: string, message: string, fix: string | undefined, at: Problem['at']): void {
    this.problems.push({ rule, severity, message, ...(fix === undefined ? {} : { fix }), at });
  }
}
