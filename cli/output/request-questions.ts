/** What `access request` asks on a terminal for the words that its command line leaves out, one question after the other. */
import { approversFor } from '../../core/admission/ask.ts';
import type { AccessPolicy } from '../../core/model/documents.ts';
import { formatPattern, type Operation, type Pattern } from '../../core/model/resource.ts';
import { groupPatterns } from '../../core/policy/patterns.ts';
import type { KnownWords, OfferedAccess, OfferedStream } from '../actions/offered-access.ts';
import type { RequestWords } from '../actions/request-words.ts';
import type { Prompts } from './prompts.ts';
import { visible } from './style.ts';
import { askDuration, askFirstUse, shortText } from './window-questions.ts';

const longestReason = 500;

/** Flags that the answers come to, in the order they were asked. */
export type Answers = readonly (readonly [flag: keyof RequestWords, value: string])[];

export interface AnsweredRequest {
  readonly words: RequestWords;
  readonly answers: Answers;
}

/** Asks for whatever is missing. Each answer is checked at once against what the policies offer. */
export async function askForRequest(
  given: KnownWords,
  offered: OfferedAccess,
  prompts: Prompts,
): Promise<AnsweredRequest> {
  const answers: (readonly [keyof RequestWords, string])[] = [];
  const keep = <T extends string>(flag: keyof RequestWords, values: readonly T[]): readonly T[] => {
    answers.push(...values.map((value) => [flag, value] as const));
    return values;
  };
  if (offered.policies(given).length === 0) throw offered.nothing(given);
  const stream = given.stream.length > 0 ? given.stream : keep('stream', await askStreams(given, offered, prompts));
  const withStream = { ...given, stream };
  const operation =
    given.operation.length > 0 ? given.operation : keep('operation', await askOperations(withStream, offered, prompts));
  const withOperation = { ...withStream, operation };
  const fitting = offered.policies(withOperation);
  const policy = await askPolicy(withOperation, fitting, offered, prompts);
  if (fitting.length > 1) keep('policy', [policy.name]);
  const narrowed = await askNames({ ...withOperation, policy: policy.name }, policy, offered, prompts);
  for (const flag of ['topic', 'group'] as const) if (given[flag].length === 0) keep(flag, narrowed[flag]);
  const duration = given.for ?? keep('for', [(await askDuration(policy, prompts)).trim()])[0]!;
  const timed = { ...narrowed, for: duration };
  const says = (['for', 'not-before', 'first-use-by'] as const).some((flag) => given[flag] !== undefined);
  const firstUseBy = says ? undefined : await askFirstUse(timed, offered, prompts);
  if (firstUseBy !== undefined) keep('first-use-by', [firstUseBy]);
  const reason = given.reason ?? keep('reason', [(await askReason(prompts)).trim()])[0]!;
  const words = { ...timed, reason, ...(firstUseBy === undefined ? {} : { 'first-use-by': firstUseBy }) };
  return { words, answers };
}

/** One, found by typing; and others with it, where one policy could offer them together. */
async function askStreams(given: KnownWords, offered: OfferedAccess, prompts: Prompts): Promise<readonly string[]> {
  const all = offered.streams(offered.policies(given)).map(choiceOf);
  const first = await prompts.search({
    message: 'Which stream?',
    source: (term = '') => all.filter(({ name, topics }) => name.includes(term) || topics.includes(term)),
  });
  const others = offered.besides({ ...given, stream: [first] }).map(choiceOf);
  if (others.length === 0) return [first];
  const more = await prompts.checkbox({
    message: `Others together with ${first}, in the same request (Enter for none)?`,
    optional: true,
    choices: others,
    validate: (chosen) =>
      offered.policies({ ...given, stream: [first, ...chosen] }).length > 0 ||
      `no one policy offers ${[first, ...chosen].join(' and ')} together; ask for one after the other`,
  });
  return [first, ...more];
}

function choiceOf({ stream, operations }: OfferedStream) {
  const topics = stream.topics.map(formatPattern).join(', ');
  const description = [
    `topics ${topics} on ${stream.cluster}`,
    `you may ask for ${operations.join(', ')}`,
    ...(stream.classification === undefined ? [] : [stream.classification]),
  ].join('; ');
  return { value: stream.name, name: stream.name, topics, description: visible(description) };
}

