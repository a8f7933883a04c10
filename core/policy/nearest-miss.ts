import { formatIsoDuration } from '../clock/duration.ts';
import type { NearestMiss } from '../model/decision.ts';
import type { AccessPolicy, Stream } from '../model/documents.ts';
import { meets } from './meets.ts';
import { allows } from './operations.ts';
import { covered, type Question } from './stream-rights.ts';

const hour = 3_600_000;

/** The onRequest policy that gives least beyond what was asked, with the command that asks; none when nobody may ask. */
export function nearestMiss(question: Question, streams: readonly Stream[]): NearestMiss | undefined {
  const found = streams.flatMap((stream) =>
    (question.index.policiesOf.get(stream.name) ?? [])
      .filter((policy) => policy.effect === 'allow' && policy.mode === 'onRequest' && covered(question, policy, stream))
      .filter((policy) => meets(question, policy) !== 'unmet')
      .map((policy) => ({ policy, stream })),
  );
  const best = found.sort(
    (a, b) => breadth(a.policy) - breadth(b.policy) || (a.policy.name < b.policy.name ? -1 : 1),
  )[0];
  if (!best) return undefined;
  const { policy, stream } = best;
  const { operation, resource } = question;
  const ask = policy.operations.includes(operation)
    ? operation
    : policy.operations.find((one) => allows([one], operation, resource.kind));
  const { maxDuration } = policy.limits;
  const time = maxDuration !== undefined && maxDuration < hour ? formatIsoDuration(maxDuration) : '1h';
  return {
    policy: policy.name,
    at: policy.at,
    command: `sluice access request --stream ${stream.name} --operation ${ask} --for ${time} --reason "..."`,
  };
}

function breadth(policy: AccessPolicy): number {
  return policy.operations.length * policy.streams.length;
}
