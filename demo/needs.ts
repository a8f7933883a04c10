import { spawnSync } from 'node:child_process';
import { InputError } from '../core/errors/sluice-error.ts';

/** What is to be started, or made, here. */
export interface Needs {
  readonly ownBroker: boolean;
  readonly buildsGitea: boolean;
}

/** What the demo needs from the machine, checked before anything is started; one clear sentence for what is missing. */
export function checkNeeds({ ownBroker, buildsGitea }: Needs): void {
  const missing: string[] = [];
  if (!answers('git', ['--version'])) missing.push('git');
  if (!answers('ssh-keygen', ['-?'])) missing.push('ssh-keygen (OpenSSH)');
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const major = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0);
  if (!ownBroker) {
    if (major < 17) missing.push(major === 0 ? 'Java 17 or newer' : `Java 17 or newer (this is ${major})`);
    if (!answers('mvn', ['-v'])) missing.push('Maven');
  }
  if (buildsGitea) {
    if (!answers('go', ['version'])) missing.push('Go 1.26 or newer (to build Gitea)');
    if (!answers('cc', ['--version'])) missing.push('a C compiler (to build Gitea)');
  }
  if (missing.length === 0) return;
  throw new InputError('BadUsage', `The demo needs ${missing.join(', ')} on this machine.`, {
    fix: ownBroker
      ? 'install it and run the demo again'
      : 'install it, or give your own broker with --bootstrap HOST:PORT --password-file FILE',
  });
}

function answers(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).error === undefined;
}
