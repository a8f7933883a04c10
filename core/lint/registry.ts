/** Every lint rule, in the order of its id. */
import type { LintRule } from './rule.ts';
import { anyJob } from './rules/any-job.ts';
import { broadPrefix } from './rules/broad-prefix.ts';
import { deniedPolicy } from './rules/denied-policy.ts';
import { duplicateMaskRule } from './rules/duplicate-mask-rule.ts';
import { endedGrant } from './rules/ended-grant.ts';
import { expiredKeys } from './rules/expired-keys.ts';
import { noBinding } from './rules/no-binding.ts';
import { noMaxDuration } from './rules/no-max-duration.ts';
import { noOwner } from './rules/no-owner.ts';
import { noTicket } from './rules/no-ticket.ts';
import { outOfReach } from './rules/out-of-reach.ts';
import { shadowedPolicy } from './rules/shadowed-policy.ts';
import { standingChanges } from './rules/standing-changes.ts';
import { standingClassified } from './rules/standing-classified.ts';
import { unmaskUnexplained } from './rules/unmask-unexplained.ts';
import { unmaskedPersonal } from './rules/unmasked-personal.ts';
import { unusedApproverRule } from './rules/unused-approver-rule.ts';
import { unusedCluster } from './rules/unused-cluster.ts';
import { unusedGroup } from './rules/unused-group.ts';
import { unusedIdentity } from './rules/unused-identity.ts';
import { unusedStream } from './rules/unused-stream.ts';

export const lintRules: readonly LintRule[] = [
  unusedGroup,
  unusedIdentity,
  unusedApproverRule,
  unusedStream,
  unusedCluster,
  broadPrefix,
  noMaxDuration,
  standingClassified,
  standingChanges,
  unmaskUnexplained,
  shadowedPolicy,
  deniedPolicy,
  duplicateMaskRule,
  outOfReach,
  expiredKeys,
  unmaskedPersonal,
  noBinding,
  noOwner,
  anyJob,
  endedGrant,
  noTicket,
].sort((a, b) => (a.id < b.id ? -1 : 1));
