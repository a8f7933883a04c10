import { dirname, extname, join } from 'node:path';
import type { Clock } from '../../core/clock/clock.ts';
import { BareClone } from '../../core/git/bare-clone.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { RevisionLoader } from '../../core/source/revision.ts';
import { adminApp } from '../api/admin-app.ts';
import { publicApp } from '../api/public-app.ts';
import { serveSocket, serveTcp } from '../api/serve.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { recordingSigner } from '../config/key-files.ts';
import { EmergencyWatch } from '../reconcile/emergency-watch.ts';
import { explainGrant } from '../reconcile/explain-grant.ts';
import { limitsApart } from '../reconcile/limits-apart.ts';
import { ReconcileLoop } from '../reconcile/loop.ts';
import { PolicyRound } from '../reconcile/policy-round.ts';
import { watchLocalRemote } from '../reconcile/wake.ts';
import { FetchMark } from '../snapshot/fetch-mark.ts';
import { Freshness } from '../snapshot/freshness.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { StateStore } from '../state/state-store.ts';
import { Conditions } from '../telemetry/conditions.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Metrics, summedText } from '../telemetry/metrics.ts';
import type { DataPlane } from '../workers/data-plane.ts';
import { CleanUpDebts } from './clean-up-debts.ts';
import { DataPath } from './data-path.ts';
import { showEmergencies } from './emergencies.ts';
import { evidenceFrom } from './evidence.ts';
import { forgeSecretsOf } from './forge-secrets.ts';
import { showFreshness } from './freshness.ts';
import { showKnownClusters } from './known-clusters.ts';
import { maskersFor } from './maskers.ts';
import { brokerWords, PartsHealth, recorderWords } from './parts-health.ts';
import { hasRecordings, openRecorder } from './recording.ts';
import { grantStatuses, statusOf } from './status.ts';
import { version } from './version.ts';
import { webhookOf } from './webhook.ts';
import { workersOf } from './workers.ts';

export interface RunningGateway extends AsyncDisposable {
  readonly addresses: {
    readonly public: string;
    readonly admin: string;
    readonly clusters: Readonly<Record<string, string>>;
  };
  reconcile(): Promise<void>;
}

/**
 * Wires one gateway together and starts it: what decides the rules is in this process, clients are served by its data
 * plane: this process too, or workers that run the file `entry`. What was started is ended in reverse when the result
 * is disposed of.
 */
