import { formatInstant } from '../clock/instant.ts';
import { clientText, nameText } from './client-text.ts';
import type { AuditEvent, EventOrigin, TopicEntry } from './event.ts';
import { eventFields, type FieldForm, originFields, topicFields } from './event-fields.ts';

/** When, and by which process, a line is written. */
export interface LineStamp {
  readonly seq: number;
  /** Epoch ms. */
  readonly now: number;
  /** Monotonic ms of the writing process. */
  readonly mono: number;
  readonly gw: string;
}

type FieldList = readonly (readonly [name: string, prefix: string, form: FieldForm])[];

const listed = (fields: Readonly<Record<string, FieldForm>>): FieldList =>
  Object.entries(fields).map(([name, form]) => [name, `,"${name}":`, form]);

const origin = listed(originFields);
const topic = listed(topicFields);
const own = new Map<string, FieldList>(Object.entries(eventFields).map(([kind, fields]) => [kind, listed(fields)]));

/**
 * One event as the start of its line: JSON up to, and without, `,"prev":"…"}`. Only fields on the list are read, each
 * in its form; a value of another type than its form says is left out. `shared` holds origin fields that the event
 * itself does not have; its text is made once for each such object.
 */
export function eventText(event: AuditEvent, stamp: LineStamp, shared?: EventOrigin): string {
  const mono = Math.round(stamp.mono * 1000) / 1000;
  let text = `{"v":1,"seq":${stamp.seq},"ts":"${instantText(stamp.now)}","mono":${mono},"gw":${quoted(stamp.gw)},"kind":"${event.kind}"`;
  if (shared) text += sharedText(shared);
  text += fieldsText(event, origin);
  return text + fieldsText(event, own.get(event.kind) ?? []);
}

const sharedTexts = new WeakMap<EventOrigin, string>();

function sharedText(shared: EventOrigin): string {
  let text = sharedTexts.get(shared);
  if (text === undefined) {
    text = fieldsText(shared, origin);
    sharedTexts.set(shared, text);
  }
  return text;
}

let lastInstant = Number.NaN;
let lastInstantText = '';

/** Many events happen in one millisecond. */
function instantText(ms: number): string {
  if (ms !== lastInstant) {
    lastInstantText = formatInstant(ms);
    lastInstant = ms;
  }
  return lastInstantText;
}

const quotedNames = new Map<string, string>();
const mostNames = 4096;

/** A name as a JSON string. The same principals, topics and rules come again and again. */
function quoted(name: string): string {
  let text = quotedNames.get(name);
  if (text === undefined) {
    text = JSON.stringify(nameText(name));
    if (quotedNames.size >= mostNames) quotedNames.clear();
    if (name.length <= 256) quotedNames.set(name, text);
  }
  return text;
}

function fieldsText(from: object, fields: FieldList): string {
  let text = '';
  for (const [name, prefix, form] of fields) {
    const value = (from as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    const written = valueText(value, form);
    if (written !== undefined) text += prefix + written;
  }
  return text;
}

function valueText(value: unknown, form: FieldForm): string | undefined {
  switch (form) {
    case 'name':
      return typeof value === 'string' ? quoted(value) : undefined;
    case 'client':
      return typeof value === 'string' ? JSON.stringify(clientText(value)) : undefined;
    case 'note':
      return typeof value === 'string' ? JSON.stringify(value) : undefined;
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'offset':
      return typeof value === 'bigint' ? `"${value}"` : undefined;
    case 'instant':
      return typeof value === 'number' && Math.abs(value) <= 8.64e15 ? `"${formatInstant(value)}"` : undefined;
    case 'names':
      return Array.isArray(value) ? `[${value.filter((v) => typeof v === 'string').map(quoted)}]` : undefined;
    case 'topics':
      return Array.isArray(value) ? `[${value.map(topicText)}]` : undefined;
  }
}

function topicText(entry: TopicEntry): string {
  let text = fieldsText(entry, topic);
  if (entry.masks && entry.masks.length > 0) {
    const masks = entry.masks.map(
      (m) => `{"rule":${quoted(m.rule)},"action":"${m.action}","count":${Number(m.count)}}`,
    );
    text += `,"masks":[${masks}]`;
  }
  return `{${text.slice(1)}}`;
}
