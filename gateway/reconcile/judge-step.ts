import type { ContentChange } from '../../core/admission/approval-digest.ts';
import type { StepEvidence } from '../../core/admission/evidence.ts';
import { judgePolicy } from '../../core/admission/judge-policy.ts';
import type { EvidenceSource, Step } from '../../core/forge/evidence-source.ts';
import type { BareClone, TreeChange } from '../../core/git/bare-clone.ts';
import { loadBreakGlass } from '../../core/load/load-break-glass.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { GrantVerdict, PolicyVerdict, Refusal } from '../../core/model/verdict.ts';
import { isBreakGlassFile, isForOwners, isGrantFile, isRevocationFile } from '../../core/source/policy-tree.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { GatewayState } from '../state/state-store.ts';
import { withAcknowledgement } from './acknowledged.ts';
import { type EmergencySources, type JudgedEmergency, judgeEmergency, reviewOf, withEmergency } from './emergencies.ts';
import {
  documentName,
  type JudgedGrant,
  judgeGrantFile,
  mostGrants,
  refused,
  refusedGrant,
} from './judge-grant-file.ts';
import type { LimitsJudge } from './limits-apart.ts';

/** What one step of the branch comes to. */
export interface StepJudgement {
  readonly grants: readonly JudgedGrant[];
  /** What the grants were judged on; undefined where it was not looked at. */
  readonly evidence: StepEvidence | undefined;
  /** Emergencies that it brings and nobody has judged yet. */
  readonly emergencies: readonly JudgedEmergency[];
  /** What it says about emergencies that wait for their review. */
  readonly reviews: readonly GrantVerdict[];
  /** There when the step changes the policy plane. */
  readonly policy: PolicyVerdict | undefined;
  /** Epoch ms that the merger signed; 0 when nobody did. */
  readonly mergedAt: number;
  /** It touches Grants or Revocations, so something in it may narrow. */
  readonly narrows: boolean;
  /** Names of Revocations whose documents it removes. */
  readonly lifts: readonly string[];
}

export interface StepSources {
  readonly clone: BareClone;
  readonly loader: RevisionLoader;
  readonly trustRoot: TrustRoot;
  readonly source: EvidenceSource;
  readonly soleGateway: boolean;
  readonly limits: LimitsJudge;
}

/**
 * Judges one step. `rules` are the admitted ones before it. Grants that are
 * added are judged one by one; deleted grants and new revocations only narrow and were taken in already; everything
 * else needs the owners.
 */
