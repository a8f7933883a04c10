import { readFile } from 'node:fs/promises';
import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import type { EvidenceSource } from '../../core/forge/evidence-source.ts';
import { HostedEvidence } from '../../core/forge/hosted/hosted-evidence.ts';
import { type ForgeCredentials, openForgeApi } from '../../core/forge/open-forge-api.ts';
import { PlainEvidence } from '../../core/forge/plain/plain-evidence.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import { requestContent } from '../../core/source/request-content.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { ForgeConfig, GatewayConfig } from '../config/gateway-config.ts';

/** Where evidence about merged requests is found, by the gateway's own config. */
export async function evidenceFrom(
  { trustRoot, forge }: Pick<GatewayConfig, 'trustRoot' | 'forge'>,
  clone: BareClone,
  loader: RevisionLoader,
  clock: Clock,
): Promise<EvidenceSource> {
  const rulesAt = async (commit: string) => (await loader.plane(commit)).policySet;
  if (!forge) return new PlainEvidence({ clone, trustRoot, rulesAt });
  const api = await openForgeApi(forge, await credentialsOf(forge), clock);
  const { repoId, branch } = trustRoot;
  const askedAt = (base: string, commit: string) =>
    requestContent({ clone, loader, repo: { repoId, branch } }, base, commit);
  return new HostedEvidence({ api, clone, clock, trustRoot, rulesAt, askedAt });
}

/** What git shows the forge; undefined where it is asked as anybody. */
export async function gitToken(forge: ForgeConfig | undefined): Promise<string | undefined> {
  return forge && 'tokenFile' in forge.credentials ? readSecret(forge.credentials.tokenFile) : undefined;
}

/** A secret in a file of its own, without the line end that editors leave. */
export async function readSecret(file: string): Promise<string> {
  try {
    const secret = (await readFile(file, 'utf8')).trim();
    if (secret !== '') return secret;
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new InputError('FileUnreadable', `the secret in ${file} could not be read`, { why, at: file, cause });
  }
  throw new InputError('FileUnreadable', `there is no secret in ${file}`, { why: 'the file is empty', at: file });
}

async function credentialsOf({ credentials }: ForgeConfig): Promise<ForgeCredentials> {
  if ('tokenFile' in credentials) return { token: await readSecret(credentials.tokenFile) };
  const { appId, installationId, privateKeyFile } = credentials;
  return { appId, installationId, privateKey: await readSecret(privateKeyFile) };
}
