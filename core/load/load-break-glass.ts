import type { Problem } from '../errors/problem.ts';
import type { BreakGlass } from '../model/documents.ts';
import { Findings } from './findings.ts';
import { readDocuments } from './read-documents.ts';
import type { SourceFile } from './source-file.ts';
import { toModel } from './to-model.ts';

/**
 * Reads one BreakGlass document by itself, whatever the rules say about it now: an emergency that was admitted has to be
 * reviewed also when its policy was changed since.
 */
export function loadBreakGlass(file: SourceFile): {
  readonly document: BreakGlass | undefined;
  readonly problems: readonly Problem[];
} {
  const { documents, problems } = readDocuments([file]);
  const [raw, ...more] = documents;
  const findings = new Findings();
  const found =
    raw && more.length === 0 ? toModel(raw, findings, (choice) => [...(choice as readonly string[])]) : undefined;
  const errors = [...problems, ...findings.problems].filter(({ severity }) => severity === 'error');
  return { document: errors.length === 0 && found?.kind === 'BreakGlass' ? found : undefined, problems: errors };
}
