/** The tests/ folder of a policy repo -> its PolicyTests, held against the rules they speak of. */
import type { Problem } from '../errors/problem.ts';
import type { PolicySet } from '../model/documents.ts';
import type { PolicyTest } from '../model/policy-test.ts';
import { type PolicyTestDocument, validatePolicyTestDocument } from '../schema/policy-test.ts';
import { Findings } from './findings.ts';
import type { YamlDocument } from './load-yaml.ts';
import { loadYamlOnce } from './load-yaml-once.ts';
import { testFolder } from './read-documents.ts';
import { schemaProblems } from './schema-problems.ts';
import type { SourceFile } from './source-file.ts';
import { toPolicyTest } from './to-policy-test.ts';

export interface LoadedPolicyTests {
  /** In the order of their places; none when a problem is an error, or without rules. */
  readonly tests: readonly PolicyTest[];
  readonly problems: readonly Problem[];
  /** Documents read, whatever their problems. */
  readonly count: number;
}

/** Reads and checks every PolicyTest. Without rules, which then have problems of their own, only by the schema. */
export function loadPolicyTests(files: readonly SourceFile[], rules: PolicySet | undefined): LoadedPolicyTests {
  const problems: Problem[] = [];
  const findings = new Findings();
  const tests = new Map<string, PolicyTest>();
  let count = 0;
  for (const file of files.filter(isTestFile).toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const read = loadYamlOnce(file);
    problems.push(...read.problems);
    for (const yaml of read.documents) {
      if (isForeign(yaml)) continue;
      count++;
      if (!validatePolicyTestDocument(yaml.value)) {
        problems.push(...schemaProblems(validatePolicyTestDocument.errors ?? [], yaml));
        continue;
      }
      if (!rules) continue;
      const test = toPolicyTest(yaml.value as PolicyTestDocument, yaml, rules, findings);
      if (tests.has(test.name)) {
        const message = `a PolicyTest '${test.name}' is there already`;
        findings.at(yaml, ['metadata', 'name'], 'reference/duplicate-name', message, 'rename one of them');
      } else tests.set(test.name, test);
    }
  }
  const all = [...problems, ...findings.problems];
  const broken = all.some((problem) => problem.severity === 'error');
  return { tests: broken ? [] : [...tests.values()], problems: all, count };
}

function isTestFile({ path }: SourceFile): boolean {
  return path.startsWith(testFolder) && /\.ya?ml$/.test(path) && !/(^|\/)\./.test(path);
}

/** Of another tool, or a document of ours that is told with the rules as misplaced. What says neither is a mistake. */
function isForeign({ value }: YamlDocument): boolean {
  const { kind, apiVersion } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown };
  return kind !== 'PolicyTest' && apiVersion !== undefined;
}
