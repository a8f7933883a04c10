import type { AuditEvent, AuthEvent, DenyEvent, ErrorEvent, SummaryEvent } from '../../core/audit/event.ts';
import type { Clock, Timer } from '../../core/clock/clock.ts';

/** Events that a stranger can make happen as often as he likes. */
export type FloodEvent = AuthEvent | DenyEvent | ErrorEvent;

export interface FloodLimits {
  /** Events a minute that are written in full, of all sources together. */
  readonly full: number;
  /** Different things (operation and name) a minute that are written in full per source, principal and code. */
  readonly details: number;
  /** Sources × principals × codes that are counted apart; the rest are counted per code. */
  readonly buckets: number;
}

export interface FloodQuotaOptions {
  readonly clock: Clock;
  readonly write: (event: AuditEvent) => void;
  /** False while the recorder has no room to spare: then events are counted only. */
  readonly room: () => boolean;
  readonly limits?: FloodLimits;
}

interface Bucket {
  readonly about: Pick<SummaryEvent, 'of' | 'code' | 'source' | 'principal'> & { merged?: boolean };
  readonly details: Set<string>;
  count: number;
  from: number;
  to: number;
}

const minute = 60_000;
const defaultLimits: FloodLimits = { full: 600, details: 16, buckets: 4096 };

/**
 * Failed logins, garbage and denials: each is written in full once, its repeats as counts per source, principal and
 * code each minute. So a flood of them can neither fill the disk nor take the room of what must be recorded, and
 * every single one is still counted.
 */
export class FloodQuota {
  readonly #options: FloodQuotaOptions;
  readonly #limits: FloodLimits;
  readonly #buckets = new Map<string, Bucket>();
  #left: number;
  #timer: Timer | undefined;

  constructor(options: FloodQuotaOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#left = this.#limits.full;
    this.#arm();
  }

  note(event: FloodEvent): void {
    const bucket = this.#bucket(event);
    const detail = event.kind === 'deny' ? `${event.operation} ${event.resource} ${event.name}` : '';
    if (
      this.#left > 0 &&
      !bucket.about.merged &&
      bucket.details.size < this.#limits.details &&
      !bucket.details.has(detail) &&
      this.#options.room()
    ) {
      bucket.details.add(detail);
      this.#left--;
      this.#options.write(event);
      return;
    }
    const now = this.#options.clock.now();
    if (bucket.count === 0) bucket.from = now;
    bucket.count++;
    bucket.to = now;
  }

  /** Writes what is still only counted, and stops. */
  close(): void {
    this.#timer?.cancel();
    for (const bucket of this.#buckets.values()) this.#summarise(bucket);
    this.#buckets.clear();
  }

  #arm(): void {
    this.#timer = this.#options.clock.after(minute, () => {
      this.#arm();
      this.#left = this.#limits.full;
      for (const [key, bucket] of this.#buckets) {
        if (bucket.count === 0) this.#buckets.delete(key);
        else if (this.#options.room()) this.#summarise(bucket);
      }
    });
  }

  #summarise(bucket: Bucket): void {
    if (bucket.count === 0) return;
    const { count, from, to } = bucket;
    this.#options.write({ kind: 'summary', ...bucket.about, count, from, to });
    bucket.count = 0;
  }

  #bucket(event: FloodEvent): Bucket {
    const of = event.kind;
    const code = event.code ?? '';
    const source = addressOf(event.source);
    const key = `${of} ${code} ${source} ${event.principal}`;
    const found = this.#buckets.get(key);
    if (found) return found;
    if (this.#buckets.size < this.#limits.buckets) {
      return this.#open(key, { of, code, source, principal: event.principal });
    }
    const merged = `${of} ${code}`;
    return this.#buckets.get(merged) ?? this.#open(merged, { of, code, merged: true });
  }

  #open(key: string, about: Bucket['about']): Bucket {
    const bucket: Bucket = { about, details: new Set(), count: 0, from: 0, to: 0 };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

/** The address without its port, which is another one at each attempt. */
function addressOf(source: string | undefined): string | undefined {
  const colon = source?.lastIndexOf(':') ?? -1;
  return colon > 0 ? source?.slice(0, colon) : source;
}
