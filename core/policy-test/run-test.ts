/** Runs PolicyTests with the one `decide`. */
import { formatInstant } from '../clock/instant.ts';
import type { Location } from '../errors/problem.ts';
import type { Decision, Deny } from '../model/decision.ts';
import type { PolicySet } from '../model/documents.ts';
import { type Expectation, type ExpectedField, expectedFields, type PolicyTest } from '../model/policy-test.ts';
import type { Resource } from '../model/resource.ts';
import { decide } from '../policy/decide.ts';
import { givenPrincipal, givenSnapshot } from './given.ts';

/** An assertion that does not hold. */
export interface Failure {
  readonly expected: string;
  readonly got: string;
  /** Who may, or may not, do what. */
  readonly message: string;
  readonly decision: Decision;
  /** Where the field stands that is not so. */
  readonly at: Location;
}

export interface TestRun {
  readonly test: PolicyTest;
  readonly failures: readonly Failure[];
  /** Ids of the rules that decided in an assertion that holds, as core/policy-test/coverage names them. */
  readonly reached: ReadonlySet<string>;
}

/** Runs one test. */
export function runTest(rules: PolicySet, test: PolicyTest): TestRun {
  const snapshot = givenSnapshot(rules, test);
  const principal = givenPrincipal(rules, test);
  const failures: Failure[] = [];
  const reached = new Set<string>();
  for (const expected of test.expect) {
    const decisions = expected.resources.map((resource) => ({
      resource,
      decision:
        'refused' in principal
          ? nobody(principal.refused)
          : decide(snapshot, principal, expected.operation, resource, test.now),
    }));
    const wrong = decisions.flatMap(({ resource, decision }) => {
      const who = 'refused' in principal ? 'the token' : principal.identity;
      return failureOf(expected, who, resource, decision) ?? [];
    });
    if ('refused' in principal && test.principal !== undefined) {
      // A deny would hold, and say nothing of whom the test names.
      const decision = nobody(principal.refused);
      failures.push({
        expected: `a token of ${test.principal}`,
        got: 'nobody',
        message: principal.refused,
        decision,
        at: test.at,
      });
      break;
    }
    if (wrong[0]) failures.push(wrong[0]);
    else for (const { decision } of decisions) for (const id of reachedBy(decision, expected)) reached.add(id);
  }
  return { test, failures, reached };
}

function nobody(why: string): Deny {
  return {
    effect: 'deny',
    code: 'UnknownSubject',
    message: why,
    rule: { kind: 'default', name: 'default', at: undefined },
    until: undefined,
    nearestMiss: undefined,
    readsSource: false,
  };
}

function failureOf(expected: Expectation, who: string, resource: Resource, decision: Decision): Failure | undefined {
  const field = expectedFields.find((one) => !holds(one, expected, decision));
  if (!field) return undefined;
  const thing = resource.kind === 'transactionalId' ? 'transactional id' : resource.kind;
  const allowed = `${who} may ${expected.operation} ${thing} ${resource.name} on ${resource.cluster}`;
  return {
    expected: `${field === 'effect' ? '' : `${field} `}${expectedText(field, expected)}`,
    got: gotText(field, decision),
    message: decision.effect === 'allow' ? allowed : decision.message,
    decision,
    at: expected.places[field],
  };
}

function holds(field: ExpectedField, expected: Expectation, decision: Decision): boolean {
  switch (field) {
    case 'effect':
      return decision.effect === expected.effect;
    case 'masks':
      return expected.masks === undefined || expected.masks.join() === masksOf(decision).join();
    case 'until':
      return expected.until === undefined || expected.until === (decision.until ?? 'never');
    case 'rule':
      return expected.rule === undefined || rulesOf(decision).includes(expected.rule);
    case 'code':
      return expected.code === undefined || (decision.effect === 'deny' && decision.code === expected.code);
  }
}

function expectedText(field: ExpectedField, expected: Expectation): string {
  const value = expected[field];
  if (field === 'masks') return list(expected.masks ?? []);
  return typeof value === 'number' ? formatInstant(value) : String(value);
}

function gotText(field: ExpectedField, decision: Decision): string {
  switch (field) {
    case 'effect':
      return decision.effect;
    case 'masks':
      return list(masksOf(decision));
    case 'until':
      return decision.until === undefined ? 'never' : formatInstant(decision.until);
    case 'rule':
      return rulesOf(decision)[0]!;
    case 'code':
      return decision.effect === 'deny' ? decision.code : 'allow';
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

/** A grant can be named by itself or by its policy. */
function rulesOf({ rule, ...decision }: Decision): string[] {
  const name = rule.kind === 'default' ? 'default' : rule.name;
  return decision.effect === 'allow' ? [name, decision.policy] : [name];
}

function masksOf(decision: Decision): string[] {
  if (decision.effect === 'deny') return [];
  return decision.masks
    .flatMap(({ policy, lifted }) =>
      policy.rules.filter(({ name }) => !lifted.includes(name)).map(({ name }) => `${policy.name}/${name}`),
    )
    .sort();
}

/** A mask rule counts only where the assertion looks at the masks. */
function reachedBy(decision: Decision, { masks }: Expectation): string[] {
  const { rule } = decision;
  const policy = decision.effect === 'allow' ? decision.policy : rule.kind === 'AccessPolicy' ? rule.name : undefined;
  return [
    ...(policy === undefined ? [] : [`AccessPolicy ${policy}`]),
    ...(masks ? masksOf(decision).map((id) => `MaskPolicy ${id}`) : []),
  ];
}
