/** What a recording says was read, written and refused, one line after the other: for asking again. */
import { parseRfc3339 } from '../clock/instant.ts';
import { operations, type ResourceKind } from '../model/resource.ts';
import { readLines } from './read-lines.ts';
import { findLogs } from './recording-folder.ts';

/** One topic (or other thing) of one line. */
export interface Traffic {
  /** What became of it then. */
  readonly outcome: 'passed' | 'denied';
  readonly operation: (typeof operations)[number];
  readonly kind: ResourceKind;
  readonly name: string;
  readonly principal: string;
  readonly cluster: string;
  /** uid of the grant that allowed it, and name of the policy. */
  readonly grant: string | undefined;
  readonly policy: string | undefined;
  readonly revision: string | undefined;
  /** Address without the port. */
  readonly source: string | undefined;
  /** Epoch ms of the first and the last request that the line stands for. */
  readonly from: number;
  readonly to: number;
  readonly requests: number;
  readonly records: number;
  readonly bytes: number;
  /** `maskPolicy/rule` of rules that hid something. */
  readonly masked: readonly string[];
  readonly seq: number;
  /** `file:line`. */
  readonly at: string;
}

/** Lines that say something happened which they do not tell enough of. */
export interface Untold {
  readonly untold: true;
  readonly requests: number;
}

const needles = ['"fetch_done"', '"fetch_cut"', '"produce_intent"', '"produce_done"', '"deny"', '"summary"'];
const kinds: readonly ResourceKind[] = ['topic', 'group', 'transactionalId', 'cluster'];

type Json = Readonly<Record<string, unknown>>;

/** All traffic of a recordings folder, read line by line. It does not check the recording: that is verifyRecording's. */
export function* recordedTraffic(folder: string): Generator<Traffic | Untold, void, undefined> {
  const inForce = revisionsInForce(folder);
  for (const log of findLogs(folder)) {
    for (const segment of log.segments) {
      for (const line of readLines(segment.path)) {
        if (!line.ended) continue;
        const text = Buffer.from(line.bytes.buffer, line.bytes.byteOffset, line.bytes.length).toString();
        if (!needles.some((needle) => text.includes(`"kind":${needle}`))) continue;
        const event = parse(text);
        if (event) yield* trafficOf(event, `${segment.path}:${line.number}`, inForce);
      }
    }
  }
}

/** Commit of the rules that a gateway decided by at a time, as its log says. */
type InForce = (gateway: string, now: number) => string | undefined;

/** Lines of clients do not name it: the gateway's own log says when another one came into force, for its workers too. */
function revisionsInForce(folder: string): InForce {
  const changes = new Map<string, { readonly at: number; readonly revision: string }[]>();
  const needle = Buffer.from('"kind":"policy_change"');
  for (const log of findLogs(folder)) {
    for (const segment of log.segments) {
      for (const line of readLines(segment.path)) {
        const bytes = Buffer.from(line.bytes.buffer, line.bytes.byteOffset, line.bytes.length);
        const event = line.ended && bytes.includes(needle) ? parse(bytes.toString()) : undefined;
        const at = parseRfc3339(text(event?.['ts']) ?? '');
        const [gateway, revision] = [text(event?.['gw']), text(event?.['toRevision'])];
        if (at === undefined || gateway === undefined || revision === undefined) continue;
        const own = changes.get(gateway) ?? [];
        changes.set(gateway, own);
        own.push({ at, revision });
      }
    }
  }
  return (gateway, now) => {
    const own = changes.get(gateway) ?? changes.get(gateway.replace(/\.\d+$/, ''));
    return own?.findLast(({ at }) => at <= now)?.revision;
  };
}

function* trafficOf(event: Json, at: string, inForce: InForce): Generator<Traffic | Untold, void, undefined> {
  const kind = String(event['kind']);
  if (kind === 'summary') {
    if (event['of'] === 'deny') yield { untold: true, requests: number(event['count']) };
    return;
  }
  const [principal, cluster] = [text(event['principal']), text(event['cluster'])];
  const to = parseRfc3339(String(event['ts']));
  if (principal === undefined || cluster === undefined || to === undefined) {
    yield { untold: true, requests: 1 };
    return;
  }
  const source = text(event['source']);
  const shared = {
    principal,
    cluster,
    grant: text(event['grant']),
    policy: text(event['policy']),
    revision: text(event['revision']) ?? inForce(text(event['gw']) ?? '', to),
    source: source?.slice(0, source.lastIndexOf(':')),
    from: parseRfc3339(text(event['from']) ?? '') ?? to,
    to,
    requests: number(event['requests'] ?? 1),
    seq: number(event['seq']),
    at,
  };
  if (kind === 'deny') {
    const operation = operations.find((one) => one === event['operation']);
    const resource = kinds.find((one) => one === event['resource']);
    const name = text(event['name']);
    if (!operation || !resource || name === undefined) yield { untold: true, requests: 1 };
    else yield { ...shared, outcome: 'denied', operation, kind: resource, name, records: 0, bytes: 0, masked: [] };
    return;
  }
  if (kind === 'fetch_cut' && number(event['bytes']) === 0) return; // it was waited for, and nothing came
  const operation = kind.startsWith('fetch') ? 'consume' : 'produce';
  // An outcome without records stands after the intent that told what was sent.
  const entries = list(event['topics']).filter(
    (entry) => number(entry['error']) === 0 && (kind !== 'produce_done' || entry['records'] !== undefined),
  );
  for (const [name, own] of Map.groupBy(entries, (entry) => text(entry['topic']) ?? '')) {
    if (name === '') continue;
    const masked = own.flatMap((entry) => list(entry['masks']).map((mask) => text(mask['rule']) ?? ''));
    yield {
      ...shared,
      outcome: 'passed',
      operation,
      kind: 'topic',
      name,
      records: sum(own, 'records'),
      bytes: sum(own, 'bytes'),
      masked: [...new Set(masked)],
    };
  }
}

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}

function sum(entries: readonly Json[], field: string): number {
  return entries.reduce((total, entry) => total + number(entry[field]), 0);
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
