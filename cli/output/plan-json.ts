import type { PlanChange } from '../../core/plan/plan.ts';
import type { PlanReport } from '../../core/schema/plan-report.ts';
import type { PlanResult } from '../actions/plan-change.ts';

type ReportedChange = NonNullable<PlanReport['plan']>['widens'][number];

/** JSON as schemas/v1/plan-report.schema.json says. */
export function planJson({ base, head, problems, plan, unacknowledged }: PlanResult): string {
  const report: PlanReport = {
    version: 1,
    base,
    ...(head === undefined ? {} : { head }),
    problems: problems.map(({ side, problem: { rule, message, at } }) => ({
      side,
      rule,
      message,
      file: at.file,
      line: at.line,
      column: at.column,
    })),
    ...(plan
      ? {
          plan: {
            widens: plan.widens.map(changeOf),
            narrows: plan.narrows.map(changeOf),
            hours: { ...plan.hours },
            principals: { ...plan.principals },
            limits: plan.limits.map((one) => ({ ...one })),
            digest: plan.digest,
            acknowledged: !unacknowledged,
          },
        }
      : {}),
  };
  return JSON.stringify(report, undefined, 2);
}

function changeOf(change: PlanChange): ReportedChange {
  const { what, principals, before, after } = change;
  const causes = change.causes.map((cause) => ({ ...cause, fields: [...cause.fields] }));
  const base = { what, principals: [...principals], before, after, causes };
  if (change.what !== 'access') return base;
  return {
    ...base,
    how: change.how,
    aspects: [...change.aspects],
    claims: change.claims.map((claim) => ({ ...claim })),
    operations: [...change.operations],
    regions: change.regions.map((region) => ({ ...region, streams: [...region.streams], names: [...region.names] })),
  };
}