export async function judgeStep(
  { clone, loader, trustRoot, source, soleGateway, limits }: StepSources,
  rules: PolicySet,
  rulesCommit: string,
  step: Step,
  state: GatewayState,
  now: number,
): Promise<StepJudgement> {
  const { commit } = step;
  const changes = await clone.changes(step.parent, commit);
  const added = changes.filter(({ path, before, after }) => isGrantFile(path) && after && before?.id !== after.id);
  const planes = changes.filter(isForOwners);
  const alarms = changes.filter(({ path, before, after }) => isBreakGlassFile(path) && before?.id !== after?.id);
  const narrows = changes.some(({ path }) => isGrantFile(path) || isRevocationFile(path));
  const lifts = changes
    .filter(({ path, after }) => isRevocationFile(path) && !after)
    .map(({ path }) => documentName(path));
  const none = {
    grants: [],
    evidence: undefined,
    emergencies: [],
    reviews: [],
    policy: undefined,
    mergedAt: 0,
    narrows,
    lifts,
  };
  if (added.length === 0 && planes.length === 0 && alarms.length === 0) return none;
  const sources = { loader, trustRoot, rules, rulesCommit };
  const alarmed = await judgeAlarms(sources, source, step, alarms, state, now);
  const nothing = { ...none, ...alarmed };
  if (added.length === 0 && planes.length === 0) return nothing;
  if (added.length > mostGrants) {
    const message = `the step adds or changes ${added.length} grants; ${mostGrants} are the most`;
    const grants = added.map(({ path }) => refused(commit, path, 'TooManyGrants', message));
    const policy = planes.length > 0 ? policyRefusal(commit, 'MixedStep', message) : undefined;
    return { ...nothing, grants, policy };
  }
  const evidence = await source.evidence(rules, step);
  if (added.length > 0 && planes.length > 0) {
    const message = `the step changes grants and rules at once: ${planes
      .map(({ path }) => path)
      .slice(0, 5)
      .join(', ')}`;
    const verdict = policyRefusal(commit, 'MixedStep', message);
    const grants = await Promise.all(
      added.map(({ path }) => refusedGrant(loader, rulesCommit, commit, path, 'MixedStep', message)),
    );
    return { ...nothing, grants, policy: verdict };
  }
  if (planes.length > 0) {
    const loaded = await loader.plane(commit);
    const judged = judgePolicy(rules, planes.map(toContentChange), evidence, {
      trustRoot,
      now,
      lastMergedAt: state.lastMergedAt,
      since: state.baseline?.at,
      usedUp: (digest) => (Object.hasOwn(state.policyMerges, digest) ? state.policyMerges[digest] : undefined),
      loads: loaded.policySet !== undefined,
      problem: loaded.problems.find(({ severity }) => severity === 'error')?.message ?? '',
    });
    const policy = loaded.policySet
      ? await withAcknowledgement(
          judged,
          { clone, loader, limits },
          { before: rules, after: loaded.policySet, parent: step.parent, commit },
        )
      : judged;
    return { ...nothing, policy, mergedAt: evidence.mergedAt };
  }
  const grants: JudgedGrant[] = [];
  let running = alarmed.emergencies.reduce(withEmergency, state);
  for (const { path } of added) {
    const judged = await judgeGrantFile(
      { loader, rules, rulesCommit, commit, path, trustRoot, soleGateway, state: running, now },
      evidence,
    );
    if (judged.admitted) {
      running = {
        ...running,
        grants: { ...running.grants, [judged.admitted.uid]: { grant: judged.admitted, verdict: judged.verdict } },
      };
    }
    grants.push(judged);
  }
  return { ...nothing, grants, evidence, mergedAt: evidence.mergedAt };
}

const unread = { document: undefined, policy: undefined, humans: new Set<string>() } as const;

/** Emergencies in a step: those that nobody has judged are judged, and those that are admitted may be reviewed by it. */
async function judgeAlarms(
  sources: EmergencySources,
  source: EvidenceSource,
  step: Step,
  alarms: readonly TreeChange[],
  state: GatewayState,
  now: number,
): Promise<Pick<StepJudgement, 'emergencies' | 'reviews'>> {
  const emergencies: StepJudgement['emergencies'][number][] = [];
  const reviews: GrantVerdict[] = [];
  let running = state;
  let evidence: ReturnType<EvidenceSource['evidence']> | undefined;
  for (const [i, { path, after }] of alarms.entries()) {
    if (i >= mostGrants) {
      const message = `the step touches ${alarms.length} emergencies; ${mostGrants} are the most`;
      emergencies.push({ ...refused(step.commit, path, 'TooManyGrants', message), ...unread });
      continue;
    }
    const seenAt = after ? step.commit : step.parent;
    const file = await sources.loader.file(seenAt, path);
    if (!file) continue;
    const { document } = loadBreakGlass(file);
    const known = document !== undefined && running.emergencies[document.uid] !== undefined;
    if (after && !known) {
      const judged = await judgeEmergency(sources, file, step.commit, running, now);
      emergencies.push(judged);
      running = withEmergency(running, judged);
    }
    if (!document || running.emergencies[document.uid] === undefined) continue;
    evidence ??= source.evidence(sources.rules, step);
    const review = reviewOf(sources, document, await evidence, running, now);
    if (review) reviews.push(review);
  }
  return { emergencies, reviews };
}

function toContentChange({ path, before, after }: TreeChange): ContentChange {
  return { path, before, after };
}

function policyRefusal(commit: string, refusal: Refusal, message: string): PolicyVerdict {
  return { kind: 'policy', commit, admitted: false, refusal, message, digest: '', approvals: [], discounted: [] };
}
