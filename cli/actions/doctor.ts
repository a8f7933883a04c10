import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, sleep } from '../../core/clock/clock.ts';
import { SluiceError } from '../../core/errors/sluice-error.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import { issuersOf } from '../../core/policy/match-identity.ts';
import type { DoctorReport } from '../../core/schema/doctor-report.ts';
import {
  checkBroker,
  checkForge,
  checkGateway,
  checkGit,
  checkIssuer,
  checkNode,
  checkPush,
  checkSigner,
  type Finding,
} from './doctor-checks.ts';
import { schemaFolder } from './init-repo.ts';
import { openWorkspace, type Workspace, type WorkspaceOptions } from './open-workspace.ts';

export interface DoctorQuestion {
  readonly workspace: WorkspaceOptions;
  /** Empty = those of the repo's Identities and Groups. */
  readonly issuers: readonly string[];
  /** host:port */
  readonly brokers: readonly string[];
  readonly socket: string;
  /** The socket was named: without a gateway there the check fails. */
  readonly socketWanted: boolean;
  /** ms that a check may take. */
  readonly timeout: number;
}

type Check = DoctorReport['checks'][number];

/** More issuers than this are not asked; who has more names them. */
const mostIssuers = 8;

/** Looks at everything that asking and granting needs. Never throws for what it finds; each check ends in time. */
export async function runDoctor(question: DoctorQuestion): Promise<DoctorReport> {
  const { clock } = question.workspace;
  const engines = (
    JSON.parse(readFileSync(join(dirname(dirname(schemaFolder())), 'package.json'), 'utf8')) as {
      engines: { node: string };
    }
  ).engines;
  const held: { workspace?: Workspace; late?: boolean } = {};
  const check = checker(clock, question.timeout);
  const first = await Promise.all([
    check(
      'node',
      undefined,
      'compared the running version with what Sluice needs',
      () => checkNode(process.version, engines.node),
      'install a newer Node',
    ),
    check('git', undefined, 'git --version', checkGit, 'install git'),
    check(
      'repo',
      question.workspace.repo,
      `fetched ${question.workspace.branch} and read the rules`,
      async () => {
        const workspace = await openWorkspace(question.workspace);
        if (held.late) await workspace[Symbol.asyncDispose]();
        else held.workspace = workspace;
        return { state: 'ok', result: `commit ${workspace.tip.slice(0, 12)}` };
      },
      'check --repo and --branch, and that you may read the repo',
    ),
    ...question.brokers.map((address) =>
      check(
        'broker',
        address,
        'opened a TCP connection',
        (signal) => checkBroker(address, signal),
        'check the address, the network and that the broker runs',
      ),
    ),
    gatewayCheck(question, check),
  ]);
  const opened = held.workspace;
  held.late = true; // what opens after its time is up is of no use any more
  try {
    const withRepo = (
      name: string,
      did: string,
      ask: (of: Workspace) => Promise<Finding> | Finding,
      fix: string,
    ): Promise<Check> => check(name, undefined, did, () => (opened ? ask(opened) : needsRepo), fix);
    const issuers = question.issuers.length > 0 ? question.issuers : opened ? issuersIn(opened.rules) : [];
    const second = await Promise.all([
      withRepo('key', 'looked for an Identity with your SSH key', checkSigner, 'give --key'),
      withRepo(
        'push',
        "git push --dry-run of a request's branch",
        checkPush,
        'ask an owner of the repo for write access',
      ),
      withRepo('forge', 'listed the open requests', checkForge, 'check that you may read all branches of the repo'),
      ...issuers
        .slice(0, mostIssuers)
        .map((issuer) =>
          check(
            'issuer',
            issuer,
            'read its OpenID discovery, compared clocks',
            (signal) => checkIssuer(issuer, clock, signal),
            'check the address, the network and its certificate',
          ),
        ),
      ...unasked(issuers.length - mostIssuers).map((finding) =>
        check('issuer', undefined, 'counted the issuers of the repo', () => finding, 'give --issuer'),
      ),
    ]);
    const checks = [...first.slice(0, 3), ...second, ...first.slice(3)];
    return { version: 1, ok: checks.every(({ state }) => state !== 'failed'), checks };
  } finally {
    await opened?.[Symbol.asyncDispose]();
  }
}

/** Issuers that are too many to ask are said, not passed over. */
function unasked(count: number): Finding[] {
  if (count <= 0) return [];
  const result = `${count} more issuer${count === 1 ? ' was' : 's were'} not asked`;
  return [{ state: 'skipped', result, fix: 'name those that matter with --issuer' }];
}

const needsRepo: Finding = { state: 'skipped', result: 'needs the policy repo', fix: 'see the check of the repo' };

function gatewayCheck({ socket, socketWanted }: DoctorQuestion, check: ReturnType<typeof checker>): Promise<Check> {
  const did = 'asked its admin socket for its status';
  const absent: Finding = {
    state: 'skipped',
    result: 'no gateway runs on this machine',
    fix: 'give --socket where one does',
  };
  const ask = () => (socketWanted || existsSync(socket) ? checkGateway(socket) : absent);
  return check(
    'gateway',
    socket,
    did,
    ask,
    'check that it runs, and give --socket the path of admin.socket in its gateway.yaml',
  );
}

function checker(clock: Clock, timeout: number) {
  return async (
    name: string,
    about: string | undefined,
    did: string,
    ask: (signal: AbortSignal) => Promise<Finding> | Finding,
    fix: string,
  ): Promise<Check> => {
    const start = clock.monotonic();
    const over = new AbortController();
    const late = sleep(clock, timeout, over.signal).then(
      (): Finding => ({ state: 'failed', result: `no answer within ${timeout / 1000} s`, fix }),
    );
    late.catch(() => undefined); // aborted when the check was in time
    const asking = (async () => ask(over.signal))().catch(
      (error: unknown): Finding => ({
        state: 'failed',
        result: reason(error),
        fix: (error instanceof SluiceError && error.fix) || fix,
      }),
    );
    const finding = await Promise.race([asking, late]);
    over.abort();
    return {
      check: name,
      ...(about === undefined ? {} : { about: withoutSecret(about) }),
      did,
      state: finding.state,
      result: withoutSecret(finding.result),
      ...(finding.fix === undefined ? {} : { fix: withoutSecret(finding.fix) }),
      ms: Math.round(clock.monotonic() - start),
    };
  };
}

function reason(error: unknown): string {
  if (error instanceof SluiceError) return error.why ? `${error.message}: ${error.why}` : error.message;
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : String(cause));
}

/** Who puts a password into a URL must not find it in a report. */
function withoutSecret(text: string): string {
  return text.replaceAll(/\/\/[^/@\s]*@/g, '//***@');
}

function issuersIn({ identities, groups }: PolicySet): string[] {
  const found = [...identities.values()].flatMap(issuersOf);
  return [...new Set([...found, ...[...groups.values()].flatMap(({ fromClaim }) => fromClaim?.issuer ?? [])])].sort();
}
