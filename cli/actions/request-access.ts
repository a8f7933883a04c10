import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { askable } from '../../core/admission/ask.ts';
import { type ToldGrant, tellGrant } from '../../core/admission/told-grant.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { formatIsoDuration } from '../../core/clock/duration.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { AccessError, InputError } from '../../core/errors/sluice-error.ts';
import { loadDocumentAs } from '../../core/load/load-document.ts';
import { didYouMean } from '../../core/load/nearest.ts';
import type { Grant, PolicySet } from '../../core/model/documents.ts';
import type { Operation } from '../../core/model/resource.ts';
import { validateGrantDocument } from '../../core/schema/grant.ts';
import { choosePolicy } from './choose-policy.ts';
import type { Workspace } from './open-workspace.ts';

export interface AccessWish {
  readonly streams: readonly string[];
  readonly operations: readonly Operation[];
  /** ms. */
  readonly duration: number;
  readonly reason: string;
  readonly ticket: string | undefined;
  /** Identity that gets the right; undefined = whoever asks. */
  readonly subject: string | undefined;
  /** undefined = the one policy that offers it. */
  readonly policy: string | undefined;
  readonly notBefore: number | undefined;
  /** It starts at the subject's first login, which has to be before this epoch ms. */
  readonly firstUseBy?: number | undefined;
  /** Names that narrow the grant further. */
  readonly names?: Pick<Grant, 'topics' | 'groups' | 'transactionalIds'>;
  /** Name of the grant that this one goes on from. */
  readonly extends?: string;
}

/** A request that could be opened: the grant as a file, and what has to be told of it. */
export interface PreparedAccess extends ToldGrant {
  readonly file: string;
  readonly yaml: string;
}

export interface RequestedAccess extends PreparedAccess {
  /** Head of the request; undefined for a dry run. */
  readonly head: string | undefined;
  /** Page of the request on the forge. */
  readonly url: string | undefined;
}

/** The grant that a wish comes to, once it is sure that the rules offer it. */
export function prepareAccess(workspace: Workspace, wish: AccessWish, clock: Clock): PreparedAccess {
  const { rules, signer, repoId, branch } = workspace;
  if (!signer) {
    throw new InputError('BadKey', 'whose request is it?', { fix: workspace.signerFix });
  }
  demandStreams(rules, wish.streams);
  const draft = draftGrant(wish, signer.name, clock);
  const offered = askable(rules, draft).map(({ policy: { name }, misfits }) => ({ name, misfits }));
  const policy =
    wish.policy ??
    choosePolicy(offered, {
      offers: 'offers this',
      wish: `${draft.subject} ask for this`,
      none: { why: 'no policy of the repo grants anything on request', fix: 'ask the owners of the policy repo' },
    });
  const file = `grants/${formatInstant(clock.now()).slice(0, 7)}/${draft.name}.yaml`;
  const grant: Grant = { ...draft, policy, at: { ...draft.at, file } };
  const found = offered.find(({ name }) => name === policy);
  if (!found) {
    const names = offered.map(({ name }) => name);
    throw new InputError('BadUsage', `the policy repo has no policy '${policy}' that grants on request`, {
      fix: didYouMean(policy, names) ?? (names.length > 0 ? `it has ${names.sort().join(', ')}` : 'ask its owners'),
    });
  }
  if (found.misfits.length > 0) {
    throw new AccessError('NotEligible', `policy '${policy}' does not offer this`, {
      why: found.misfits.map(({ message }) => message).join('; '),
      fix: found.misfits.map(({ fix }) => fix).join('; '),
    });
  }
  const yaml = toYaml(grant, wish.extends);
  const check = loadDocumentAs(validateGrantDocument, { path: file, bytes: Buffer.from(yaml) });
  if (!check.value)
    throw new InputError('BadUsage', `the request would not be a valid Grant: ${check.problems[0]?.message}`);
  return { ...tellGrant(rules, grant, { repoId, branch }), file, yaml };
}

/** Refuses streams that the policy repo does not have, with what was probably meant. */
export function demandStreams(rules: PolicySet, streams: readonly string[]): void {
  for (const stream of streams) {
    if (rules.streams.has(stream)) continue;
    const fix = didYouMean(stream, rules.streams.keys()) ?? `it has ${[...rules.streams.keys()].sort().join(', ')}`;
    throw new InputError('BadUsage', `the policy repo has no Stream '${stream}'`, { fix });
  }
}

/** Opens the request with a text for people. */
export async function openRequest(
  { forge }: Workspace,
  prepared: PreparedAccess,
  body: string,
): Promise<RequestedAccess> {
  const { grant, file, yaml } = prepared;
  const title = `Ask for ${grant.operations.join(', ')} on ${grant.streams.join(', ')} for ${grant.subject}`;
  const { head, url } = await forge.open({ name: grant.name, title, body, files: { [file]: yaml } });
  return { ...prepared, head, url };
}

/** The grant of a wish, before it is known under which policy. */
export function draftGrant(wish: AccessWish, requestedBy: string, clock: Clock): Omit<Grant, 'policy'> {
  const subject = wish.subject ?? requestedBy;
  const day = formatInstant(clock.now()).slice(0, 10);
  const name = `${day}-${subject}-${wish.streams[0]}`.slice(0, 54);
  return {
    kind: 'Grant',
    name: `${name.replace(/-$/, '')}-${randomBytes(3).toString('hex')}`,
    labels: {},
    at: { file: '', line: 1, column: 1 },
    uid: randomBytes(16).toString('hex'),
    requestedBy,
    subject,
    streams: wish.streams,
    topics: wish.names?.topics,
    groups: wish.names?.groups,
    transactionalIds: wish.names?.transactionalIds,
    operations: wish.operations,
    window: {
      duration: wish.duration,
      start: wish.firstUseBy === undefined ? 'merge' : 'firstUse',
      notBefore: wish.notBefore,
      notAfter: wish.firstUseBy,
    },
    reason: wish.reason,
    ticket: wish.ticket,
  };
}

function toYaml(grant: Grant, from: string | undefined): string {
  const { window, topics, groups, transactionalIds } = grant;
  const document = {
    apiVersion: 'sluice.dev/v1',
    kind: 'Grant',
    metadata: { name: grant.name, ...(from === undefined ? {} : { annotations: { 'sluice.dev/extends': from } }) },
    spec: {
      uid: grant.uid,
      requestedBy: grant.requestedBy,
      subject: grant.subject,
      policy: grant.policy,
      streams: [...grant.streams],
      ...(topics === undefined ? {} : { topics: [...topics] }),
      ...(groups === undefined ? {} : { groups: [...groups] }),
      ...(transactionalIds === undefined ? {} : { transactionalIds: [...transactionalIds] }),
      operations: [...grant.operations],
      window: {
        duration: formatIsoDuration(window.duration),
        ...(window.start === 'merge' ? {} : { start: window.start }),
        ...(window.notBefore === undefined ? {} : { notBefore: formatInstant(window.notBefore) }),
        ...(window.notAfter === undefined ? {} : { notAfter: formatInstant(window.notAfter) }),
      },
      reason: grant.reason,
      ...(grant.ticket === undefined ? {} : { ticket: grant.ticket }),
    },
  };
  return stringify(document, { lineWidth: 0 });
}
