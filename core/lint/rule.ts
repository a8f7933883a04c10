/** What a lint rule is: a smell that validates and that its authors probably do not mean. */
import type { Path } from '../load/load-yaml.ts';
import type { PolicyDocument, PolicySet } from '../model/documents.ts';

export type Level = 'off' | 'warn' | 'error';

export interface Smell {
  readonly document: PolicyDocument;
  /** Where in the document; its name if left out. */
  readonly path?: Path;
  /** One sentence. */
  readonly message: string;
  readonly fix: string;
}

export interface LintContext {
  readonly set: PolicySet;
  /** Epoch ms. */
  readonly now: number;
  /** True when a document has this field in its YAML, for what the model leaves out. */
  readonly has: (document: PolicyDocument, path: Path) => boolean;
}

export interface LintRule {
  /** `category/name`. Never changes its meaning. */
  readonly id: `${string}/${string}`;
  readonly level: Level;
  /** One sentence: what it finds. */
  readonly summary: string;
  readonly why: string;
  /** YAML of one document, from its kind on, that it finds something in. */
  readonly avoid: string;
  readonly prefer: string;
  readonly check: (context: LintContext) => Iterable<Smell>;
}
