import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';

/** One process's metrics as plain data, which another one can add to its own. */
export type MetricValues = readonly MetricObjectWithValues<MetricValue<string>>[];

type Labels = Readonly<Record<string, string>>;

/**
 * Plain numbers that the data path adds to; Prometheus reads them when it scrapes. Labels come from a fixed set of
 * our own words (cluster, api, code, reason), never from clients: no unbounded cardinality, no leaks.
 */
class Counts {
  readonly #values = new Map<string, { labels: Labels; value: number }>();
  readonly #byObject = new WeakMap<Labels, { value: number }>();

  /** Who counts often gives the same object each time. */
  add(labels: Labels, n = 1): void {
    const known = this.#byObject.get(labels);
    if (known) {
      known.value += n;
      return;
    }
    let key = '';
    for (const name in labels) key += `${labels[name]}\0`;
    let entry = this.#values.get(key);
    if (!entry) {
      entry = { labels, value: 0 };
      this.#values.set(key, entry);
    }
    entry.value += n;
    this.#byObject.set(labels, entry);
  }

  entries(): Iterable<{ labels: Labels; value: number }> {
    return this.#values.values();
  }
}

export class Metrics {
  readonly registry = new Registry();
  /** client bytes, by cluster and direction (in: from clients, out: to clients). */
  readonly bytes = this.#counter('sluice_client_bytes_total', 'Bytes from and to clients.', ['cluster', 'direction']);
  readonly requests = this.#counter('sluice_requests_total', 'Requests by API and what became of them.', [
    'cluster',
    'api',
    'outcome',
  ]);
  readonly webhooks = this.#counter('sluice_webhooks_total', 'Webhooks of the forge by what became of them.', [
    'result',
  ]);
  readonly denials = this.#counter('sluice_denials_total', 'Denied items by operation and code.', [
    'cluster',
    'operation',
    'code',
  ]);
  readonly cuts = this.#counter('sluice_cuts_total', 'Connections and streams cut, by reason.', ['cluster', 'reason']);
  readonly logins = this.#counter('sluice_logins_total', 'Client logins by outcome.', ['cluster', 'outcome']);
  readonly pauses = this.#counter('sluice_pauses_total', 'Times a socket was paused, by reason.', [
    'cluster',
    'reason',
  ]);
  readonly masked = this.#counter('sluice_masked_values_total', 'Values masked, by action.', ['cluster', 'action']);

  readonly refused = this.#counter('sluice_refused_connections_total', 'Connections not let in, by reason.', [
    'cluster',
    'reason',
  ]);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** What Prometheus reads. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  values(): Promise<MetricValues> {
    return this.registry.getMetricsAsJSON();
  }

  /** A number read when Prometheus asks. */
  gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Iterable<{ labels: Labels; value: number }>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.set({ ...labels }, value);
      },
    });
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counts {
    const counts = new Counts();
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { labels, value } of counts.entries()) this.inc({ ...labels }, value);
      },
    });
    return counts;
  }
}

/** What Prometheus reads of several processes: the same counts of all of them added up. */
export function summedText(all: readonly MetricValues[]): Promise<string> {
  return summed(all).metrics();
}

/** Only what ever grows, added up: what a process that has ended leaves behind. */
export async function summedCounters(all: readonly MetricValues[]): Promise<MetricValues> {
  const values = await summed(all).getMetricsAsJSON();
  return values.filter(({ type }) => String(type) === 'counter');
}

function summed(all: readonly MetricValues[]): Registry {
  return AggregatorRegistry.aggregate(all.map((values) => [...values]));
}
