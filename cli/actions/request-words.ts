/** What a request says in words of the command line, and the wish that it comes to. */
import { parseDuration } from '../../core/clock/duration.ts';
import { parseInstant } from '../../core/clock/instant.ts';
import type { Operation, Pattern } from '../../core/model/resource.ts';
import type { AccessWish } from './request-access.ts';

export interface RequestWords {
  readonly stream: readonly string[];
  readonly operation: readonly Operation[];
  /** Names, or beginnings of names with `*` after them; none = all that is offered. */
  readonly topic: readonly string[];
  readonly group: readonly string[];
  readonly 'transactional-id': readonly string[];
  readonly for: string;
  readonly reason: string;
  readonly policy?: string | undefined;
  readonly ticket?: string | undefined;
  readonly subject?: string | undefined;
  readonly 'not-before'?: string | undefined;
  readonly 'first-use-by'?: string | undefined;
}

export function wishOf(words: RequestWords): AccessWish {
  const { stream, operation, reason, ticket, subject, policy } = words;
  const notBefore = words['not-before'];
  const firstUseBy = words['first-use-by'];
  return {
    streams: stream,
    operations: operation,
    duration: parseDuration(words.for),
    reason,
    ticket,
    subject,
    policy,
    notBefore: notBefore === undefined ? undefined : parseInstant(notBefore),
    firstUseBy: firstUseBy === undefined ? undefined : parseInstant(firstUseBy),
    names: {
      topics: patternsOf(words.topic),
      groups: patternsOf(words.group),
      transactionalIds: patternsOf(words['transactional-id']),
    },
  };
}

/** As `formatPattern` writes them: `orders.` and a star for a prefix. */
function patternsOf(texts: readonly string[]): readonly Pattern[] | undefined {
  if (texts.length === 0) return undefined;
  return texts.map((text) => (text.endsWith('*') ? { prefix: text.slice(0, -1) } : { literal: text }));
}
