import type { Location } from '../errors/problem.ts';
import type { MaskPolicy, PolicySet } from '../model/documents.ts';
import type { TestRun } from './run-test.ts';

/** One rule that a test can reach. */
export interface Rule {
  readonly kind: 'AccessPolicy' | 'MaskPolicy';
  /** `maskPolicy/rule` for a rule that masks. */
  readonly name: string;
  readonly at: Location;
}

export interface Coverage {
  readonly rules: number;
  /** In the order of their places. */
  readonly unreached: readonly Rule[];
  /** Rounded down to a tenth, so that 100 is all of them. */
  readonly percent: number;
}

/** Which rules no assertion that holds was decided by. `placeOf` says where the rule of a mask stands. */
export function coverageOf(
  policies: PolicySet,
  runs: readonly TestRun[],
  placeOf: (mask: MaskPolicy, rule: number) => Location,
): Coverage {
  const rules: Rule[] = [
    ...[...policies.policies.values()].map(({ name, at }): Rule => ({ kind: 'AccessPolicy', name, at })),
    ...[...policies.masks.values()].flatMap((mask) =>
      mask.rules.map(
        (rule, i): Rule => ({ kind: 'MaskPolicy', name: `${mask.name}/${rule.name}`, at: placeOf(mask, i) }),
      ),
    ),
  ];
  const unreached = rules.filter(({ kind, name }) => !runs.some((run) => run.reached.has(`${kind} ${name}`)));
  const share = rules.length === 0 ? 1 : (rules.length - unreached.length) / rules.length;
  return { rules: rules.length, unreached: unreached.sort(byPlace), percent: Math.floor(share * 1000) / 10 };
}

function byPlace(a: Rule, b: Rule): number {
  if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
  return a.at.line - b.at.line || (a.name < b.name ? -1 : 1);
}
