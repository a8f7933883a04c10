import { recordedTraffic, type Traffic } from '../../core/audit/traffic.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { formatLocation } from '../../core/errors/problem.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { LocalRepo } from '../../core/git/local-repo.ts';
import type { Decision } from '../../core/model/decision.ts';
import { RevisionLoader } from '../../core/source/revision.ts';
import { ReplayedRules } from './replayed-rules.ts';
import { type Rules, rulesAt } from './rules-at.ts';
import { verifyRecordingFolder } from './verify-recording.ts';

export interface SimulateInput {
  /** Folder of the recordings. */
  readonly from: string;
  /** Pinned keys; none when it is not to be verified. */
  readonly keys: readonly string[];
  /** Ask without looking whether the recording is as it was written. */
  readonly unverified: boolean;
  readonly repo: string;
  /** undefined = the files as they are in the folder. */
  readonly revision: string | undefined;
  readonly clock: Clock;
}

/** `unsure`: it depends on a condition over claims, which a recording does not have. */
export const changes = ['denied', 'unsure', 'masked', 'unmasked', 'allowed'] as const;
export type Change = (typeof changes)[number];

/** All that becomes another answer for one principal on the same streams by the same rule. */
export interface Difference {
  readonly change: Change;
  readonly principal: string;
  readonly operation: string;
  readonly streams: readonly string[];
  /** The rule that decides now, or the masks that come or go. */
  readonly rule: string;
  readonly why: string;
  requests: number;
  records: number;
  bytes: number;
  /** Lines of the recording; the first few. */
  readonly examples: { readonly at: string; readonly seq: number; readonly name: string }[];
}

export interface SimulateResult {
  readonly outcome: 'verified' | 'incomplete' | 'unverified';
  readonly revision: string | undefined;
  readonly requests: number;
  /** Requests that lines tell too little of to ask about. */
  readonly untold: number;
  /** Revisions of the recording that are not in the git repo: masks that would be new are not known for them. */
  readonly unknownRevisions: readonly string[];
  readonly differences: readonly Difference[];
}

const mostExamples = 3;
const mostRevisions = 8;

/** Asks about everything in a recording again, under other rules. Memory does not grow with the recording. */
export async function simulateRecording(input: SimulateInput): Promise<SimulateResult> {
  const outcome = verified(input);
  const rules = await rulesAt(input.repo, input.revision);
  await using past = await PastRules.open(input.repo);
  const report = new Differences(new ReplayedRules(rules.policySet, rules.revision), rules);
  for (const one of recordedTraffic(input.from)) {
    if ('untold' in one) report.untold += one.requests;
    else report.ask(one, one.outcome === 'passed' ? await past.at(one.revision) : undefined);
  }
  return {
    outcome,
    revision: rules.revision,
    requests: report.requests,
    untold: report.untold,
    unknownRevisions: past.unknown,
    differences: report.all(),
  };
}

function verified({ from, keys, unverified, clock }: SimulateInput): SimulateResult['outcome'] {
  if (unverified) return 'unverified';
  const { outcome, findings } = verifyRecordingFolder({ folder: from, keys, anchors: [], clock });
  if (outcome === 'whole') return 'verified';
  if (outcome === 'incomplete' && findings.every(({ code }) => code !== 'nothing-recorded')) return 'incomplete';
  const first = findings.find(({ severity }) => severity === outcome);
  throw new InputError('RecordingDamaged', 'the recording is not what was written', {
    why: first?.message ?? 'verifying it failed',
    fix: 'run sluice audit verify; with --unverified it is taken as it is',
    at: first?.at ?? from,
  });
}

/** Rules as they were when something was recorded. */
class PastRules implements AsyncDisposable {
  readonly #repo: LocalRepo | undefined;
  readonly #known = new Map<string, ReplayedRules | undefined>();
  readonly #unknown = new Set<string>();

  private constructor(repo: LocalRepo | undefined) {
    this.#repo = repo;
  }

  static async open(folder: string): Promise<PastRules> {
    try {
      return new PastRules(await LocalRepo.open(folder));
    } catch (error) {
      if (error instanceof InputError) return new PastRules(undefined);
      throw error;
    }
  }

