/** The result of audit replay, for people and for programs. */
import type { Replay, TimelineEntry } from '../../core/audit/replay.ts';
import { type Style, visible } from './style.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Who and when, one line per event, then the totals. */
export function replayPretty(replay: Replay, style: Style): string {
  const { sid, principal, grant, opened, closed, closeReason, totals } = replay;
  const under = grant === undefined ? '' : ` under grant ${grant}`;
  const end = closed === undefined ? 'no end recorded' : `closed ${closed} (${closeReason ?? 'no reason'})`;
  return [
    `${style.bold('session')} ${visible(sid)} of ${visible(principal ?? 'unknown')}${visible(under)}`,
    visible(`opened ${opened ?? 'before this recording'}, ${end}`),
    '',
    ...replay.timeline.map((entry) => entryLine(entry, style)),
    ...(replay.moreEntries > 0 ? [style.dim(`and ${replay.moreEntries} more events`)] : []),
    '',
    `read ${count(totals.fetchedRecords, 'record')}, ${count(totals.fetchedBytes, 'byte')}`,
    `wrote ${count(totals.producedRecords, 'record')}, ${count(totals.producedBytes, 'byte')}`,
    `${count(totals.masked, 'value')} masked, ${count(totals.denied, 'request')} denied`,
  ].join('\n');
}

/** JSON as schemas/v1/replay-report.schema.json says. */
export function replayJson(replay: Replay): string {
  return JSON.stringify({ version: 1, ...replay }, undefined, 2);
}

function entryLine({ ts, kind, event, at }: TimelineEntry, style: Style): string {
  const what = [...topicTexts(event), ...ownTexts(event), ...repeated(event)].join('; ');
  return `${visible(ts)}  ${style.bold(visible(kind.padEnd(14)))} ${visible(what)}  ${style.dim(visible(at))}`;
}

const shown = ['operation', 'resource', 'name', 'code', 'rule', 'reason', 'mechanism', 'clientId', 'software', 'until'];

function ownTexts(event: Fields): string[] {
  return shown.flatMap((field) => (typeof event[field] === 'string' ? [`${field} ${event[field]}`] : []));
}

/** One line may stand for many requests. */
function repeated(event: Fields): string[] {
  return typeof event['requests'] === 'number' ? [`${event['requests']} requests since ${event['from']}`] : [];
}

function topicTexts(event: Fields): string[] {
  return fieldsList(event['topics']).map((topic) => {
    const parts = [`${topic['topic']}/${topic['partition']}`];
    if (topic['offset'] !== undefined) parts.push(`from ${topic['offset']}`);
    if (topic['firstOffset'] !== undefined) parts.push(`${topic['firstOffset']}..${topic['lastOffset'] ?? ''}`);
    if (topic['records'] !== undefined) parts.push(`${topic['records']} records`);
    if (topic['bytes'] !== undefined) parts.push(`${topic['bytes']} bytes`);
    if (topic['error'] !== undefined) parts.push(`error ${topic['error']}`);
    for (const mask of fieldsList(topic['masks'])) parts.push(`${mask['rule']} ${mask['action']} ×${mask['count']}`);
    return parts.join(' ');
  });
}

function fieldsList(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === 'object' && v !== null) : [];
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
