import type { GatewayStatus, SessionStatus, WorkerStatus } from '../../core/model/admin-api.ts';
import { type Style, visible } from './style.ts';

export function gatewayPretty(status: GatewayStatus, style: Style): string {
  const lines = [
    `${status.ready ? style.green('ready') : style.red('not ready')}  gateway ${status.gateway} ${status.version}, up since ${status.startedAt}`,
    `  rules      ${status.revision?.slice(0, 12) ?? 'none'} (generation ${status.generation})`,
    `  last fetch ${status.lastFetch ?? 'never'}`,
    ...status.clusters.map(
      (cluster) => `  cluster    ${cluster.name} at ${cluster.address}, ${cluster.connections} connections`,
    ),
    `  sessions   ${status.sessions}`,
    ...status.workers.map((worker) => workerLine(worker, style)),
    ...(status.cleanUpDebts > 0
      ? [style.yellow(`  left over  ${status.cleanUpDebts} broker users still to be removed`)]
      : []),
    'Conditions',
    ...status.conditions.map(
      ({ type, status: value, reason, message }) =>
        `  ${type.padEnd(15)} ${value.padEnd(7)} ${reason}: ${visible(message)}`,
    ),
  ];
  if (status.grants.length > 0) {
    lines.push('Grants');
    for (const grant of status.grants) {
      const what = grant.refusal
        ? `${grant.refusal.reason}: ${grant.refusal.message}`
        : `${grant.subject} under ${grant.policy} until ${grant.end}, approved by ${grant.approvedBy.join(', ')}`;
      const state =
        grant.state === 'Active'
          ? style.green(grant.state)
          : grant.state === 'Refused' || grant.state === 'Revoked'
            ? style.red(grant.state)
            : grant.state;
      lines.push(`  ${state.padEnd(9)} ${visible(grant.name)}  ${visible(what)}`);
    }
  }
  return lines.join('\n');
}

function workerLine(
  { worker, state, pid, since, restarts, connections, sessions }: WorkerStatus,
  style: Style,
): string {
  const paint = state === 'Running' ? style.green : style.yellow;
  const again = restarts > 0 ? `, started again ${restarts} times` : '';
  return `  worker ${worker.padEnd(3)} ${paint(state)} since ${since}, ${pid === undefined ? 'no process' : `pid ${pid}`}, ${connections} connections, ${sessions} sessions${again}`;
}

export function sessionsPretty(sessions: readonly SessionStatus[]): string {
  if (sessions.length === 0) return 'No sessions.';
  return sessions
    .map(
      ({ id, principal, cluster, connections, openedAt, worker }) =>
        `${id}  ${principal} on ${cluster}, ${connections} connections, since ${openedAt}${worker === undefined ? '' : `, worker ${worker}`}`,
    )
    .join('\n');
}
