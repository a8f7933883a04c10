import type { WorkerEvent } from '../../core/audit/event.ts';
import { type Clock, sleep, type Timer } from '../../core/clock/clock.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { SluiceError } from '../../core/errors/sluice-error.ts';
import type { SessionStatus, WorkerStatus } from '../../core/model/admin-api.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type MetricValues, summedCounters } from '../telemetry/metrics.ts';
import type { DataPlane, PlaneReport } from './data-plane.ts';
import { SharedPorts } from './shared-ports.ts';
import type { ControlSide, WorkerReport } from './worker-calls.ts';
import { WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  readonly config: GatewayConfig;
  /** File that a worker runs. */
  readonly entry: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Epoch ms of the last fetch; undefined = none is known. */
  readonly lastFetch: number | undefined;
  readonly append: (event: WorkerEvent) => void;
  readonly onDebt: (cluster: string, user: string) => void;
  readonly onSettled: (cluster: string, user: string) => void;
  readonly onFirstUse: (subject: string, cluster: string) => Promise<void>;
  readonly onBrokerHealth: (part: string, healthy: boolean, message: string) => void;
  readonly onRecorderHealth: (part: string, healthy: boolean, message: string) => void;
  readonly onWorkerHealth: (part: string, healthy: boolean, message: string) => void;
  readonly bounds?: Partial<WorkerBounds>;
}

/** How long, in ms, control waits for a worker. */
export interface WorkerBounds {
  /** For its code to be loaded, and for its recording to be opened. */
  readonly load: number;
  /** For saying that a snapshot is in force or a session cut; after it, the worker is killed. */
  readonly acknowledge: number;
  /** For the brokers to have what the next snapshot allows. */
  readonly prepare: number;
  /** From one look at it to the next. */
  readonly beat: number;
  /** For any sign of life; after it, the worker is killed. */
  readonly silence: number;
  /** For a list or a count, which is then left out. */
  readonly question: number;
  /** For its orderly end. */
  readonly stop: number;
  /** Before it is started again, doubled by each failure in a row. */
  readonly backOff: number;
}

const defaultBounds: WorkerBounds = {
  load: 30_000,
  acknowledge: 5_000,
  prepare: 30_000,
  beat: 5_000,
  silence: 15_000,
  question: 2_000,
  stop: 15_000,
  backOff: 250,
};
const longestBackOff = 30_000;
/** A worker that ran so long has not failed in a row. */
const steadyAfter = 60_000;
/** Listening waits for clusters that may not answer; a worker that hangs is noticed by its silence. */
const startWithin = 3_600_000;

interface Slot {
  readonly worker: string;
  state: WorkerStatus['state'];
  since: number;
  restarts: number;
  process: WorkerProcess | undefined;
  /** Its process from when it has its orders: it hears of everything that comes after them. */
  serving: WorkerProcess | undefined;
  last: WorkerReport | undefined;
  keeping: Promise<void>;
}

/**
 * The data plane in processes of its own, which share the listening ports. Each is kept running: one that ends takes
 * only its own connections along and is started again. What does not do as it was told in time is killed, so nothing is
 * served under rules that were left behind.
 */
export class WorkerPool implements DataPlane {
  readonly #options: WorkerPoolOptions;
  readonly #bounds: WorkerBounds;
  readonly #ports: SharedPorts;
  readonly #slots: readonly Slot[];
  readonly #stopping = new AbortController();
  #snapshot: Snapshot | undefined;
  #lastFetch: number | undefined;
  #leftOver: ReadonlyMap<string, number> = new Map();
  /** Counters of workers that are gone: a sum must not shrink. */
  #retired: MetricValues = [];

