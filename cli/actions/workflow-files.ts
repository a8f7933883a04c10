/** What a policy repo on a forge has besides its policies: the check of pull requests, and who is asked to review. */
import type { ForgeAddress } from '../../core/model/documents.ts';
import { actionFile } from './action-file.ts';

/** actions/checkout, by commit: whoever moves a tag there changes nothing here. */
const checkout = 'actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0';

/** Where the action's one file goes in a repo on a forge. */
export function actionFolder(kind: ForgeAddress['kind']): string {
  return `.${kind}/actions/sluice`;
}

/** Text of every file by its path, without the action's program. */
export function workflowFiles({ kind, url, repo }: ForgeAddress): Readonly<Record<string, string>> {
  return {
    [`.${kind}/workflows/sluice.yml`]: workflow(kind),
    ...(kind === 'github' ? { '.github/workflows/sluice-queue.yml': queueWorkflow } : {}),
    [`${actionFolder(kind)}/action.yml`]: actionFile('main.mjs'),
    'sluice.yaml': `# yaml-language-server: $schema=.sluice/schemas/repo.schema.json
apiVersion: sluice.dev/v1
kind: Repo
metadata:
  name: policies
spec:
  description: Who may do what on our event streams.
  # Owner signatures that a change of rules needs; adds to what the gateway demands.
  quorum: 1
  # Where people ask and approve. The gateway has it in its own configuration.
  forge:
    kind: ${kind}
    url: ${url}
    repo: ${repo}
`,
    CODEOWNERS: kind === 'github' ? githubOwners : giteaOwners,
  };
}

function workflow(kind: ForgeAddress['kind']): string {
  return `# Checks every change of the policies, and says on the pull request what it comes to.
name: sluice
on:
  # Runs as it is on the branch, so no pull request can change its own check, and pull requests from forks have one.
  # That is safe because nothing of the pull request is checked out or run: the action reads it as data. Keep it so.
  pull_request_target:
    branches: [main]
    types: [opened, synchronize, reopened, edited] # edited, as one may be pointed here from another branch
  push:
    branches: [main]
# One run after the other for each request: two at once would both find no comment, and write two. Pushes are all checked.
concurrency:
  group: sluice-\${{ github.event_name }}-\${{ github.event.pull_request.number || github.sha }}
${job(kind, {
  permissions: ['contents: read', 'pull-requests: write # for the one comment'],
  comment: "github.event_name == 'pull_request_target'",
})}`;
}

/** A file of its own: a job that is skipped counts as passed, so no other run may have a job of this name to skip. */
const queueWorkflow = `# Checks every group of a merge queue, under the name that pull requests are checked by.
# GitHub takes this file from the group itself, so a request that is in it can change this check, and what its token may
# do. Nobody should believe it more than those who approved what is in the queue; the gateway relies on none of it.
name: sluice queue
on:
  merge_group:
concurrency:
  group: sluice-\${{ github.event_name }}-\${{ github.ref }}
${job('github', {
  permissions: ['contents: read # and nothing else: there is nothing to comment on'],
  ref: 'github.event.merge_group.base_ref',
})}`;

interface JobTerms {
  readonly permissions: readonly string[];
  /** Expression for what is checked out; undefined = what the event runs on. */
  readonly ref?: string;
  /** Expression for whether it comments; undefined = it does not. */
  readonly comment?: string;
}

/** The one job: the program that is on the branch, run on what is asked. */
function job(kind: ForgeAddress['kind'], { permissions, ref, comment }: JobTerms): string {
  return `permissions: {}
jobs:
  policies:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
${permissions.map((line) => `      ${line}\n`).join('')}    steps:
      # The branch, for the program in it; never the change that is checked, which is read as data.
      - uses: ${checkout}
        with:
${ref === undefined ? '' : `          ref: \${{ ${ref} }}\n`}          persist-credentials: false
      - uses: ./${actionFolder(kind)}
${comment === undefined ? '' : `        with:\n          comment: \${{ ${comment} }}\n`}`;
}

const githubOwners = `# Who is asked to review; the last line that fits a file counts. The gateway does not rely on this file: it counts
# approvals of grants by approver-rules/, and of everything else by its own list of owners.
*        bob@example.com
/grants/ alice@example.com bob@example.com
`;

const giteaOwners = `# Who is asked to review; each line is a regular expression for whole paths. The gateway does not rely on this file: it
# counts approvals of grants by approver-rules/, and of everything else by its own list of owners.
!grants/.* @bob
grants/.* @alice @bob
`;

/** A section of the README: what to set on the forge by hand. */
export function protectionAdvice({ kind, url }: ForgeAddress): string {
  const token =
    kind === 'github'
      ? '`Contents: read`, `Pull requests: read` and `Metadata: read`'
      : '`read:repository` and `read:issue`';
  const rule =
    kind === 'github'
      ? 'Settings, Rules, Rulesets: a ruleset for `main`, without anybody who may bypass it'
      : 'Settings, Branches: a protection rule for `main`';
  const check = kind === 'github' ? '`policies`' : '`sluice / policies (pull_request_target)`';
  const dismiss =
    kind === 'github'
      ? 'dismiss stale approvals when new commits are pushed; require approval of the most recent push; require review from code owners; require branches to be up to date before merging'
      : 'dismiss stale approvals; block merge on outdated branch, rejected reviews and official review requests';
  const fork =
    kind === 'github'
      ? '4. Settings, Actions, General: workflow permissions read only, and Actions may not create or approve pull requests.'
      : '4. Settings, Units: Actions are on, and there is a runner for `ubuntu-latest` whose image has Node 22 or newer.';
  const queue =
    kind === 'github'
      ? `   With a merge queue it also runs for each group, as \`.github/workflows/sluice-queue.yml\` of the group itself: a request
   in the queue can change that, so have its workflow files looked at before it is queued.
`
      : '';
  return `
## On the forge

The gateway trusts none of these settings. It counts approvals of exactly the content that was merged, and a push past
the rules stalls them until it is taken back. The settings keep accidents out.

1. ${rule}. No direct pushes, no force pushes, no deletion.
2. One approval before a merge; ${dismiss}.
   Up to date matters: the gateway compares what a merge makes of the branch with the branch before it. Beside another base
   than the one that was looked at, a change of the rules can widen something else, and have another digest than the one
   that it acknowledges; the gateway then refuses it as Unacknowledged, and the rules stand still until it is taken back.
3. The check ${check} has to pass. It runs \`.${kind}/workflows/sluice.yml\` as it is on \`main\`, so a pull request
   cannot change it, and it writes one comment: who gets what, from when to when, why, who may approve, what it widens.
   Believe that comment, not the text of the request, which whoever opened it can edit. Nobody reads commands in comments.
${queue}${fork}
5. \`CODEOWNERS\` says who is asked. Put your people there.
6. Put the number of each person's account into \`identities/\` (\`GET ${url}${kind === 'gitea' ? '/api/v1' : ''}/users/NAME\` shows it):

   \`\`\`yaml
   accounts:
     - { forge: ${hostOf(url)}, id: 42 }
   \`\`\`

7. The gateway needs a token of its own that may read this repo: ${token}.

The program of the check is \`${actionFolder(kind)}/main.mjs\`, written by \`sluice init\`: everything in one file,
fetched from nowhere. To update it, write a new repo with a newer \`sluice init\` and copy that folder.
`;
}

function hostOf(url: string): string {
  const { host } = new URL(url);
  return host === 'api.github.com' ? 'github.com' : host;
}
