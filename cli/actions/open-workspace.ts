import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import type { EvidenceSource } from '../../core/forge/evidence-source.ts';
import type { Forge } from '../../core/forge/forge.ts';
import { identityOf } from '../../core/forge/hosted/accounts.ts';
import type { ForgeApi } from '../../core/forge/hosted/forge-api.ts';
import { HostedEvidence } from '../../core/forge/hosted/hosted-evidence.ts';
import { HostedForge } from '../../core/forge/hosted/hosted-forge.ts';
import { openForgeApi } from '../../core/forge/open-forge-api.ts';
import { PlainEvidence } from '../../core/forge/plain/plain-evidence.ts';
import { PlainForge, type Signer } from '../../core/forge/plain/plain-forge.ts';
import { BareClone } from '../../core/git/bare-clone.ts';
import { publicKeyOf } from '../../core/git/ssh-signature.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import { requestContent } from '../../core/source/request-content.ts';
import { RevisionLoader } from '../../core/source/revision.ts';
import { checkForgeHost, forgeToken } from './forge-token.ts';

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
  readonly forge: Forge;
  /** What is proved about merged steps. */
  readonly evidence: EvidenceSource;
  readonly tip: string;
  /** Commit that admission starts from. */
  readonly genesis: string;
  /** The forge's id of the repo; plain git: the genesis commit. */
  readonly repoId: string;
  readonly branch: string;
  readonly rules: PolicySet;
  /** Whoever works here, by key or forge account; undefined when that is nobody. `name` is the Identity's. */
  readonly signer: { readonly name: string; readonly email: string } | undefined;
  /** What to do about it when it is nobody. */
  readonly signerFix: string;
}

export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const url = localPath(options.repo) ?? options.repo;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const id = createHash('sha256').update(url).digest('hex').slice(0, 16);
  const token = forgeToken(url);
  const clone = await BareClone.open(join(cache, 'sluice', 'repos', id), url, { token: async () => token });
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
    const genesis = options.genesis ?? (await clone.root(tip));
    const common = { clone, loader, tip, genesis, branch: options.branch, rules: policySet };
    const dispose = { [Symbol.asyncDispose]: () => clone[Symbol.asyncDispose]() };
    const address = policySet.repo?.forge;
    if (address) checkForgeHost(url, address.url);
    const people = address
      ? await hostedPeople(
          common,
          await openForgeApi(address, { token }, options.clock),
          token !== undefined,
          options.clock,
        )
      : await plainPeople(common, options);
    return { ...common, ...people, ...dispose };
  } catch (error) {
    await clone[Symbol.asyncDispose]();
    throw error;
  }
}

type Opened = Pick<Workspace, 'clone' | 'loader' | 'tip' | 'genesis' | 'branch' | 'rules'>;
type People = Pick<Workspace, 'forge' | 'evidence' | 'repoId' | 'signer' | 'signerFix'>;

async function plainPeople(opened: Opened, { key, clock }: WorkspaceOptions): Promise<People> {
  const { clone, loader, genesis: repoId, branch, tip, rules } = opened;
  const signer = await findSigner(rules, key);
  const trustRoot = { repoId, branch, owners: [] };
  return {
    forge: new PlainForge({ clone, clock, repoId, branch, tip, rules, owners: [], signer }),
    evidence: new PlainEvidence({ clone, trustRoot, rulesAt: rulesOf(loader) }),
    repoId,
    signer,
    signerFix: 'give --key FILE, the SSH private key whose public half is in your Identity',
  };
}

async function hostedPeople(opened: Opened, api: ForgeApi, known: boolean, clock: Clock): Promise<People> {
  const { clone, loader, branch, tip, rules } = opened;
  const repoId = String((await api.repo()).id);
  const account = known ? await api.account() : undefined;
  const name = identityOf(rules, api.host, account);
  const signer = name === undefined ? undefined : { name, email: emailOf(rules, name) };
  const askedAt = (base: string, commit: string) =>
    requestContent({ clone, loader, repo: { repoId, branch } }, base, commit);
  const trustRoot = { repoId, branch, owners: [], maxSkew: 60_000 };
  return {
    forge: new HostedForge({ api, clone, clock, branch, tip, rules, askedAt, author: signer }),
    evidence: new HostedEvidence({ api, clone, clock, trustRoot, rulesAt: rulesOf(loader), askedAt }),
    repoId,
    signer,
    signerFix: account
      ? `have the owners add account ${account.id} on ${api.host} to your Identity`
      : 'put a token of your own account into SLUICE_FORGE_TOKEN',
  };
}

function rulesOf(loader: RevisionLoader): (commit: string) => Promise<PolicySet | undefined> {
  return async (commit) => (await loader.plane(commit)).policySet;
}

function emailOf(rules: PolicySet, name: string): string {
  return rules.identities.get(name)?.person?.emails[0] ?? `${name}@localhost`;
}

/** A path on this machine, made absolute; undefined for a URL. */
function localPath(repo: string): string | undefined {
  if (/^(?:https?|ssh|file):\/\//.test(repo) || /^[\w.-]+@[\w.-]+:/.test(repo)) return undefined;
  const path = resolve(repo);
  if (!existsSync(path))
    throw new InputError('BadUsage', `there is no policy repo at ${repo}`, { fix: 'give --repo, or set SLUICE_REPO' });
  return realpathSync(path);
}

/** The person whose Identity holds the key's public half. */
export async function findSigner(rules: PolicySet, given: string | undefined): Promise<Signer | undefined> {
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
    if (person?.signingKeys.some((own) => own.key === key)) return { name, email: emailOf(rules, name), keyFile };
  }
  if (given === undefined) return undefined;
  throw new InputError('BadKey', 'the key belongs to no Identity of the policy repo', {
    fix: 'add its public half to signingKeys of your Identity, or give another --key',
    at: keyFile,
  });
}
