/** The single checks of `sluice doctor`: each asks one thing and says what it found. */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import type { Clock } from '../../core/clock/clock.ts';
import { GatewayClient } from './gateway-client.ts';
import type { Workspace } from './open-workspace.ts';

export interface Finding {
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly result: string;
  readonly fix?: string;
}

/** Oldest that signs commits with SSH keys and merges without a work tree. */
const oldestGit = [2, 38] as const;
/** Seconds; a gateway counts no approval from further in the future than a minute. */
const skew = { warning: 5, failed: 60 } as const;

const ok = (result: string): Finding => ({ state: 'ok', result });
const failed = (result: string, fix: string): Finding => ({ state: 'failed', result, fix });

export function checkNode(version: string, wanted: string): Finding {
  const oldest = wanted.replace(/^>=/, '');
  return compare(version.replace(/^v/, ''), oldest) >= 0
    ? ok(`Node ${version}`)
    : failed(`Node ${version} is older than ${oldest}`, `install Node ${oldest} or newer`);
}

export async function checkGit(): Promise<Finding> {
  const { stdout } = await promisify(execFile)('git', ['--version']);
  const version = /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? '0';
  const oldest = oldestGit.join('.');
  return compare(version, oldest) >= 0
    ? ok(`git ${version}`)
    : failed(`git ${version} is older than ${oldest}`, `install git ${oldest} or newer`);
}

export function checkSigner({ signer }: Workspace): Finding {
  if (signer) return ok(`requests and approvals are signed as ${signer.name}`);
  return {
    state: 'warning',
    result: 'no key of yours is in an Identity of the policy repo: you can read, not ask or approve',
    fix: 'have the public half added to signingKeys of your Identity, and give the private one with --key',
  };
}

export async function checkPush({ clone, tip }: Workspace): Promise<Finding> {
  await clone.push([{ ref: 'refs/heads/sluice/doctor', commit: tip }], { dryRun: true });
  return ok('you may push');
}

export async function checkForge({ forge }: Workspace): Promise<Finding> {
  const { length } = await forge.list();
  return ok(`${forge.kind} git, ${length} open request${length === 1 ? '' : 's'}`);
}

/** Discovery as a gateway would do it, and how far its clock is from ours. */
export async function checkIssuer(issuer: string, clock: Clock, signal: AbortSignal): Promise<Finding> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { signal, redirect: 'error' });
  const seen = clock.now();
  if (!response.ok)
    return failed(`it answered ${response.status}`, 'check the issuer of your Identities, and the provider');
  const said = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown } | null;
  if (said?.issuer !== issuer) {
    return failed(
      'it says that it is another issuer',
      "write the issuer in Identities as the provider's own discovery does",
    );
  }
  if (typeof said.jwks_uri !== 'string') return failed('it names no keys (jwks_uri)', 'check the provider');
  const date = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(date)) return ok('discovery is sound; it tells no time');
  const apart = Math.round(Math.abs(seen - date) / 1000);
  const fix = 'have both set their clocks by NTP';
  if (apart > skew.failed) return failed(`its clock and yours are ${apart} s apart`, fix);
  if (apart > skew.warning) return { state: 'warning', result: `its clock and yours are ${apart} s apart`, fix };
  return ok('discovery is sound, clocks agree');
}

export async function checkBroker(address: string, signal: AbortSignal): Promise<Finding> {
  const at = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  if (!at) return failed('it is no address', 'write it like kafka.example.com:9092');
  const [host, port] = [at[1] ?? at[2]!, Number(at[3])];
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
  return ok('it takes connections');
}

export async function checkGateway(socket: string): Promise<Finding> {
  const { ready, conditions, gateway } = await new GatewayClient(socket).status();
  if (ready) return ok(`gateway ${gateway} is ready`);
  const why = conditions.map(({ type, message }) => `${type}: ${message}`)[0];
  return failed(`gateway ${gateway} is not ready${why === undefined ? '' : ` (${why})`}`, 'run sluice gateway status');
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let at = 0; at < 3; at++) {
    const apart = (left![at] ?? 0) - (right![at] ?? 0);
    if (apart !== 0) return apart;
  }
  return 0;
}
