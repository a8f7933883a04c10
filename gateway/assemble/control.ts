import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { logOrigin } from '../../core/audit/checkpoint.ts';
import type { CloseReason } from '../../core/audit/event.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { forwardOnly } from '../../core/clock/forward-clock.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { BareClone } from '../../core/git/bare-clone.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { adminApp } from '../api/admin-app.ts';
import { publicApp } from '../api/public-app.ts';
import { serveSocket, serveTcp } from '../api/serve.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { recordingSigner } from '../config/key-files.ts';
import { Authenticator } from '../identity/authenticator.ts';
import { TokenVerifier } from '../identity/token-verifier.ts';
import { ClusterProxy } from '../kafka/proxy/cluster-proxy.ts';
import { ReconcileLoop } from '../reconcile/loop.ts';
import { PolicyRound } from '../reconcile/policy-round.ts';
import { watchLocalRemote } from '../reconcile/wake.ts';
import { FloodQuota } from '../recorder/flood-quota.ts';
import { Recorder } from '../recorder/recorder.ts';
import type { Session } from '../session/session.ts';
import { SessionRegistry } from '../session/session-registry.ts';
import { SnapshotExpiry } from '../snapshot/expiry.ts';
import { FetchMark } from '../snapshot/fetch-mark.ts';
import { Freshness } from '../snapshot/freshness.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { StateStore } from '../state/state-store.ts';
import { Conditions } from '../telemetry/conditions.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { BrokerHealth } from './broker-health.ts';
import { CleanUpDebts } from './clean-up-debts.ts';
import { maskersFor } from './maskers.ts';
import { grantStatuses, statusOf } from './status.ts';

export interface RunningGateway extends AsyncDisposable {
  readonly addresses: {
    readonly public: string;
    readonly admin: string;
    readonly clusters: Readonly<Record<string, string>>;
  };
  reconcile(): Promise<void>;
}

export const version = '0.1.0';

