import type { PolicySet } from '../model/documents.ts';

/** What a repo says that says nothing yet: against it, everything widens. */
export const emptyPolicySet: PolicySet = {
  repo: {
    kind: 'Repo',
    name: '',
    labels: {},
    at: { file: 'sluice.yaml', line: 1, column: 1 },
    quorum: 1,
    forge: undefined,
    widenPrincipalsPercent: 30,
    acknowledge: [],
  },
  clusters: new Map(),
  streams: new Map(),
  identities: new Map(),
  groups: new Map(),
  policies: new Map(),
  approverRules: new Map(),
  masks: new Map(),
  grants: new Map(),
  breakGlass: new Map(),
  revocations: new Map(),
};
