/** What somebody may ask for: the policies that grant on request and are about them. */
import type { Clock } from '../../core/clock/clock.ts';
import { AccessError, InputError, type SluiceError } from '../../core/errors/sluice-error.ts';
import { didYouMean } from '../../core/load/nearest.ts';
import type { AccessPolicy, Grant, PolicySet, Stream } from '../../core/model/documents.ts';
import { type Operation, operations } from '../../core/model/resource.ts';
import { coversSubject, fits, type Misfit } from '../../core/policy/fits.ts';
import { demandStreams, draftGrant } from './request-access.ts';
import { type RequestWords, wishOf } from './request-words.ts';

/** The part of a request that is known already. */
export type KnownWords = Omit<RequestWords, 'for' | 'reason'> & {
  readonly for?: string | undefined;
  readonly reason?: string | undefined;
};

export interface OfferedStream {
  readonly stream: Stream;
  /** What can be asked for of it. */
  readonly operations: readonly Operation[];
}

export class OfferedAccess {
  readonly rules: PolicySet;
  readonly requestedBy: string;
  readonly #clock: Clock;

  constructor(rules: PolicySet, requestedBy: string, clock: Clock) {
    this.rules = rules;
    this.requestedBy = requestedBy;
    this.#clock = clock;
  }

  /** Policies that offer all that is known so far to whoever is to get it, by name. */
  policies({ subject, policy: named, stream, operation }: KnownWords): readonly AccessPolicy[] {
    const { rules, requestedBy } = this;
    const identity = rules.identities.get(subject ?? requestedBy);
    if (!identity) return [];
    return [...rules.policies.values()]
      .filter(
        (policy) =>
          policy.effect === 'allow' &&
          policy.mode === 'onRequest' &&
          (named === undefined || policy.name === named) &&
          stream.every((one) => policy.streams.includes(one)) &&
          operation.every((one) => policy.operations.includes(one)) &&
          coversSubject(rules.groups, policy, identity),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Epoch ms. */
  now(): number {
    return this.#clock.now();
  }

  /** Streams that some of these policies cover, by name, each with what can be asked for. */
  streams(policies: readonly AccessPolicy[]): readonly OfferedStream[] {
    const names = [...new Set(policies.flatMap((policy) => policy.streams))].sort();
    return names.flatMap((name) => {
      const stream = this.rules.streams.get(name);
      const offering = policies.filter((policy) => policy.streams.includes(name));
      return stream ? [{ stream, operations: this.operations(offering) }] : [];
    });
  }

  /** Streams that one request could ask for together with those that are known: of their policies, on their cluster. */
  besides(known: KnownWords): readonly OfferedStream[] {
    const cluster = this.rules.streams.get(known.stream[0] ?? '')?.cluster;
    return this.streams(this.policies(known)).filter(
      ({ stream }) => stream.cluster === cluster && !known.stream.includes(stream.name),
    );
  }

  operations(policies: readonly AccessPolicy[]): Operation[] {
    return operations.filter((one) => policies.some((policy) => policy.operations.includes(one)));
  }

  /** What is wrong with one field of a request whose policy is known, as the field was just written. */
  misfits(words: KnownWords & { readonly policy: string }, field: Misfit['rule']): readonly Misfit[] {
    return fits(this.rules, this.draft(words, words.policy)).filter(({ rule }) => rule === field);
  }

  /** A grant of what is known so far under a policy, to judge parts of it. */
  draft(words: KnownWords, policy: string): Grant {
    const wish = wishOf({ ...words, for: words.for ?? '1s', reason: words.reason ?? '-' });
    return { ...draftGrant(wish, this.requestedBy, this.#clock), policy };
  }

  /** Why somebody may ask for nothing of what they said. */
  nothing({ subject, policy, stream, operation }: KnownWords): SluiceError {
    demandStreams(this.rules, stream);
    if (policy !== undefined && !this.rules.policies.has(policy)) {
      return new InputError('BadUsage', `the policy repo has no policy '${policy}'`, {
        fix: didYouMean(policy, this.rules.policies.keys()) ?? 'leave --policy out to see what there is',
      });
    }
    const what = [
      operation.join(', ') || 'anything',
      ...(stream.length > 0 ? [`on ${stream.join(', ')}`] : []),
      ...(policy === undefined ? [] : [`under policy '${policy}'`]),
    ].join(' ');
    return new AccessError('NotEligible', `no policy lets ${subject ?? this.requestedBy} ask for ${what}`, {
      fix: 'ask the owners of the policy repo',
    });
  }
}
