/** The action's description, as this repo has it and as `sluice init` writes it into a policy repo. */

/** `main` is where its one file is, from the folder that this text stands in. */
export function actionFile(main: string): string {
  return `name: Check a change of access policies
description: Validates the policies, runs their tests, says what a change widens, and writes that on the pull request.
inputs:
  path:
    description: Folder of the repo that holds the policies. A gateway follows whole repos.
    default: .
  base:
    description: Commit to compare with; where the pull request left its branch, or what was there before the push, if left out.
    required: false
  fail-on-widening:
    description: Fail when the change widens anybody's access.
    default: "false"
  min-coverage:
    description: Percent of the rules that policy tests have to reach.
    required: false
  comment:
    description: Keep one comment on the pull request up to date. Needs the permission pull-requests, write.
    default: "false"
  account:
    description: Login that the comment is of, when token is of an app of your own.
    required: false
  report:
    description: File to write the report to, as Markdown.
    required: false
  token:
    description: Reads the repo, and comments. Nothing of the pull request is run with it.
    default: \${{ github.token }}
outputs:
  valid:
    description: Whether there is no error, true or false.
  errors:
    description: Number of errors.
  tests-failed:
    description: Number of policy tests that failed; empty when the policies are not valid.
  widens:
    description: Number of widenings; empty when there is no plan.
  narrows:
    description: Number of narrowings; empty when there is no plan.
  plan-digest:
    description: What acknowledge in sluice.yaml names.
  approval-digest:
    description: What approvals of the change approve; empty when it is more than one thing.
  comment:
    description: What became of the comment, one of added, edited, same and movedOn.
  report:
    description: The file that the report was written to.
runs:
  using: node24
  main: ${main}
`;
}
