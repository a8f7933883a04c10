import { devNull } from 'node:os';
import { type SimpleGit, simpleGit } from 'simple-git';
import { SourceError } from '../errors/sluice-error.ts';

/**
 * git with nothing of the machine's or the repo's own settings: no user or system config, no hooks, no replace
 * objects, no prompts, three transports. What a repo could otherwise do with these: run code, show other content
 * under a reviewed commit's id, or fetch from where it likes.
 */

/** The environment every git process gets, besides PATH and HOME. */
const environment = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: devNull,
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
} as const;

export const settings: readonly string[] = [
  'core.hooksPath=',
  'core.symlinks=false',
  'fetch.fsckObjects=true',
  'transfer.fsckObjects=true',
  'receive.fsckObjects=true',
  'protocol.allow=never',
  'protocol.https.allow=always',
  'protocol.ssh.allow=always',
  'protocol.file.allow=always',
  'gc.auto=0',
];

/** Plain http is for a forge on this machine. */
export function isLoopbackHttp(url: string): boolean {
  return /^http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?\//.test(url);
}

/** HOME stays, because ssh looks for its keys there; git's own configuration is switched off by name. */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '', HOME = '/', SSH_AUTH_SOCK } = process.env;
  return { PATH, HOME, ...(SSH_AUTH_SOCK ? { SSH_AUTH_SOCK } : {}), ...environment, ...extra };
}

/** A runner for git commands in `dir` (a bare repo, or where one is to be made). `timeout` in ms without output. */
export function hardenedGit(
  dir: string,
  options: {
    timeout?: number;
    env?: Readonly<Record<string, string>>;
    signal?: AbortSignal;
    /** Lets http through, for `isLoopbackHttp`. */
    http?: boolean;
    /** What the remote is shown over http; it stays in the environment of the one process. */
    token?: string;
  } = {},
): SimpleGit {
  const shown = options.token === undefined ? {} : authorization(options.token);
  return simpleGit({
    baseDir: dir,
    config: options.http ? [...settings, 'protocol.http.allow=always'] : [...settings],
    timeout: { block: options.timeout ?? 60_000 },
    ...(options.signal ? { abort: options.signal } : {}),
    // simple-git takes a silent failure for a success: a merge with conflicts, a revision that does not exist.
    errors: (error, { exitCode, stdErr }) =>
      error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from(`it ended with ${exitCode}`)])),
    unsafe: {
      allowUnsafeHooksPath: true,
      allowUnsafeProtocolOverride: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeTemplateDir: true,
      allowUnsafeConfigEnvCount: true,
    },
    allowEnvironment: [
      'HOME',
      'PATH',
      'SSH_AUTH_SOCK',
      'GIT_INDEX_FILE',
      'GIT_DIR',
      'GIT_WORK_TREE',
      ...Object.keys(environment),
      ...Object.keys(shown),
    ],
  }).env(gitEnvironment({ ...options.env, ...shown }));
}

/** Settings by the environment: neither a command line that everybody can see, nor a file that stays. */
function authorization(token: string): Record<string, string> {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    GIT_CONFIG_KEY_1: 'http.followRedirects',
    GIT_CONFIG_VALUE_1: 'false',
  };
}

/** Runs one git command and turns its failure into an error that names the command, not its output's secrets. */
export async function git(runner: SimpleGit, ...args: string[]): Promise<string> {
  try {
    return await runner.raw(args);
  } catch (cause) {
    throw gitError(args, cause);
  }
}

/** The remote asks for other credentials than it was shown. */
export function isDenied(error: unknown): boolean {
  return error instanceof SourceError && error.code === 'ForgeDenied';
}

export function gitError(args: readonly string[], cause: unknown): SourceError {
  const said = cause instanceof Error ? cause.message : String(cause);
  if (/^fatal: (?:could not read Username|Authentication failed) /m.test(said)) {
    return new SourceError('ForgeDenied', `the remote does not know who asks, so git ${args[0]} was refused`, {
      why: 'it answered 401: there is no token, or it is wrong, expired or revoked',
      fix: 'make a new one and put it where the old one is',
      cause,
      retry: 'later',
    });
  }
  const line =
    said
      .split('\n')
      .map((text) => text.trim())
      .find((text) => /^(fatal|error|remote|ssh|warning):/i.test(text)) ??
    said.split('\n')[0] ??
    '';
  return new SourceError('GitFailed', `git ${args[0]} failed`, {
    why: line.replaceAll(/\/\/[^/@\s]*@/g, '//***@').slice(0, 400),
    cause,
    retry: 'later',
  });
}
