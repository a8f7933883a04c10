/** The files of a new policy repo: small, valid, and each with the schema it follows in its first line. */

const modeline = (kind: string, up = '../'): string =>
  `# yaml-language-server: $schema=${up}.sluice/schemas/${kind}.schema.json\n`;

const head = (kind: string, name: string): string => `apiVersion: sluice.dev/v1
kind: ${kind}
metadata:
  name: ${name}
`;

const person = (name: string, subject: string): string => `${modeline('identity')}${head('Identity', name)}spec:
  person:
    oidc:
      - issuer: https://idp.example.com
        subject: ${subject}
    # What approvals are signed with: the first two words of an SSH public key file.
    signingKeys: []
    emails: [${name}@example.com]
`;

/** Text of every file by its path. */
export const repoTemplate: Readonly<Record<string, string>> = {
  'sluice.yaml': `${modeline('repo', '')}${head('Repo', 'policies')}spec:
  description: Who may do what on our event streams.
  # Owner signatures that a change of rules needs; adds to what the gateway demands.
  quorum: 1
`,
  'clusters/main.yaml': `${modeline('cluster')}${head('Cluster', 'main')}spec:
  type: kafka
  owners: [owners]
`,
  'streams/orders.yaml': `${modeline('stream')}${head('Stream', 'orders')}spec:
  cluster: main
  topics:
    - prefix: orders.
  classification: internal
  owners: [owners]
  minimumApproval: owners
`,
  'identities/alice.yaml': person('alice', 'replace-with-the-sub-claim-of-alice'),
  'identities/bob.yaml': person('bob', 'replace-with-the-sub-claim-of-bob'),
  'identities/release-ci.yaml': `${modeline('identity')}${head('Identity', 'release-ci')}spec:
  description: A CI workflow, recognised by its token; it holds no secret.
  workload:
    issuer: https://token.actions.githubusercontent.com
    claims:
      repository_id: "123456789"
      ref: refs/heads/main
`,
  'groups/groups.yaml': `${modeline('group')}${head('Group', 'owners')}spec:
  members: [bob]
---
${head('Group', 'oncall')}spec:
  members: [alice]
`,
  'approver-rules/owners.yaml': `${modeline('approver-rule')}${head('ApproverRule', 'owners')}spec:
  require:
    all:
      - { from: owners, count: 1 }
  maxAge: PT24H
`,
  'policies/orders.yaml': `${modeline('access-policy')}${head('AccessPolicy', 'orders-read-on-request')}spec:
  description: On-call engineers read orders for up to four hours, with the approval of an owner.
  mode: onRequest
  subjects:
    - group: oncall
  streams: [orders]
  operations: [consume]
  limits:
    maxDuration: PT4H
  approval: owners
---
${head('AccessPolicy', 'release-announces-orders')}spec:
  mode: standing
  subjects:
    - identity: release-ci
  streams: [orders]
  operations: [produce]
`,
  'masks/orders.yaml': `${modeline('mask-policy')}${head('MaskPolicy', 'orders-personal-data')}spec:
  description: Holds for everybody who reads, whatever policy lets them.
  streams: [orders]
  rules:
    - name: card
      detector: card
      action: redact
    - name: e-mail
      detector: email
      action: hash
`,
  'tests/orders.yaml': `${modeline('policy-test')}${head('PolicyTest', 'orders-need-a-grant')}spec:
  given:
    principal: alice
    at: 2026-01-05T10:00:00Z
  expect:
    - operation: consume
      stream: orders
      effect: deny
---
${head('PolicyTest', 'orders-read-with-a-grant')}spec:
  given:
    principal: alice
    at: 2026-01-05T10:00:00Z
    grants:
      - policy: orders-read-on-request
  expect:
    - operation: consume
      stream: orders
      effect: allow
      masks: [orders-personal-data/card, orders-personal-data/e-mail]
---
${head('PolicyTest', 'release-announces-orders')}spec:
  given:
    principal: release-ci
    at: 2026-01-05T10:00:00Z
  expect:
    - operation: produce
      stream: orders
      effect: allow
`,
  'grants/README.md': `One file a grant, \`YYYY-MM/NAME.yaml\`, written by \`sluice access request\`. A merged grant counts after the gateway has
checked who asked, who approved and what exactly they approved.
`,
  'revocations/README.md': `One file a revocation, \`NAME.yaml\`: it ends a grant, or everything of a person, as soon as the gateway sees it.

\`\`\`yaml
apiVersion: sluice.dev/v1
kind: Revocation
metadata:
  name: alice-laptop-lost
spec:
  subject: alice
  reason: Laptop lost.
\`\`\`
`,
  CODEOWNERS: `# Who is asked to review. The gateway does not rely on this file: it counts approvals by approver-rules/ itself.
*        bob@example.com
/grants/ alice@example.com bob@example.com
`,
  'README.md': `# Access to our event streams

Rules, people and grants as YAML; the gateway follows this repo. What no policy allows is denied.

1. Put your clusters, topics and people into \`clusters/\`, \`streams/\`, \`identities/\` and \`groups/\`.
2. \`sluice validate\` finds every mistake, with file, line and column.
3. \`sluice test --coverage\` runs \`tests/\`: what the rules have to say, and which rules no test reaches.
4. \`sluice can-i consume orders.new --as alice\` says what the rules say, and which command asks for more.
5. Name the first commit in the gateway's configuration: it is what the gateway trusts.

Editors with a YAML language server complete and check each file by the schema in its first line; the schemas are in
\`.sluice/schemas/\`.
`,
};