function askOperations(known: KnownWords, offered: OfferedAccess, prompts: Prompts): Promise<readonly Operation[]> {
  const policies = offered.policies(known);
  const possible = offered.operations(policies);
  return prompts.checkbox({
    message: 'To do what?',
    choices: possible.map((value) => ({ value, name: value, checked: possible.length === 1 })),
    validate: (chosen) =>
      offered.policies({ ...known, operation: chosen }).length > 0 ||
      `no one policy offers ${chosen.join(' and ')} together; ask for one after the other`,
  });
}

async function askPolicy(
  known: KnownWords,
  fitting: readonly AccessPolicy[],
  offered: OfferedAccess,
  prompts: Prompts,
): Promise<AccessPolicy> {
  const [first, ...others] = fitting;
  if (!first) throw offered.nothing(known);
  if (others.length === 0) return first;
  return prompts.select({
    message: 'Under which policy?',
    choices: fitting.map((policy) => ({
      value: policy,
      name: visible(`${policy.name} (${limitsText(policy)}; ${approvalText(policy, known, offered)})`),
      ...(policy.unmask.length > 0 ? { description: visible(`lifts masks: ${policy.unmask.join(', ')}`) } : {}),
    })),
  });
}

/** All that the policy offers, unless somebody wants less. */
async function askNames<T extends KnownWords & { readonly policy: string }>(
  known: T,
  policy: AccessPolicy,
  offered: OfferedAccess,
  prompts: Prompts,
): Promise<T> {
  if ([known.topic, known.group, known['transactional-id']].some((names) => names.length > 0)) return known;
  const streams = known.stream.flatMap((name) => offered.rules.streams.get(name) ?? []);
  const topics = streams.flatMap((stream) => stream.topics);
  const subject = known.subject ?? offered.requestedBy;
  const groups = streams.flatMap((stream) => groupPatterns(policy, stream, subject));
  const readsGroups = known.operation.some((one) => one === 'consume' || one === 'offsets');
  const whole = visible([`topics ${listed(topics)}`, ...(readsGroups ? [`groups ${listed(groups)}`] : [])].join(', '));
  const wants = await prompts.confirm({ message: `All of it (${whole})?`, default: true });
  if (wants) return known;
  const ask = async (flag: 'topic' | 'group', all: readonly Pattern[]): Promise<readonly string[]> => {
    const answer = await prompts.input({
      message: `Only which ${flag}s (name, or name* for all that begin so; empty: ${visible(listed(all))})?`,
      validate: (text) => {
        const [misfit] = offered.misfits({ ...known, [flag]: wordsOf(text) }, `grant/${flag}s`);
        return misfit === undefined || visible(`${misfit.message}; ${misfit.fix}`);
      },
    });
    return wordsOf(answer);
  };
  const topic = await ask('topic', topics);
  return { ...known, topic, group: readsGroups ? await ask('group', groups) : [] };
}

function askReason(prompts: Prompts): Promise<string> {
  return prompts.input({
    message: 'Why? The approvers and the audit log will read it:',
    validate: (text) => {
      if (text.trim() === '') return 'say why; it cannot be empty';
      if (text.length > longestReason) return `${text.length} characters; ${longestReason} are the most`;
      return visible(text) === text || 'it has characters that nobody can see';
    },
  });
}

function limitsText({ limits: { maxDuration, maxActive } }: AccessPolicy): string {
  const parts = [maxDuration === undefined ? 'any time' : `up to ${shortText(maxDuration)}`];
  if (maxActive !== undefined) parts.push(`${maxActive} at a time`);
  return parts.join(', ');
}

function approvalText(policy: AccessPolicy, known: KnownWords, offered: OfferedAccess): string {
  const rules = approversFor(offered.rules, offered.draft(known, policy.name));
  const texts = rules.map(({ match, clauses }) =>
    clauses
      .map(({ from, count, people }) => `${count} of ${from}: ${people.join(', ') || 'nobody'}`)
      .join(match === 'all' ? ' and ' : ' or '),
  );
  return texts.length === 0 ? 'signed by nobody' : `signed by ${texts.join(' and ')}`;
}

/** The first of them, so that a question stays one. */
function listed(patterns: readonly Pattern[]): string {
  const texts = [...new Set(patterns.map(formatPattern))];
  const more = texts.length - 5;
  return more > 1 ? `${texts.slice(0, 5).join(', ')} and ${more} more` : texts.join(', ');
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}
