import type { EvidenceSource } from '../../core/forge/evidence-source.ts';
import { PlainEvidence } from '../../core/forge/plain/plain-evidence.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';

/** Where evidence about merged requests is found, by the gateway's own config. */
export function evidenceFrom({ trustRoot }: GatewayConfig, clone: BareClone, loader: RevisionLoader): EvidenceSource {
  return new PlainEvidence({ clone, trustRoot, rulesAt: async (commit) => (await loader.plane(commit)).policySet });
}
