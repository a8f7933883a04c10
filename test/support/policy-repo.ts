/** A policy repo on this machine: a bare git repo with one genesis commit, and the keys of its people. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RepoOnForge } from './repo-on-forge.ts';
import { sshKey } from './ssh-key.ts';

export interface PolicyRepo {
  /** Path of the bare repo: where people push and the gateway fetches. */
  readonly url: string;
  readonly genesis: { readonly commit: string; readonly tree: string };
  /** Private key files by person. */
  readonly keys: Readonly<Record<string, { readonly file: string; readonly key: string }>>;
  /** Where it is hosted; left out = plain git. */
  readonly forge?: RepoOnForge;
}

/** Environment in which the CLI works as somebody: their key, or the token of their account. */
export function environmentOf({ url, genesis, keys, forge }: PolicyRepo, who: string): Record<string, string> {
  if (!forge) return { SLUICE_REPO: url, SLUICE_KEY: keys[who]!.file };
  return { SLUICE_REPO: url, SLUICE_GENESIS: genesis.commit, SLUICE_FORGE_TOKEN: forge.people[who]!.token };
}

const identity = {
  GIT_AUTHOR_NAME: 'Genesis',
  GIT_AUTHOR_EMAIL: 'genesis@example.com',
  GIT_COMMITTER_NAME: 'Genesis',
  GIT_COMMITTER_EMAIL: 'genesis@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** `files` gets the people's public keys, since Identities hold them. */
export function makePolicyRepo(
  dir: string,
  people: readonly string[],
  files: (keys: PolicyRepo['keys']) => Readonly<Record<string, string>>,
): PolicyRepo {
  const keys = keysOf(dir, people);
  const url = join(dir, 'policies.git');
  const work = join(dir, 'genesis');
  const git = (...args: string[]): string =>
    execFileSync('git', args, { env: { ...process.env, ...identity }, encoding: 'utf8' }).trim();
  git('init', '-q', '--bare', '-b', 'main', url);
  git('init', '-q', '-b', 'main', work);
  for (const [path, text] of Object.entries(files(keys))) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  }
  git('-C', work, 'add', '-A');
  git('-C', work, 'commit', '-q', '-m', 'The first policies');
  git('-C', work, 'push', '-q', url, 'main');
  return {
    url,
    genesis: { commit: git('-C', work, 'rev-parse', 'HEAD'), tree: git('-C', work, 'rev-parse', 'HEAD^{tree}') },
    keys,
  };
}

/** SSH keys of people, made below `dir`. */
export function keysOf(dir: string, people: readonly string[]): PolicyRepo['keys'] {
  mkdirSync(join(dir, 'keys'), { recursive: true });
  return Object.fromEntries(people.map((name) => [name, sshKey(join(dir, 'keys', name))]));
}