  get unknown(): readonly string[] {
    return [...this.#unknown].sort();
  }

  async at(revision: string | undefined): Promise<ReplayedRules | undefined> {
    if (revision === undefined) return undefined;
    if (this.#known.has(revision)) return this.#known.get(revision);
    const commit = /^[0-9a-f]{40,64}$/.test(revision) ? await this.#repo?.find(revision) : undefined;
    const loaded = commit && this.#repo ? await new RevisionLoader(this.#repo).whole(commit) : undefined;
    const rules = loaded?.policySet && new ReplayedRules(loaded.policySet, commit);
    if (!rules) this.#unknown.add(revision);
    if (this.#known.size >= mostRevisions) this.#known.delete([...this.#known.keys()][0]!);
    this.#known.set(revision, rules);
    return rules;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#repo?.[Symbol.asyncDispose]();
  }
}

class Differences {
  requests = 0;
  untold = 0;
  readonly #replayed: ReplayedRules;
  readonly #rules: Rules;
  readonly #found = new Map<string, Difference>();

  constructor(replayed: ReplayedRules, rules: Rules) {
    this.#replayed = replayed;
    this.#rules = rules;
  }

  all(): Difference[] {
    const order = (one: Difference): string =>
      [changes.indexOf(one.change), one.principal, one.streams.join(), one.operation, one.rule].join('\0');
    return [...this.#found.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  ask(one: Traffic, past: ReplayedRules | undefined): void {
    this.requests += one.requests;
    const last = this.#replayed.answer(one, one.to);
    if (one.outcome === 'denied') {
      if (last.decision.effect === 'allow')
        this.#add('allowed', one, ruleOf(last.decision, this.#rules), 'it was denied');
      return;
    }
    // A line stands for requests from one time to another: what is denied at either end would have been denied.
    const first = one.from < one.to ? this.#replayed.answer(one, one.from) : last;
    const worst = first.decision.effect === 'deny' ? first : last;
    if (worst.decision.effect === 'deny') {
      const change = worst.hoped.effect === 'allow' ? 'unsure' : 'denied';
      const at = worst === first ? one.from : one.to;
      const settled = change === 'unsure' && past ? this.#replayed.settled(one, at, past.policySet) : undefined;
      if (settled?.effect === 'allow') return this.#masks(one, settled, past?.answer(one, one.to).hoped);
      return this.#add(change, one, ruleOf(worst.decision, this.#rules), worst.decision.code);
    }
    this.#masks(one, worst.decision, past?.answer(one, one.to).hoped);
  }

  #masks(one: Traffic, now: Decision, before: Decision | undefined): void {
    const hides = new Set(hiding(now));
    const hid = new Set(before?.effect === 'allow' ? hiding(before) : one.masked);
    const fresh = before?.effect === 'allow' ? [...hides].filter((rule) => !hid.has(rule)) : [];
    for (const rule of fresh) this.#add('masked', one, rule, 'it is hidden now');
    for (const rule of [...hid].filter((old) => !hides.has(old)))
      this.#add('unmasked', one, rule, 'it is hidden no longer');
  }

  #add(change: Change, one: Traffic, rule: string, why: string): void {
    const streams = this.#streamsOf(one);
    const key = [change, one.principal, one.operation, streams.join(), rule, why].join('\0');
    let found = this.#found.get(key);
    if (!found) {
      const { principal, operation } = one;
      found = { change, principal, operation, streams, rule, why, requests: 0, records: 0, bytes: 0, examples: [] };
      this.#found.set(key, found);
    }
    found.requests += one.requests;
    found.records += one.records;
    found.bytes += one.bytes;
    if (found.examples.length < mostExamples) found.examples.push({ at: one.at, seq: one.seq, name: one.name });
  }

  #streamsOf({ kind, cluster, name }: Traffic): string[] {
    if (kind !== 'topic') return [];
    return this.#replayed.streamsOfTopic(cluster, name);
  }
}

function hiding(decision: Decision): string[] {
  if (decision.effect === 'deny') return [];
  return decision.masks.flatMap(({ policy, lifted }) =>
    policy.rules.filter(({ name }) => !lifted.includes(name)).map(({ name }) => `${policy.name}/${name}`),
  );
}

function ruleOf({ rule }: Decision, rules: Rules): string {
  if (rule.kind === 'default') return rule.name;
  return `${rule.kind} ${rule.name}${rule.at ? ` (${formatLocation(rules.shown(rule.at))})` : ''}`;
}
