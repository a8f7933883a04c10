/** The gateway as a process of its own, run as a service manager would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { UpstreamError } from '../../core/errors/sluice-error.ts';

const binary = join(import.meta.dirname, '../../cli/sluice');

export interface GatewayProcess extends AsyncDisposable {
  readonly addresses: {
    readonly public: string;
    readonly admin: string;
    readonly clusters: Readonly<Record<string, string>>;
  };
  readonly child: ChildProcess;
  /** Ends it with a signal and resolves with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * `sluice gateway run` as a process of its own, ready when it says so. Its log goes to `logFile`. `ulimit`: what bash's
 * ulimit is given before, such as `-S -f 64`.
 */
export async function startGatewayProcess(
  configFile: string,
  logFile: string,
  { ulimit }: { readonly ulimit?: string } = {},
): Promise<GatewayProcess> {
  const args = ['gateway', 'run', '--config', configFile];
  const [command, all] = ulimit
    ? ['bash', ['-c', `ulimit ${ulimit}; exec "$0" "$@"`, binary, ...args]]
    : [binary, args];
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const log = createWriteStream(logFile, { flags: 'a' });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log.write(chunk);
    stderr = (stderr + chunk.toString()).slice(-4000);
  });
  const kill = (): unknown => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const code = await ended;
    process.off('exit', kill);
    log.end();
    return code;
  };
  const first = new Promise<string>((resolve, reject) => {
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')));
    });
    void ended.then((code) =>
      reject(new UpstreamError('GatewayUnreachable', `the gateway ended with ${code}`, { why: stderr })),
    );
  });
  first.catch(() => undefined);
  return {
    addresses: JSON.parse(await first) as GatewayProcess['addresses'],
    child,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