  constructor(options: WorkerPoolOptions) {
    const { config, clock } = options;
    this.#options = options;
    this.#bounds = { ...defaultBounds, ...options.bounds };
    this.#ports = new SharedPorts(config.clusters, clock);
    this.#lastFetch = options.lastFetch;
    this.#slots = Array.from({ length: config.workers }, (_, i) => ({
      worker: String(i + 1),
      state: 'Down',
      since: clock.now(),
      restarts: 0,
      process: undefined,
      serving: undefined,
      last: undefined,
      keeping: Promise.resolve(),
    }));
  }

  get trouble(): string | undefined {
    return this.#slots.some(({ state }) => state === 'Running') ? undefined : 'no worker runs';
  }

  /** Resolves when every worker listens; rejects with what keeps one from it for good. */
  async listen(): Promise<void> {
    await Promise.all(
      this.#slots.map((slot) => {
        const first = Promise.withResolvers<void>();
        slot.keeping = this.#keep(slot, first);
        return first.promise;
      }),
    );
  }

  async prepare(next: Snapshot): Promise<void> {
    await Promise.all(
      this.#serving().map(async (process) => {
        try {
          await process.channel.call('prepare', [next], this.#bounds.prepare);
        } catch (error) {
          if (process.alive) throw error; // one that is gone has nobody to widen anything for
        }
      }),
    );
  }

  async apply(next: Snapshot): Promise<void> {
    this.#snapshot = next;
    await Promise.all(
      this.#serving().map((process) =>
        this.#insist(process, (to) => to.call('apply', [next], this.#bounds.acknowledge)),
      ),
    );
  }

  fetched(at: number): void {
    this.#lastFetch = at;
    for (const process of this.#serving()) process.channel.tell('fetched', at);
  }

  leftOver(counts: ReadonlyMap<string, number>): void {
    this.#leftOver = counts;
    for (const process of this.#serving()) process.channel.tell('leftOver', counts);
  }

  async report(): Promise<PlaneReport> {
    await this.#ask();
    const reports = this.#slots.flatMap(({ last }) => (last ? [last] : []));
    const clusters = this.#options.config.clusters.map(({ name }) => {
      const shares = reports.flatMap((report) => report.clusters.filter((cluster) => cluster.name === name));
      const connections = shares.reduce((sum, share) => sum + share.connections, 0);
      return { name, address: shares[0]?.address ?? '', connections };
    });
    return {
      clusters,
      sessions: reports.reduce((sum, report) => sum + report.sessions, 0),
      workers: this.#slots.map(statusOf),
    };
  }

  async sessions(): Promise<readonly SessionStatus[]> {
    const lists = await Promise.all(
      this.#serving().map(({ channel }) => channel.call('sessions', [], this.#bounds.question).catch(() => [])),
    );
    return lists.flat();
  }

  async kill(session: string): Promise<boolean> {
    const found = await Promise.all(
      this.#serving().map((process) =>
        this.#insist(process, (to) => to.call('kill', [session], this.#bounds.acknowledge)),
      ),
    );
    return found.includes(true);
  }

  async metrics(): Promise<readonly MetricValues[]> {
    await this.#ask();
    return [this.#retired, ...this.#slots.flatMap(({ last }) => (last ? [last.metrics] : []))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all(
      this.#slots.map(async ({ process, serving, keeping }) => {
        if (serving?.alive) await serving.stop(this.#bounds.stop);
        else await process?.kill();
        await keeping;
      }),
    );
  }

  #serving(): WorkerProcess[] {
    return this.#slots.flatMap(({ serving }) => (serving?.alive ? [serving] : []));
  }

  /** Has it done, or ends the worker: undefined when it is gone. */
  async #insist<T>(
    process: WorkerProcess,
    order: (channel: WorkerProcess['channel']) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await order(process.channel);
    } catch (error) {
      if (process.alive) {
        const { log } = this.#options;
        log.error('a worker did not do as it was told and is ended', { reason: `pid ${process.pid}`, error });
      }
      await process.kill();
      return undefined;
    }
  }

  /** Brings what is known of each worker up to date; one that does not answer soon is known as it was. */
  async #ask(): Promise<void> {
    await Promise.all(
      this.#slots.map(async (slot) => {
        const { serving } = slot;
        const report = await serving?.channel.call('report', [], this.#bounds.question).catch(() => undefined);
        if (report && slot.serving === serving) slot.last = report;
      }),
    );
  }

  /** Runs the worker again and again, until the pool stops, or it fails for good before it ever ran. */
  async #keep(slot: Slot, first: PromiseWithResolvers<void>): Promise<void> {
    const { clock } = this.#options;
    let ran = false;
    for (let failures = 0; !this.#stopping.signal.aborted; slot.restarts++) {
      const failure = await this.#life(slot, () => {
        ran = true;
        first.resolve();
      });
      if (!ran && failure && !(failure instanceof SluiceError && failure.retry === 'later'))
        return first.reject(failure);
      failures = failure || clock.now() - slot.since < steadyAfter ? failures + 1 : 0;
      this.#become(slot, 'Down');
      const pause = Math.min(longestBackOff, this.#bounds.backOff * 2 ** Math.min(failures, 10));
      await sleep(clock, pause, this.#stopping.signal).catch(() => undefined);
    }
    first.resolve();
  }

  /** One process, to its end. What kept it from serving, if anything did. */
  async #life(slot: Slot, onRunning: () => void): Promise<unknown> {
    const { config, entry, clock, log, append } = this.#options;
    const { worker } = slot;
    const process = new WorkerProcess(entry, this.#ears(slot), clock);
    const beat = { timer: undefined as Timer | undefined };
    slot.process = process;
    this.#become(slot, 'Starting');
    let failure: unknown;
    try {
      await process.loaded(this.#bounds.load);
      await process.channel.call('open', [config, worker], this.#bounds.load);
      slot.serving = process;
      const orders = { snapshot: this.#snapshot, lastFetch: this.#lastFetch, leftOver: this.#leftOver };
      const started = process.channel.call('start', [orders], startWithin);
      this.#watch(slot, process, beat);
      await started;
      this.#become(slot, 'Running');
      append({ kind: 'worker', worker, state: 'started' });
      log.info('a worker serves clients', { reason: `worker ${worker}, pid ${process.pid}` });
      onRunning();
    } catch (error) {
      failure = error;
      if (!this.#stopping.signal.aborted) log.error('a worker could not start', { reason: `worker ${worker}`, error });
      await process.kill();
    }
    const how = await process.ended;
    beat.timer?.cancel();
    slot.process = undefined;
    slot.serving = undefined;
    await this.#retire(slot);
    const orderly = this.#stopping.signal.aborted && failure === undefined;
    append({ kind: 'worker', worker, state: 'ended', reason: orderly ? 'stopped' : how });
    if (!orderly && failure === undefined)
      log.error('a worker has ended, and its connections with it', { reason: `worker ${worker}: ${how}` });
    return failure;
  }

  /** Asks for a sign of life again and again. */
  #watch(slot: Slot, process: WorkerProcess, beat: { timer: Timer | undefined }): void {
    const look = async (): Promise<void> => {
      const report = await this.#insist(process, (to) => to.call('report', [], this.#bounds.silence));
      if (!report || !process.alive) return;
      slot.last = report;
      this.#watch(slot, process, beat);
    };
    beat.timer = this.#options.clock.after(this.#bounds.beat, () => void look());
  }

  /** What a worker is listened to for. */
  #ears({ worker }: Slot): Omit<ControlSide, 'hello'> {
    const { onDebt, onSettled, onBrokerHealth, onRecorderHealth } = this.#options;
    const part = `worker ${worker}`;
    return {
      firstUse: (subject, cluster) => this.#options.onFirstUse(subject, cluster),
      portFor: (cluster, nodeId) => this.#ports.portFor(cluster, nodeId),
      debt: onDebt,
      settled: onSettled,
      brokerHealth: (cluster, healthy, message) => onBrokerHealth(`${cluster} (${part})`, healthy, message),
      recorderHealth: (healthy, message) => onRecorderHealth(part, healthy, message),
    };
  }

  async #retire(slot: Slot): Promise<void> {
    const { last, worker } = slot;
    slot.last = undefined;
    if (last) this.#retired = await summedCounters([this.#retired, last.metrics]);
    const { config, onBrokerHealth, onRecorderHealth } = this.#options;
    onRecorderHealth(`worker ${worker}`, true, ''); // what it could not do is no longer its trouble
    for (const { name } of config.clusters) onBrokerHealth(`${name} (worker ${worker})`, true, '');
  }

  #become(slot: Slot, state: Slot['state']): void {
    const { clock, onWorkerHealth } = this.#options;
    slot.state = state;
    slot.since = clock.now();
    if (this.#stopping.signal.aborted) return;
    if (state === 'Running') onWorkerHealth(`worker ${slot.worker}`, true, '');
    else if (state === 'Down') onWorkerHealth(`worker ${slot.worker}`, false, 'it ended and is started again');
  }
}

function statusOf({ worker, state, since, restarts, process, last }: Slot): WorkerStatus {
  return {
    worker,
    state,
    pid: process?.pid,
    since: formatInstant(since),
    restarts,
    connections: last?.clusters.reduce((sum, { connections }) => sum + connections, 0) ?? 0,
    sessions: last?.sessions ?? 0,
  };
}
