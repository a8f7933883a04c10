import type { EvidenceTaken, GrantTaken } from '../../core/model/admin-api.ts';
import { type Style, visible } from './style.ts';

/** Whether nothing of it is left to be seen to by somebody. */
export function isAllTaken({ grants, stalled }: EvidenceTaken): boolean {
  return stalled === undefined && grants.every(({ outcome }) => outcome !== 'refused' && outcome !== 'notJudged');
}

/** What a gateway took of a peer's evidence, for people. */
export function evidencePretty(taken: EvidenceTaken, style: Style): string {
  const { peer, exportedAt, revocations, deletedGrants, grants, leftOut, ahead, stalled } = taken;
  const known = grants.filter(({ outcome }) => outcome === 'known').length;
  const told = grants.filter(({ outcome }) => outcome !== 'known');
  return [
    `From ${visible(peer)}, ${exportedAt}: ${grants.length} live grants, ${known} of them known here already`,
    `  over since then: ${revocations} revocations and ${deletedGrants} deleted grants that were new`,
    ...(leftOut === 0 ? [] : [`  ${style.yellow(`${leftOut} live grants`)} could not be told`]),
    ...told.map((one) => `  ${mark(one, style)} ${visible(one.name)}: ${visible(one.message)}`),
    ...(ahead === undefined ? [] : [`  It has judged commit ${ahead.slice(0, 12)}, which this gateway has not.`]),
    ...(stalled === undefined ? [] : [`  ${style.yellow('Stalled:')} ${visible(stalled)}`]),
  ].join('\n');
}

function mark({ outcome }: GrantTaken, style: Style): string {
  if (outcome === 'admitted') return style.green('admitted');
  if (outcome === 'refused') return style.red('refused');
  return outcome === 'over' ? 'over' : style.yellow('not judged');
}
