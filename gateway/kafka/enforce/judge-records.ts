import type { TopicEntry } from '../../../core/audit/event.ts';
import type { Masker } from '../../../core/mask/masker.ts';
import { summarizeBatches } from './batch-summary.ts';
import type { FrameContext } from './context.ts';
import { denied } from './errors.ts';
import { maskRecords } from './mask-records.ts';

/** Where records come from. */
interface Place {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Records on their way to a client that may read the topic, masked where a masker is given, and told in `entries`.
 * The same bytes when nothing was to be done; undefined when they cannot be masked, which is put on record.
 */
export function judgeRecords(
  records: Uint8Array,
  { topic, partition }: Place,
  masker: Masker | undefined,
  context: FrameContext,
  entries: TopicEntry[],
): Uint8Array | undefined {
  if (records.length === 0) return records;
  const masked = masker ? maskRecords(records, masker, 'consume', context.unpack, context) : undefined;
  if (masked?.kind === 'unmaskable') {
    const what = { operation: 'consume', resource: 'topic', name: topic } as const;
    context.events.push({ kind: 'deny', ...what, code: 'Unmaskable', error: denied.topic });
    return undefined;
  }
  const given = masked?.kind === 'masked' ? masked.records : records;
  const summary = summarizeBatches(given);
  entries.push({
    topic,
    partition,
    records: summary.records,
    bytes: given.length,
    ...(summary.firstOffset === undefined ? {} : { firstOffset: summary.firstOffset }),
    ...(summary.lastOffset === undefined ? {} : { lastOffset: summary.lastOffset }),
    ...(masked && masked.counts.length > 0 ? { masks: masked.counts } : {}),
  });
  return given;
}