/** Wires one gateway process together and starts it. What was started is ended in reverse when the result is disposed of. */
export async function startGateway(config: GatewayConfig, clock: Clock, log: Logger): Promise<RunningGateway> {
  await using stack = new AsyncDisposableStack();
  const startedAt = clock.now();
  const metrics = new Metrics();
  const conditions = new Conditions(clock);
  const state = stack.use(await StateStore.open(config.stateDir, config.trustRoot.repoId, clock.now()));
  const proxies = new Map<string, ClusterProxy>();
  const resume = (): void => {
    for (const proxy of proxies.values()) proxy.resume();
  };
  const recorder = await openRecorder(config, clock, log, conditions, resume);
  stack.defer(() => recorder.close('signal'));
  const flood = new FloodQuota({
    clock,
    write: (event) => recorder.append(event),
    room: () => !recorder.full && recorder.healthy,
  });
  stack.defer(() => flood.close());
  conditions.onChange(({ type, status, reason }) => {
    if (type === 'Reconciling') return; // twice a round: the log would be full of it
    recorder.append({ kind: 'reconcile', condition: type, status, reason });
  });

  const snapshots = new SnapshotStore();
  const idle = new Map(config.clusters.map((cluster) => [cluster.name, cluster.sessionIdle]));
  const mark = new FetchMark(config.stateDir);
  const freshness = stack.use(
    new Freshness({
      clock,
      maxStaleness: config.trustRoot.maxStaleness,
      maxStaleDeny: config.trustRoot.maxStaleDeny,
      lastSuccess: mark.last,
      onChange: () => {
        showFreshness(conditions, freshness, clock.now());
        sessions.recheckAll();
      },
    }),
  );
  showFreshness(conditions, freshness, clock.now());
  const decisionClock = forwardOnly(clock); // a right that ended stays ended, whoever sets the clock back
  stack.use(new SnapshotExpiry(snapshots, decisionClock, () => sessions.recheckAll()));
  const sessions = new SessionRegistry(snapshots, decisionClock, (cluster) => idle.get(cluster) ?? 0, freshness);
  sessions.listen({
    opened: (session) => recorder.append({ ...originOf(session), kind: 'session_open' }),
    changed: () => {},
    closed: (session, reason) => recorder.append({ ...originOf(session), kind: 'session_close', reason }),
  });
  const authenticator = new Authenticator(
    new TokenVerifier(config.trustRoot.issuers, clock),
    () => snapshots.current?.policies,
    clock,
  );
  const maskers = await maskersFor(config.maskKeyFile);

  const debts = new CleanUpDebts(state, conditions, clock);
  await mkdir(config.stateDir, { recursive: true });
  const clone = stack.use(await BareClone.open(join(config.stateDir, 'policies.git'), config.policyRepo.url));
  const round = new PolicyRound({
    clone,
    state,
    snapshots,
    trustRoot: config.trustRoot,
    clock,
    recorder,
    prepare: async (next: Snapshot) => {
      await Promise.all([...proxies.values()].map((proxy) => proxy.prepare(next)));
    },
  });
  const loop = new ReconcileLoop({
    clock,
    interval: config.policyRepo.pollInterval,
    round: () => round.run(),
    conditions,
    log,
  });
  conditions.onChange(({ type, status }) => {
    if (type !== 'Reconciling' || status !== 'False' || loop.lastSuccess === undefined) return; // the end of a round
    if (loop.lastSuccess === freshness.lastSuccess) return;
    freshness.fetched();
    mark
      .set(freshness.lastSuccess)
      .catch((error: unknown) => log.warn('the time of the last fetch could not be kept', { error }));
  });
  stack.defer(() => loop.stop());
  loop.start();
  await loop.runNow();

  const brokers = new BrokerHealth(conditions);
  for (const cluster of config.clusters) {
    const proxy = await ClusterProxy.start({
      gateway: config.name,
      config: cluster,
      clock,
      log,
      metrics,
      recorder,
      flood,
      sessions,
      authenticator: {
        async authenticate(token, user) {
          debts.assertFew(cluster.name);
          return authenticator.authenticate(token, user);
        },
      },
      maskers,
      onDebt: (debt) => debts.add(cluster.name, debt.user),
      onSettled: (user) => debts.settle(cluster.name, user),
      onHealth: (healthy, message) => brokers.set(cluster.name, healthy, message),
      lossReason: (session) =>
        freshness.level(clock.now()) === 'denied' ? 'stale' : lossReason(session, snapshots.current),
    });
    proxies.set(cluster.name, stack.use(proxy));
  }
  stack.defer(() => sessions.endAll('shutdown'));

  const watcher = watchLocalRemote(config.policyRepo.url, () => loop.wake());
  if (watcher) stack.use(watcher);
  metrics.gauge('sluice_connections', 'Open client connections.', ['cluster'], () =>
    [...proxies].map(([cluster, proxy]) => ({ labels: { cluster }, value: proxy.connectionCount })),
  );
  metrics.gauge('sluice_sessions', 'Sessions.', [], () => [{ labels: {}, value: [...sessions.all()].length }]);
  metrics.gauge('sluice_condition', 'Conditions: 1 = True, 0 = False, -1 = Unknown.', ['type', 'reason'], () =>
    conditions.all().map(({ type, reason, status }) => ({
      labels: { type, reason },
      value: status === 'True' ? 1 : status === 'False' ? 0 : -1,
    })),
  );
  const notReady = (): string | undefined => {
    if (!snapshots.current) return conditions.get('Stalled')?.message ?? 'no policy is loaded yet';
    if (!recorder.healthy) return 'the recording cannot be written';
    if (freshness.level(clock.now()) === 'denied') return 'the policy repo could not be read for too long';
    return undefined;
  };
  const open = stack.use(
    await serveTcp(publicApp({ metrics, notReady }), {
      ...config.public,
      onReload: (error) => error && log.warn('the TLS certificate could not be reloaded', { error }),
    }),
  );
  const admin = stack.use(
    await serveSocket(
      adminApp({
        recorder,
        reconcile: () => loop.runNow(),
        kill: (id) => sessions.kill(id),
        explainGrant: (id) => {
          const { grants, refusals } = state.current;
          const admitted = Object.values(grants).find((entry) => entry.grant.uid === id || entry.grant.name === id);
          return (
            admitted ??
            refusals.find((verdict) => verdict.kind === 'grant' && (verdict.uid === id || verdict.name === id))
          );
        },
        sessions: () =>
          [...sessions.all()].map((session) => ({
            id: session.id,
            principal: session.principal.identity,
            cluster: session.cluster,
            connections: session.connections.size,
            openedAt: new Date(session.openedAt).toISOString(),
          })),
        status: () =>
          statusOf({
            gateway: config.name,
            version,
            startedAt,
            ready: notReady() === undefined,
            snapshot: snapshots.current,
            lastFetch: loop.lastSuccess,
            conditions: conditions.all(),
            clusters: [...proxies].map(([name, proxy]) => ({
              name,
              address: proxy.address,
              connections: proxy.connectionCount,
            })),
            sessions: [...sessions.all()].length,
            grants: grantStatuses(state.current, clock.now()),
            cleanUpDebts: state.current.debts.length,
          }),
      }),
      config.adminSocket,
    ),
  );
  const started = stack.move();
  return {
    addresses: {
      public: open.address,
      admin: admin.address,
      clusters: Object.fromEntries([...proxies].map(([name, proxy]) => [name, proxy.address])),
    },
    reconcile: () => loop.runNow(),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function openRecorder(
  config: GatewayConfig,
  clock: Clock,
  log: Logger,
  conditions: Conditions,
  onDrain: () => void,
): Promise<Recorder> {
  return Recorder.open({
    folder: join(config.recording.dir, config.name),
    gw: config.name,
    origin: logOrigin(config.name),
    signer: await recordingSigner(config.name, config.recording.keyFile),
    clock,
    version,
    onDrain,
    onHealth: (healthy, error) => {
      conditions.set(
        'RecorderHealthy',
        healthy ? 'True' : 'False',
        healthy ? 'Writing' : 'RecorderFailed',
        error?.message ?? 'the recording is written',
      );
      if (!healthy) log.error('the recording cannot be written: nothing that must be recorded goes on', { error });
    },
  });
}

function showFreshness(conditions: Conditions, freshness: Freshness, now: number): void {
  const since = `the policy repo was last read at ${formatInstant(freshness.lastSuccess)}`;
  const level = freshness.level(now);
  if (level === 'fresh') conditions.set('Fresh', 'True', 'Fetched', 'the policy repo is read in time');
  else if (level === 'stale')
    conditions.set('Fresh', 'False', 'NoNewGrantSessions', `${since}: grants open no new sessions`);
  else conditions.set('Fresh', 'False', 'EverythingDenied', `${since}: everything is denied`);
}

function originOf(session: Session): { sid: string; principal: string; cluster: string } {
  return { sid: session.id, principal: session.principal.identity, cluster: session.cluster };
}

/** A session lost access just now: by a revocation when one names it, else because time or a new revision ended it. */
function lossReason(session: Session, snapshot: Snapshot | undefined): CloseReason {
  const named = snapshot?.tombstones.some(({ target }) =>
    'subject' in target
      ? target.subject === session.principal.identity
      : snapshot.grants.get(target.grant)?.subject === session.principal.identity,
  );
  return named ? 'revoked' : 'expired';
}
