/** Rules under which recorded traffic is asked about again: recorded grants count as admitted under them. */
import type { Traffic } from '../../core/audit/traffic.ts';
import type { Decision } from '../../core/model/decision.ts';
import type { AccessPolicy, Grant, PolicySet } from '../../core/model/documents.ts';
import type { Principal } from '../../core/model/principal.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { decide } from '../../core/policy/decide.ts';
import { freezeGrant } from '../../core/policy/freeze-grant.ts';
import { hopefulSnapshot } from '../../core/policy/hopeful.ts';
import { issuersOf } from '../../core/policy/match-identity.ts';
import { indexOf } from '../../core/policy/snapshot-index.ts';

/** `hoped` is the answer if every condition that the recording does not tell of were met. */
export interface Answer {
  readonly decision: Decision;
  readonly hoped: Decision;
}

interface Kept extends Answer {
  readonly from: number;
  readonly until: number;
}

const mostKept = 50_000;

export class ReplayedRules {
  readonly policySet: PolicySet;
  readonly #plain: Snapshot;
  readonly #withGrant = new Map<string, Snapshot>();
  readonly #hopeful = new WeakMap<Snapshot, Snapshot>();
  readonly #settled = new WeakMap<Snapshot, Map<string, WeakMap<PolicySet, Snapshot>>>();
  readonly #kept = new Map<string, Kept>();

  constructor(policySet: PolicySet, revision: string | undefined) {
    this.policySet = policySet;
    const tombstones = [...policySet.revocations.values()].map(({ name, target, until }) => ({
      name,
      target,
      until,
      seenAt: Number.NEGATIVE_INFINITY, // a recorded grant that it did not end then was admitted after it
    }));
    this.#plain = { revision: revision ?? 'folder', generation: 0, policies: policySet, grants: new Map(), tombstones };
  }

  /** What they say to a recorded request at `now`. */
  answer(one: Traffic, now: number): Answer {
    const key = [one.principal, one.operation, one.kind, one.cluster, one.name, one.grant, one.policy, one.source].join(
      '\0',
    );
    const kept = this.#kept.get(key);
    if (kept && now >= kept.from && now < kept.until) return kept;
    const snapshot = this.#snapshotFor(one);
    const principal = this.#principal(one);
    const resource = { cluster: one.cluster, kind: one.kind, name: one.name };
    const decision = decide(snapshot, principal, one.operation, resource, now);
    const hopeful = this.#hopefulOf(snapshot);
    const hoped = hopeful === snapshot ? decision : decide(hopeful, principal, one.operation, resource, now);
    const until = Math.min(decision.until ?? Number.POSITIVE_INFINITY, hoped.until ?? Number.POSITIVE_INFINITY);
    const made = { decision, hoped, from: now, until };
    if (this.#kept.size >= mostKept) this.#kept.clear();
    this.#kept.set(key, made);
    return made;
  }

  /**
   * As `answer`, where it depends on claims: what passed under rules that had the same conditions met them then, so
   * they are taken as settled.
   */
  settled(one: Traffic, now: number, past: PolicySet): Decision {
    const snapshot = this.#snapshotFor(one);
    const known =
      this.#settled
        .get(snapshot)
        ?.get(one.policy ?? '')
        ?.get(past) ?? settledBy(snapshot, one.policy, past);
    const byPolicy = this.#settled.get(snapshot) ?? new Map<string, WeakMap<PolicySet, Snapshot>>();
    this.#settled.set(snapshot, byPolicy);
    byPolicy.set(one.policy ?? '', (byPolicy.get(one.policy ?? '') ?? new WeakMap()).set(past, known));
    const resource = { cluster: one.cluster, kind: one.kind, name: one.name };
    return decide(known, this.#principal(one), one.operation, resource, now);
  }

  streamsOfTopic(cluster: string, topic: string): string[] {
    return indexOf(this.#plain)
      .streamsOfTopic(cluster, topic)
      .map(({ name }) => name);
  }

  #hopefulOf(snapshot: Snapshot): Snapshot {
    const found = this.#hopeful.get(snapshot) ?? hopefulSnapshot(snapshot, ({ claims }) => claims.length > 0);
    this.#hopeful.set(snapshot, found);
    return found;
  }

  /** A recording has no claims: who used a policy was in one of its groups. */
  #principal({ principal, policy, source }: Traffic): Principal {
    const identity = this.policySet.identities.get(principal);
    const own = identity ? issuersOf(identity) : [];
    const claimed = (this.policySet.policies.get(policy ?? '')?.subjects ?? []).flatMap((subject) => {
      const { fromClaim } = 'group' in subject ? (this.policySet.groups.get(subject.group) ?? {}) : {};
      return 'group' in subject && fromClaim && own.includes(fromClaim.issuer) ? [{ subject, fromClaim }] : [];
    });
    const issuer = claimed[0]?.fromClaim.issuer ?? own[0] ?? '';
    const claimGroups = claimed.filter((one) => one.fromClaim.issuer === issuer).map((one) => one.subject.group);
    return { identity: principal, kind: identity?.workload ? 'workload' : 'person', issuer, claimGroups, source };
  }

  #snapshotFor({ grant, policy, principal, cluster }: Traffic): Snapshot {
    if (grant === undefined) return this.#plain;
    const key = `${grant}\0${policy}\0${principal}\0${cluster}`;
    const known = this.#withGrant.get(key);
    if (known) return known;
    const document = [...this.policySet.grants.values()].find(({ uid }) => uid === grant);
    const rules = this.policySet.policies.get(document?.policy ?? policy ?? '');
    const admitted = rules && this.#admitted(rules, document, grant, principal, cluster);
    const snapshot = admitted ? { ...this.#plain, grants: new Map([[grant, admitted]]) } : this.#plain;
    if (this.#withGrant.size >= mostKept / 10) this.#withGrant.clear();
    this.#withGrant.set(key, snapshot);
    return snapshot;
  }

  /** The grant as these rules would have admitted it; its file may be gone since, then as wide as its policy. */
  #admitted(
    policy: AccessPolicy,
    document: Grant | undefined,
    uid: string,
    subject: string,
    cluster: string,
  ): AdmittedGrant | undefined {
    if (!this.policySet.identities.has(subject)) return undefined;
    const streams = (document?.streams ?? policy.streams).filter(
      (name) => this.policySet.streams.get(name)?.cluster === cluster,
    );
    const grant = {
      uid,
      name: document?.name ?? uid,
      requestedBy: document?.requestedBy ?? subject,
      subject,
      policy: policy.name,
      streams,
      topics: document?.topics,
      groups: document?.groups,
      transactionalIds: document?.transactionalIds,
      operations: document?.operations ?? policy.operations,
      at: document?.at ?? policy.at,
    };
    return freezeGrant(this.policySet, grant, {
      start: Number.NEGATIVE_INFINITY,
      end: Number.POSITIVE_INFINITY,
      admittedAt: 0,
    });
  }
}

/** Without the conditions that the past rules had too: of the policy that allowed it, and of denies, which let it pass. */
function settledBy(snapshot: Snapshot, allowedBy: string | undefined, past: PolicySet): Snapshot {
  const settled = new Set(
    [...snapshot.policies.policies.values()].flatMap(({ name, effect, when }) => {
      const before = past.policies.get(name);
      const same = when !== undefined && before?.effect === effect && before.when?.text === when.text;
      return same && (effect === 'deny' || name === allowedBy) ? [when] : [];
    }),
  );
  return hopefulSnapshot(snapshot, (when) => settled.has(when));
}
