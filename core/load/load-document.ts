import type { ErrorObject } from 'ajv';
import type { Problem } from '../errors/problem.ts';
import { loadYaml, type YamlDocument } from './load-yaml.ts';
import { schemaProblems } from './schema-problems.ts';
import type { SourceFile } from './source-file.ts';

/** A validator as core/schema exports it. */
export type Validator<T> = ((data: unknown) => data is T) & { errors?: ErrorObject[] | null };

export interface LoadedDocument<T> {
  /** There when the file has no problem. */
  readonly value: T | undefined;
  readonly document: YamlDocument | undefined;
  readonly problems: readonly Problem[];
}

/** Reads a file that holds exactly one document of one schema, such as gateway.yaml. */
export function loadDocumentAs<T>(validate: Validator<T>, file: SourceFile): LoadedDocument<T> {
  const { documents, problems } = loadYaml(file);
  const document = documents[0];
  if (problems.length > 0) return { value: undefined, document: undefined, problems };
  if (document === undefined || documents.length > 1) {
    const message = document === undefined ? 'the file is empty' : 'the file holds more than one document';
    const at = documents[1]?.locate([]) ?? { file: file.path, line: 1, column: 1 };
    return { value: undefined, document, problems: [{ rule: 'yaml/one-document', severity: 'error', message, at }] };
  }
  const { value } = document;
  if (validate(value)) return { value, document, problems: [] };
  return { value: undefined, document, problems: schemaProblems(validate.errors ?? [], document) };
}
