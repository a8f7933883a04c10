import { policyDigest } from '../../core/admission/approval-digest.ts';
import type { ToldGrant } from '../../core/admission/told-grant.ts';
import type { Problem } from '../../core/errors/problem.ts';
import { unacknowledged } from '../../core/plan/limits.ts';
import { planOf } from '../../core/plan/plan-of.ts';
import { filesAt } from '../../core/source/files-at.ts';
import { isBreakGlassFile, isForOwners, isMixedEmergency } from '../../core/source/policy-tree.ts';
import { RevisionLoader } from '../../core/source/revision.ts';
import {
  type ChangeSides,
  emergenciesOf,
  grantsOf,
  mostGrants,
  type Objects,
  type ToldEmergency,
} from './asked-in-change.ts';
import { baseSet, type PlanResult, unacknowledgedProblem } from './plan-change.ts';
import { runTests, type TestResult } from './test-repo.ts';
import { type ValidateResult, validateFiles } from './validate-repo.ts';

export interface ReportQuestion extends ChangeSides {
  readonly objects: Objects;
  /** Folder of the repo that holds the policies; '' is the whole repo. */
  readonly path: string;
  readonly minCoverage: number | undefined;
  /** The gateway will judge it as one step; a push may be several. */
  readonly oneStep: boolean;
}

/** Everything that people who decide about a change of the policy repo have to know. */
export interface ChangeReport {
  readonly base: string | undefined;
  readonly head: string;
  readonly branch: string;
  /** All problems: of the head, and of the change. Places are as they are in the whole repo. */
  readonly checked: ValidateResult;
  /** undefined when the head does not validate. */
  readonly tests: TestResult | undefined;
  /** undefined without a base, or when a side does not validate. */
  readonly change: PlanResult | undefined;
  /** Grants that the change asks for, under the rules of the base. */
  readonly grants: readonly ToldGrant[];
  /** Emergencies that it is the review of. */
  readonly emergencies: readonly ToldEmergency[];
  /** What the owners approve; undefined when the change needs none of them. */
  readonly rules: { readonly digest: string; readonly paths: readonly string[] } | undefined;
}

/** Works it out from the content of two commits; nothing of a request's title, text or branch name is looked at. */
export async function reportChange(question: ReportQuestion): Promise<ChangeReport> {
  const { base, head, path, repo, minCoverage, oneStep } = question;
  const objects = below(question.objects, path);
  const shown = (file: string): string => (path === '' || file === '' ? path + file : `${path}/${file}`);
  const files = await filesAt(objects, head);
  let checked = validateFiles(files, shown);
  const { policySet, tests } = checked;
  const ran =
    checked.errors === 0 && policySet ? runTests({ policySet, tests, minCoverage }, files.files, shown) : undefined;
  const add = (problems: readonly Problem[]): void => {
    checked = withProblems(checked, problems);
  };
  const changes = base === undefined ? [] : await objects.changes(base, head);
  const planes = changes.filter(isForOwners);
  const asked = await grantsOf(objects, question, changes);
  const alarms = await emergenciesOf(objects, question, changes);
  const problems = [...asked.problems, ...alarms.problems];
  add(problems.map((problem) => ({ ...problem, at: { ...problem.at, file: shown(problem.at.file) } })));
  const [first] = asked.paths;
  if (first !== undefined && oneStep) {
    if (planes.length > 0) add([mixedStep(shown(first))]);
    if (asked.paths.length > mostGrants) add([tooMany(shown(first), asked.paths.length)]);
  }
  if (oneStep && isMixedEmergency(changes)) {
    add([mixedEmergency(shown(changes.find(({ path: file }) => isBreakGlassFile(file))!.path), changes.length)]);
  }
  const change = base === undefined ? undefined : await planSides(objects, { base, head, path }, checked);
  const beyond = change && unacknowledgedProblem(change);
  if (beyond) add([beyond]);
  return {
    base,
    head,
    branch: repo.branch,
    checked,
    tests: ran && { ...ran, dir: path, texts: checked.texts },
    change,
    grants: asked.told,
    emergencies: alarms.told,
    rules:
      planes.length === 0
        ? undefined
        : { digest: policyDigest(planes, repo).digest, paths: planes.map((one) => shown(one.path)) },
  };
}

async function planSides(
  objects: Objects,
  { base, head, path }: { readonly base: string; readonly head: string; readonly path: string },
  checked: ValidateResult,
): Promise<PlanResult> {
  const left = await baseSet(objects, new RevisionLoader(objects), base);
  const after = checked.policySet;
  const [before, problems] = [left.policySet, left.problems.filter(({ severity }) => severity === 'error')];
  const plan = before && after && planOf(before, after);
  return {
    base,
    head,
    problems: problems.map((problem) => ({ side: 'base', problem })),
    plan,
    unacknowledged: plan !== undefined && after !== undefined && unacknowledged(plan, after.repo),
    before,
    after,
    dir: path,
  };
}

/** A grant that does not validate at the head does not under the rules of the base either: told once. */
function withProblems(result: ValidateResult, more: readonly Problem[]): ValidateResult {
  const key = ({ rule, at, message }: Problem): string => JSON.stringify([rule, at.file, at.line, message]);
  const known = new Set(result.problems.map(key));
  const added = more.filter((problem) => !known.has(key(problem)));
  const errors = added.filter(({ severity }) => severity === 'error').length;
  return {
    ...result,
    problems: [...result.problems, ...added],
    errors: result.errors + errors,
    warnings: result.warnings + added.length - errors,
  };
}

function mixedStep(file: string): Problem {
  return {
    rule: 'plan/mixed-step',
    severity: 'error',
    message: 'the change asks for a grant and changes other files at once, and the gateway refuses both',
    fix: 'ask for the grant in a request of its own',
    at: { file, line: 1, column: 1 },
  };
}

function mixedEmergency(file: string, count: number): Problem {
  return {
    rule: 'plan/mixed-emergency',
    severity: 'error',
    message: `the change holds an emergency beside other changes, ${count} files in all, and approving it would review them together`,
    fix: 'have each emergency reviewed in a request of its own that holds nothing else',
    at: { file, line: 1, column: 1 },
  };
}

function tooMany(file: string, count: number): Problem {
  return {
    rule: 'plan/too-many-grants',
    severity: 'error',
    message: `the change adds or changes ${count} grants; ${mostGrants} are the most that the gateway judges at once`,
    fix: 'ask for them in several requests',
    at: { file, line: 1, column: 1 },
  };
}

/** The repo as if a folder of it were all of it. */
function below(objects: Objects, path: string): Objects {
  if (path === '') return objects;
  const prefix = `${path}/`;
  const within = <T extends { readonly path: string }>(entries: readonly T[]): T[] =>
    entries
      .filter((entry) => entry.path.startsWith(prefix))
      .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
  return {
    tree: async (commit) => within(await objects.tree(commit)),
    blob: (id, cap) => objects.blob(id, cap),
    changes: async (from, to) => within(await objects.changes(from, to)),
  };
}