export async function startGateway(
  config: GatewayConfig,
  clock: Clock,
  log: Logger,
  entry: string,
): Promise<RunningGateway> {
  await using stack = new AsyncDisposableStack();
  const startedAt = clock.now();
  const metrics = new Metrics();
  const conditions = new Conditions(clock);
  const state = stack.use(await StateStore.open(config.stateDir, config.trustRoot, clock.now(), hasRecordings(config)));
  const recording = new PartsHealth(conditions, recorderWords);
  const signer = await recordingSigner(config.name, config.recording.keyFile); // which makes the key when it is not there
  const recorder = await openRecorder({
    config,
    signer,
    clock,
    log,
    onHealth: (healthy, message) => recording.set('gateway', healthy, message),
    onDrain: () => local?.resume(),
  });
  stack.defer(() => recorder.close('signal'));
  conditions.onChange(({ type, status, reason }) => {
    if (type === 'Reconciling') return; // twice a round: the log would be full of it
    recorder.append({ kind: 'reconcile', condition: type, status, reason });
  });

  const snapshots = new SnapshotStore();
  const mark = new FetchMark(config.stateDir);
  const freshness = stack.use(
    new Freshness({
      clock,
      maxStaleness: config.trustRoot.maxStaleness,
      maxStaleDeny: config.trustRoot.maxStaleDeny,
      lastSuccess: mark.last,
      onChange: () => showFreshness(conditions, freshness, clock.now()),
    }),
  );
  showFreshness(conditions, freshness, clock.now());

  const brokers = new PartsHealth(conditions, brokerWords);
  const maskers = await maskersFor(config.maskKeyFile); // which makes the key when it is not there
  const common = {
    config,
    clock,
    log,
    lastFetch: mark.last,
    onDebt: (cluster: string, user: string) => debts.add(cluster, user),
    onSettled: (cluster: string, user: string) => debts.settle(cluster, user),
    onFirstUse: (subject: string, cluster: string) => round.firstUses.begin(subject, cluster),
  };
  const local =
    config.workers > 1
      ? undefined
      : new DataPath({
          ...common,
          metrics,
          recorder,
          maskers,
          onHealth: (cluster, healthy, message) => brokers.set(cluster, healthy, message),
        });
  const plane: DataPlane = local ?? workersOf({ ...common, entry, conditions, recorder, brokers, recording });
  const debts = new CleanUpDebts(state, conditions, clock, (counts) => plane.leftOver(counts));
  const secrets = await forgeSecretsOf(config, conditions, clock);
  const clone = stack.use(
    await BareClone.open(join(config.stateDir, 'policies.git'), config.policyRepo.url, { token: secrets?.gitToken }),
  );
  const loader = new RevisionLoader(clone);
  const ending = new AbortController();
  const round = new PolicyRound({
    clone,
    loader,
    source: await evidenceFrom(config, secrets?.token, clone, loader, clock),
    state,
    snapshots: {
      get current() {
        return snapshots.current;
      },
      async swap(next: Snapshot) {
        await plane.apply(next);
        snapshots.swap(next); // what is shown is in force everywhere
        const names = config.clusters.map(({ name }) => name);
        showKnownClusters(conditions, log, names, next.policies.clusters);
      },
    },
    trustRoot: config.trustRoot,
    soleGateway: config.soleGateway,
    clock,
    recorder,
    limits: limitsApart(join(dirname(entry), 'reconcile', `limits-thread${extname(entry)}`), ending.signal),
    hosted: config.forge !== undefined,
    speaker: { gateway: config.name, signer },
    prepare: (next) => plane.prepare(next),
  });
  const watch = new EmergencyWatch({
    desk: round.emergencies,
    clock,
    interval: config.policyRepo.pollInterval,
    log,
    onLooked: () => showEmergencies(conditions, state.current, clock.now()),
  });
  const loop = new ReconcileLoop({
    clock,
    interval: config.policyRepo.pollInterval,
    async round() {
      await secrets?.look();
      return round.run();
    },
    conditions,
    log,
  });
  conditions.onChange(({ type, status }) => {
    if (type !== 'Reconciling' || status !== 'False') return; // the end of a round
    showEmergencies(conditions, state.current, clock.now());
    if (loop.lastSuccess === undefined) return;
    if (loop.lastSuccess === freshness.lastSuccess) return;
    freshness.fetched();
    plane.fetched(freshness.lastSuccess);
    mark
      .set(freshness.lastSuccess)
      .catch((error: unknown) => log.warn('the time of the last fetch could not be kept', { error }));
  });
  stack.defer(() => {
    ending.abort();
    return loop.stop();
  });
  stack.use(plane);
  loop.start();
  await loop.runNow();
  stack.use(watch);
  watch.wake();
  await plane.listen();

  const wake = (): void => {
    loop.wake();
    watch.wake();
  };
  const watcher = watchLocalRemote(config.policyRepo.url, wake);
  if (watcher) stack.use(watcher);
  metrics.gauge('sluice_condition', 'Conditions: 1 = True, 0 = False, -1 = Unknown.', ['type', 'reason'], () =>
    conditions.all().map(({ type, reason, status }) => ({
      labels: { type, reason },
      value: status === 'True' ? 1 : status === 'False' ? 0 : -1,
    })),
  );
  const notReady = (): string | undefined => {
    if (!snapshots.current) return conditions.get('Stalled')?.message ?? 'no policy is loaded yet';
    if (!recorder.healthy || recording.trouble !== undefined) return 'the recording cannot be written';
    if (freshness.level(clock.now()) === 'denied') return 'the policy repo could not be read for too long';
    return plane.trouble;
  };
  const open = stack.use(
    await serveTcp(
      publicApp({
        metrics: {
          contentType: metrics.contentType,
          async text() {
            const others = await plane.metrics();
            return others.length === 0 ? metrics.text() : summedText([await metrics.values(), ...others]);
          },
        },
        notReady,
        webhook: webhookOf(config, secrets, wake, metrics),
      }),
      {
        ...config.public,
        onReload: (error) => error && log.warn('the TLS certificate could not be reloaded', { error }),
      },
    ),
  );
  const admin = stack.use(
    await serveSocket(
      adminApp({
        recorder,
        reconcile() {
          watch.wake();
          return loop.runNow();
        },
        kill: (id) => plane.kill(id),
        owners: {
          wish: (kind, revision) => round.owners.wish(kind, revision),
          async sign(kind, revision, signed) {
            const wish = await round.owners.sign(kind, revision, signed);
            loop.wake();
            return wish;
          },
        },
        emergencies: {
          propose: (file) => round.emergencies.propose(file),
          async admit(file) {
            const verdict = await round.emergencies.admit(file);
            showEmergencies(conditions, state.current, clock.now());
            return verdict;
          },
        },
        explainGrant: (id) => explainGrant(state.current, id, round.evidence),
        evidence: { tell: () => round.evidence.tell(), take: (note) => round.evidence.take(note) },
        sessions: () => plane.sessions(),
        async status() {
          return statusOf({
            ...(await plane.report()),
            gateway: config.name,
            version,
            startedAt,
            ready: notReady() === undefined,
            snapshot: snapshots.current,
            lastFetch: loop.lastSuccess,
            conditions: conditions.all(),
            grants: grantStatuses(state.current, snapshots.current, clock.now()),
            cleanUpDebts: state.current.debts.length,
          });
        },
      }),
      config.adminSocket,
    ),
  );
  const { clusters } = await plane.report();
  const started = stack.move();
  return {
    addresses: {
      public: open.address,
      admin: admin.address,
      clusters: Object.fromEntries(clusters.map(({ name, address }) => [name, address])),
    },
    reconcile: () => loop.runNow(),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
