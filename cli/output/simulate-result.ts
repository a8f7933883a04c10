/** What recorded traffic would have met with, for people and for programs. */
import type { SimulateReport } from '../../core/schema/simulate-report.ts';
import { type Change, changes, type Difference, type SimulateResult } from '../actions/simulate-recording.ts';
import { type Style, visible } from './style.ts';

const titles: Record<Change, string> = {
  denied: 'Would be denied',
  unsure: 'Would depend on claims that a recording does not have',
  masked: 'Would be hidden',
  unmasked: 'Would be hidden no longer',
  allowed: 'Would be allowed, and was denied',
};

/** By what changes, with everybody it changes for. */
export function simulatePretty(result: SimulateResult, style: Style): string {
  const { outcome, requests, untold, unknownRevisions, differences, revision } = result;
  const against = revision === undefined ? 'the files in the folder' : revision.slice(0, 12);
  const lines = [
    `${requests} requests of ${outcome === 'verified' ? 'a' : `an ${outcome}`} recording against ${against}`,
  ];
  for (const change of changes) {
    const found = differences.filter((one) => one.change === change);
    if (found.length === 0) continue;
    const paint = change === 'denied' ? style.red : change === 'allowed' ? style.green : style.yellow;
    lines.push('', paint(`${titles[change]}:`));
    for (const one of found) lines.push(...differenceLines(one).map((text) => visible(text)));
  }
  lines.push('');
  if (untold > 0)
    lines.push(style.dim(`${untold} requests are only counted in the recording, and were not asked about`));
  if (unknownRevisions.length > 0) {
    const names = unknownRevisions.slice(0, 3).map((one) => one.slice(0, 12));
    lines.push(
      style.dim(visible(`not in this git repo, so new masks are not known for it: revision ${names.join(', ')}`)),
    );
  }
  lines.push(differences.length === 0 ? style.green('no difference') : `${differences.length} differences`);
  return lines.join('\n');
}

function differenceLines(one: Difference): string[] {
  const { principal, operation, streams, rule, why, requests, records, bytes, examples } = one;
  const on = streams.length === 0 ? examples[0]?.name : streams.join(', ');
  const size = records > 0 ? `, ${records} records, ${bytes} bytes` : '';
  return [
    `  ${principal} ${operation} ${on}: ${requests} requests${size}`,
    `    rule: ${rule}: ${why}`,
    ...examples.map(({ at, seq, name }) => `    seen: ${at} (seq ${seq}) ${name}`),
  ];
}

/** JSON as schemas/v1/simulate-report.schema.json says. */
export function simulateJson(result: SimulateResult): string {
  const { revision, differences, unknownRevisions, ...counts } = result;
  const report: SimulateReport = {
    version: 1,
    ...counts,
    ...(revision === undefined ? {} : { revision }),
    unknownRevisions: [...unknownRevisions],
    differences: differences.map((one) => ({ ...one, streams: [...one.streams], examples: [...one.examples] })),
  };
  return JSON.stringify(report, undefined, 2);
}
