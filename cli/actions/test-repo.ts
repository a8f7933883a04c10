import { join } from 'node:path';
import type { Location } from '../../core/errors/problem.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import type { OnProgress } from '../../core/load/on-progress.ts';
import { readDocuments } from '../../core/load/read-documents.ts';
import type { MaskPolicy } from '../../core/model/documents.ts';
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
  const { policySet, errors, tests, texts } = await validateRepo(dir, onProgress);
  if (!policySet || errors > 0) {
    throw new InputError('InvalidPolicyRepo', 'the policy repo has problems, so nothing can be tested', {
      why: `${errors} error${errors === 1 ? '' : 's'}`,
      fix: `run sluice validate ${dir}`,
      at: dir,
    });
  }
  const chosen = tests.filter(({ name }) => pattern?.test(name) ?? true);
  const runs = chosen.map((test, i) => {
    onProgress?.('running test', i + 1, chosen.length);
    return runTest(policySet, test);
  });
  const failed = runs.filter(({ failures }) => failures.length > 0).length;
  const coverage = coverageOf(policySet, runs, await placesOfMaskRules(dir));
  const ok = runs.length > 0 && failed === 0 && coverage.percent >= (minCoverage ?? 0);
  const shown = (at: Location): Location => ({ ...at, file: join(dir, at.file) });
  return { dir, runs, failed, coverage, minCoverage, ok, texts, shown };
}

/** A mask's rules have no place in the model. */
async function placesOfMaskRules(dir: string): Promise<(mask: MaskPolicy, rule: number) => Location> {
  const masks = readDocuments((await readFolder(dir)).filter(({ path }) => path.startsWith('masks/'))).documents;
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
