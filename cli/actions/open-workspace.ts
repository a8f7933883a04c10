import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { PlainForge, type Signer } from '../../core/forge/plain/plain-forge.ts';
import { BareClone } from '../../core/git/bare-clone.ts';
import { publicKeyOf } from '../../core/git/ssh-signature.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import { RevisionLoader } from '../../core/source/revision.ts';

export interface WorkspaceOptions {
  /** URL or path of the policy repo. */
  readonly repo: string;
  readonly branch: string;
  /** Commit that names the repo; undefined = the first commit of the branch. */
  readonly genesis: string | undefined;
  /** Private SSH key file; undefined = the usual places, or none for reading. */
  readonly key: string | undefined;
  readonly clock: Clock;
}

/** The policy repo as it is at the remote now, in a clone of our own; and who works on it. */
export interface Workspace extends AsyncDisposable {
  readonly clone: BareClone;
  readonly loader: RevisionLoader;
  readonly forge: PlainForge;
  readonly tip: string;
  readonly repoId: string;
  readonly branch: string;
  readonly rules: PolicySet;
  /** undefined when no key was found; its name is the Identity's. */
  readonly signer: Signer | undefined;
}

export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const url = localPath(options.repo) ?? options.repo;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const id = createHash('sha256').update(url).digest('hex').slice(0, 16);
  const clone = await BareClone.open(join(cache, 'sluice', 'repos', id), url);
  try {
    const tip = await clone.fetch(options.branch);
    if (tip === undefined) {
      throw new InputError('BadUsage', `the policy repo has no branch '${options.branch}'`, {
        fix: 'give --branch',
        at: url,
      });
    }
    const loader = new RevisionLoader(clone);
    const { policySet, problems } = await loader.plane(tip);
    if (!policySet) {
      throw new InputError('InvalidPolicyRepo', 'the policy repo has problems at its newest commit', {
        why: problems[0]?.message ?? '',
        fix: 'run sluice validate in a checkout of it',
      });
    }
    const repoId = options.genesis ?? (await clone.root(tip));
    const signer = await findSigner(policySet, options.key);
    const forge = new PlainForge({
      clone,
      clock: options.clock,
      repoId,
      branch: options.branch,
      tip,
      rules: policySet,
      owners: [],
      signer,
    });
    return {
      clone,
      loader,
      forge,
      tip,
      repoId,
      branch: options.branch,
      rules: policySet,
      signer,
      [Symbol.asyncDispose]: () => clone[Symbol.asyncDispose](),
    };
  } catch (error) {
    await clone[Symbol.asyncDispose]();
    throw error;
  }
}

/** A path on this machine, made absolute; undefined for a URL. */
function localPath(repo: string): string | undefined {
  if (/^(?:https|ssh|file):\/\//.test(repo) || /^[\w.-]+@[\w.-]+:/.test(repo)) return undefined;
  const path = resolve(repo);
  if (!existsSync(path))
    throw new InputError('BadUsage', `there is no policy repo at ${repo}`, { fix: 'give --repo, or set SLUICE_REPO' });
  return realpathSync(path);
}

/** The person whose Identity holds the key's public half. */
async function findSigner(rules: PolicySet, given: string | undefined): Promise<Signer | undefined> {
  const keyFile =
    given ??
    ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name)).find((path) => existsSync(path));
  if (keyFile === undefined) return undefined;
  if (given !== undefined && !existsSync(given))
    throw new InputError('FileUnreadable', `there is no key file ${given}`, { at: given });
  let key: string;
  try {
    key = await publicKeyOf(keyFile);
  } catch (error) {
    if (given === undefined) return undefined; // a key of the usual places that cannot be used is no error for reading
    throw error;
  }
  for (const { name, person } of rules.identities.values()) {
    if (person?.signingKeys.some((own) => own.key === key))
      return { name, email: person.emails[0] ?? `${name}@localhost`, keyFile };
  }
  if (given === undefined) return undefined;
  throw new InputError('BadKey', 'the key belongs to no Identity of the policy repo', {
    fix: 'add its public half to signingKeys of your Identity, or give another --key',
    at: keyFile,
  });
}
