import { join } from 'node:path';
import type { Location, Problem } from '../../core/errors/problem.ts';
import { loadPolicySet } from '../../core/load/load-policy-set.ts';
import { loadPolicyTests } from '../../core/load/load-policy-tests.ts';
import type { OnProgress } from '../../core/load/on-progress.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { PolicyTest } from '../../core/model/policy-test.ts';
import { type SurveyedFolder, surveyFolder } from '../../core/source/folder.ts';

/** What checking a policy repo found. Paths begin with the folder as it was given. */
export interface ValidateResult {
  readonly problems: readonly Problem[];
  readonly errors: number;
  readonly warnings: number;
  /** Documents that were read. */
  readonly documents: number;
  /** Text of every YAML file, for code frames. */
  readonly texts: ReadonlyMap<string, string>;
  /** There when no problem is an error. */
  readonly policySet: PolicySet | undefined;
  /** None when a problem is an error. */
  readonly tests: readonly PolicyTest[];
}

const decoder = new TextDecoder();

/** Reads and checks the policy repo in a folder. */
export async function validateRepo(folder: string, onProgress?: OnProgress): Promise<ValidateResult> {
  return validateFiles(surveyFolder(folder), (path) => join(folder, path), onProgress);
}

/** Checks the files of a policy repo, wherever they were read; `shown` makes of a path what people see. */
export function validateFiles(
  { files, problems: unread }: SurveyedFolder,
  shown: (path: string) => string,
  onProgress?: OnProgress,
): ValidateResult {
  const { policySet, problems: told, count } = loadPolicySet(files, onProgress);
  const tests = loadPolicyTests(files, policySet);
  const emptied = unread.length > 0 && count === 0; // what could not be read is why there is no policy
  const problems = [
    ...unread,
    ...told.filter(({ rule }) => !(emptied && rule === 'schema/empty-repo')),
    ...tests.problems,
  ];
  const placed = problems.map((problem) => ({ ...problem, at: moved(problem.at, shown) }));
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  return {
    problems: placed,
    errors,
    warnings: problems.length - errors,
    documents: count + tests.count,
    texts: new Map(files.map(({ path, bytes }) => [shown(path), decoder.decode(bytes)])),
    policySet: unread.length > 0 ? undefined : policySet,
    tests: unread.length > 0 ? [] : tests.tests,
  };
}

/** The same, with one more error. */
export function withError(result: ValidateResult, problem: Problem | undefined): ValidateResult {
  if (!problem) return result;
  return { ...result, problems: [...result.problems, problem], errors: result.errors + 1 };
}

function moved(at: Location, shown: (path: string) => string): Location {
  return { ...at, file: shown(at.file) };
}
