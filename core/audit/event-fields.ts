import type { AuditEvent, AuditKind, EventOrigin, TopicEntry } from './event.ts';

/**
 * How a field is written. `name` is text of ours or of the policy repo; `client` is text that a client chose, which is
 * cut and scrubbed; `instant` epoch ms as RFC 3339; `offset` 64 bits, a decimal string; the rest as they say.
 */
export type FieldForm = 'name' | 'client' | 'number' | 'boolean' | 'instant' | 'names' | 'topics' | 'note' | 'offset';

type Fields<T> = { readonly [F in Exclude<keyof T, 'kind'>]-?: FieldForm };
type Own<K extends AuditKind> = Omit<Extract<AuditEvent, { kind: K }>, keyof EventOrigin | 'kind'>;

/** Fields that any event may have, in the order they are written. */
export const originFields = {
  sid: 'name',
  conn: 'name',
  corr: 'number',
  principal: 'name',
  grant: 'name',
  policy: 'name',
  revision: 'name',
  source: 'name',
  cluster: 'name',
  listener: 'name',
} as const satisfies Fields<EventOrigin>;

/** The allow-list: every field of every kind. What is not here is never written. */
export const eventFields = {
  start: { version: 'name', clean: 'boolean', tornBytes: 'number', tornFile: 'name' },
  stop: { reason: 'name' },
  session_open: { clientId: 'client', software: 'client', until: 'instant' },
  session_close: { reason: 'name', bytesIn: 'number', bytesOut: 'number' },
  auth: { ok: 'boolean', mechanism: 'client', clientId: 'client', software: 'client', code: 'name' },
  fetch_open: { topics: 'topics' },
  fetch_done: { topics: 'topics', bytes: 'number', latency: 'number', requests: 'number', from: 'instant' },
  fetch_cut: { topics: 'topics', bytes: 'number', reason: 'name' },
  produce_intent: { topics: 'topics', bytes: 'number', acks: 'number', transactionalId: 'client' },
  produce_done: {
    topics: 'topics',
    bytes: 'number',
    acks: 'number',
    transactionalId: 'client',
    latency: 'number',
    requests: 'number',
    from: 'instant',
  },
  deny: { operation: 'name', resource: 'name', name: 'client', code: 'name', rule: 'name', error: 'number' },
  summary: { of: 'name', code: 'name', count: 'number', from: 'instant', to: 'instant', merged: 'boolean' },
  policy_change: {
    fromRevision: 'name',
    toRevision: 'name',
    generation: 'number',
    widened: 'number',
    narrowed: 'number',
  },
  admission: {
    subject: 'name',
    of: 'name',
    until: 'instant',
    notify: 'names',
    uid: 'name',
    name: 'name',
    commit: 'name',
    admitted: 'boolean',
    refusal: 'name',
    digest: 'name',
    approvedBy: 'names',
  },
  reconcile: { condition: 'name', status: 'name', reason: 'name' },
  cleanup: { what: 'name', ok: 'boolean', name: 'name', code: 'name' },
  admin: { action: 'name', target: 'client', ok: 'boolean', code: 'name' },
  worker: { worker: 'name', state: 'name', reason: 'name' },
  checkpoint: { size: 'number', note: 'note', frontier: 'names' },
  error: { code: 'name', where: 'name' },
} as const satisfies { readonly [K in AuditKind]: Fields<Own<K>> };

/** Fields of a topic entry but `masks`, in the order they are written. */
export const topicFields = {
  topic: 'name',
  partition: 'number',
  offset: 'offset',
  firstOffset: 'offset',
  lastOffset: 'offset',
  records: 'number',
  bytes: 'number',
  error: 'number',
} as const satisfies Fields<Omit<TopicEntry, 'masks'>>;
