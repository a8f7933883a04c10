import type { Clock } from '../../core/clock/clock.ts';
import type { EvidenceSource } from '../../core/forge/evidence-source.ts';
import { HostedEvidence } from '../../core/forge/hosted/hosted-evidence.ts';
import { openForgeApi } from '../../core/forge/open-forge-api.ts';
import { PlainEvidence } from '../../core/forge/plain/plain-evidence.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { TokenSource } from '../../core/git/shown-token.ts';
import { requestContent } from '../../core/source/request-content.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';

/** Where evidence about merged requests is found, by the gateway's own config; `token` is what the forge is shown. */
export async function evidenceFrom(
  { trustRoot, forge }: Pick<GatewayConfig, 'trustRoot' | 'forge'>,
  token: TokenSource | undefined,
  clone: BareClone,
  loader: RevisionLoader,
  clock: Clock,
): Promise<EvidenceSource> {
  const rulesAt = async (commit: string) => (await loader.plane(commit)).policySet;
  if (!forge) return new PlainEvidence({ clone, trustRoot, rulesAt });
  const api = await openForgeApi(forge, { token }, clock);
  const { repoId, branch } = trustRoot;
  const askedAt = (base: string, commit: string) =>
    requestContent({ clone, loader, repo: { repoId, branch } }, base, commit);
  return new HostedEvidence({ api, clone, clock, trustRoot, rulesAt, askedAt });
}
