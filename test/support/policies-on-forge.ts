/** The first policies in a repo on a hosted forge, and the people's accounts in them. */
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { systemClock } from '../../core/clock/clock.ts';
import { BareClone } from '../../core/git/bare-clone.ts';
import { keysOf, type PolicyRepo } from './policy-repo.ts';
import type { RepoOnForge } from './repo-on-forge.ts';

/**
 * Pushes the first policies on top of what the forge made: `files` gets the people's public keys, each Identity gets
 * the person's account, and sluice.yaml says where requests live.
 */
export async function policiesOnForge(
  dir: string,
  forge: RepoOnForge,
  files: (keys: PolicyRepo['keys']) => Readonly<Record<string, string>>,
): Promise<PolicyRepo> {
  const accounts = Object.fromEntries(Object.entries(forge.people).map(([name, { id }]) => [name, id]));
  const keys = keysOf(dir, Object.keys(accounts));
  const { kind, api: url, name: repo } = forge;
  const all = withForge(withAccounts(files(keys), forge.host, accounts), { kind, url, repo });
  const genesis = await pushFirst(join(dir, 'genesis'), { url: forge.url, token: forge.adminToken }, all);
  return { url: forge.url, genesis, keys, forge };
}

/** Commits files onto main as the first policies, through a clone in `dir`. */
export async function pushFirst(
  dir: string,
  git: { readonly url: string; readonly token: string | undefined },
  files: Readonly<Record<string, string>>,
): Promise<PolicyRepo['genesis']> {
  await using clone = await BareClone.open(dir, git.url, { token: async () => git.token });
  const tip = (await clone.fetch('main'))!;
  const tree = await clone.writeTree(tip, files);
  const author = { name: 'Genesis', email: 'genesis@example.com' };
  const when = systemClock.now();
  const commit = await clone.writeCommit({ tree, parents: [tip], author, when, message: 'First policies' }, undefined);
  await clone.push([{ ref: 'refs/heads/main', commit, expected: tip }]);
  return { commit, tree };
}

/** Gives each person's Identity the account with that id. */
export function withAccounts(
  files: Readonly<Record<string, string>>,
  host: string,
  accounts: Readonly<Record<string, number>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => {
      const person = /^identities\/([\w-]+)\.yaml$/.exec(path)?.[1];
      const id = person === undefined ? undefined : accounts[person];
      if (id === undefined) return [path, text];
      const document = parse(text) as { spec: { person: Record<string, unknown> } };
      document.spec.person['accounts'] = [{ forge: host, id }];
      return [path, stringify(document)];
    }),
  );
}

function withForge(files: Record<string, string>, forge: Readonly<Record<string, string>>): Record<string, string> {
  const repo = parse(files['sluice.yaml']!) as { spec: Record<string, unknown> };
  repo.spec['forge'] = forge;
  return { ...files, 'sluice.yaml': stringify(repo) };
}
