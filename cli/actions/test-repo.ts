import { join } from 'node:path';
import type { Location } from '../../core/errors/problem.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import type { OnProgress } from '../../core/load/on-progress.ts';
import { readDocuments } from '../../core/load/read-documents.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { MaskPolicy, PolicySet } from '../../core/model/documents.ts';
import type { PolicyTest } from '../../core/model/policy-test.ts';
import { type Coverage, coverageOf } from '../../core/policy-test/coverage.ts';
import { runTest, type TestRun } from '../../core/policy-test/run-test.ts';
import { readFolder } from '../../core/source/folder.ts';
import { validateRepo } from './validate-repo.ts';

export interface TestQuestion {
  /** Folder of the policy repo. */
  readonly dir: string;
  /** Only tests whose name it matches. */
  readonly run: string | undefined;
  /** Percent of the rules that the tests have to reach. */
  readonly minCoverage: number | undefined;
}

export interface TestResult {
  readonly dir: string;
  readonly runs: readonly TestRun[];
  readonly failed: number;
  readonly coverage: Coverage;
  readonly minCoverage: number | undefined;
  /** There was a test, all passed, and the coverage is as asked for. */
  readonly ok: boolean;
  /** Text of every YAML file, for code frames. */
  readonly texts: ReadonlyMap<string, string>;
  /** A place as it is shown: paths begin with the folder as it was given. */
  readonly shown: (at: Location) => Location;
}

/** Runs the PolicyTests of a folder by the rules in it. */
export async function testRepo({ dir, run, minCoverage }: TestQuestion, onProgress?: OnProgress): Promise<TestResult> {
  const pattern = run === undefined ? undefined : patternOf(run);
  const checked = await validateRepo(dir, onProgress);
  const { policySet, errors, texts } = checked;
  if (!policySet || errors > 0) {
    throw new InputError('InvalidPolicyRepo', 'the policy repo has problems, so nothing can be tested', {
      why: `${errors} error${errors === 1 ? '' : 's'}`,
      fix: `run sluice validate ${dir}`,
      at: dir,
    });
  }
  const tests = checked.tests.filter(({ name }) => pattern?.test(name) ?? true);
  const shown = (path: string): string => join(dir, path);
  return { ...runTests({ policySet, tests, minCoverage }, await readFolder(dir), shown, onProgress), dir, texts };
}

/** Runs PolicyTests by the rules of the files that they are of; `shown` makes of a path what people see. */
export function runTests(
  asked: {
    readonly policySet: PolicySet;
    readonly tests: readonly PolicyTest[];
    readonly minCoverage: number | undefined;
  },
  files: readonly SourceFile[],
  shown: (path: string) => string,
  onProgress?: OnProgress,
): Omit<TestResult, 'dir' | 'texts'> {
  const { policySet, tests, minCoverage } = asked;
  const runs = tests.map((test, i) => {
    onProgress?.('running test', i + 1, tests.length);
    return runTest(policySet, test);
  });
  const failed = runs.filter(({ failures }) => failures.length > 0).length;
  const coverage = coverageOf(policySet, runs, placesOfMaskRules(files));
  const ok = runs.length > 0 && failed === 0 && coverage.percent >= (minCoverage ?? 0);
  return { runs, failed, coverage, minCoverage, ok, shown: (at) => ({ ...at, file: shown(at.file) }) };
}

/** A mask's rules have no place in the model. */
function placesOfMaskRules(files: readonly SourceFile[]): (mask: MaskPolicy, rule: number) => Location {
  const masks = readDocuments(files.filter(({ path }) => path.startsWith('masks/'))).documents;
  return ({ name, at }, rule) =>
    masks.find(({ data }) => data.metadata.name === name)?.yaml.locate(['spec', 'rules', rule, 'name']) ?? at;
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (cause) {
    const fix = "write a part of the test's name";
    throw new InputError('BadUsage', `'${text}' is not a regular expression`, { fix, cause });
  }
}
