import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { breakGlassNamespace, breakGlassPayload } from '../../core/admission/judge-break-glass.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { formatIsoDuration } from '../../core/clock/duration.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { AccessError, InputError } from '../../core/errors/sluice-error.ts';
import { signSsh } from '../../core/git/ssh-signature.ts';
import type { BreakGlass, PolicySet } from '../../core/model/documents.ts';
import type { Operation } from '../../core/model/resource.ts';
import type { GrantVerdict } from '../../core/model/verdict.ts';
import { breakGlassMisfits } from '../../core/policy/fits-break-glass.ts';
import { choosePolicy } from './choose-policy.ts';
import type { GatewayClient } from './gateway-client.ts';
import type { Workspace } from './open-workspace.ts';

export interface EmergencyWish {
  readonly streams: readonly string[];
  readonly operations: readonly Operation[];
  /** ms. */
  readonly duration: number;
  readonly reason: string;
  readonly ticket: string | undefined;
  /** undefined = the one policy that has it for emergencies. */
  readonly policy: string | undefined;
}

/** An emergency that is signed, as a file. */
export interface SignedEmergency {
  readonly name: string;
  readonly uid: string;
  readonly subject: string;
  readonly policy: string;
  readonly file: string;
  readonly yaml: string;
}

/** Signs an emergency under the rules as they are in the repo; it fits them, or this says why it does not. */
export async function signEmergency(
  workspace: Workspace,
  wish: EmergencyWish,
  key: { readonly name: string; readonly keyFile: string },
  clock: Clock,
): Promise<SignedEmergency> {
  const { rules, repoId, branch } = workspace;
  const policy = wish.policy ?? policyFor(rules, wish, key.name, clock);
  const draft = draftOf(wish, key.name, policy, clock);
  const misfits = breakGlassMisfits(rules, draft);
  if (misfits.length > 0) {
    throw new AccessError('NotEligible', `policy '${policy}' does not offer this in an emergency`, {
      why: misfits.map(({ message }) => message).join('; '),
      fix: misfits.map(({ fix }) => fix).join('; '),
    });
  }
  const payload = breakGlassPayload(rules, draft, { repoId, branch });
  return fileOf({ ...draft, signature: await signSsh(payload, breakGlassNamespace, key.keyFile) });
}

/** Opens the request whose branch gateways look at, and whose merge is the review. */
export async function openEmergency(
  { forge }: Workspace,
  { name, file, yaml, subject }: SignedEmergency,
  body: string,
): Promise<{ readonly head: string; readonly url: string | undefined }> {
  const { head, url } = await forge.open({ name, title: `Emergency of ${subject}`, body, files: { [file]: yaml } });
  return { head, url };
}

/** Hands an emergency to a gateway itself, which says what is to be signed: for when git or the forge is down. */
export async function handOver(
  gateway: GatewayClient,
  wish: EmergencyWish & { readonly policy: string },
  key: { readonly name: string; readonly keyFile: string },
  clock: Clock,
): Promise<{ readonly signed: SignedEmergency; readonly verdict: GrantVerdict }> {
  const draft = draftOf(wish, key.name, wish.policy, clock);
  const { name, yaml } = fileOf(draft);
  const proposal = await gateway.proposeEmergency({ name, yaml });
  if (proposal.payload === undefined)
    throw new AccessError('NotEligible', 'the gateway does not take this emergency', { why: proposal.problem });
  checkProposal(proposal.payload, draft);
  const signature = await signSsh(Buffer.from(proposal.payload), breakGlassNamespace, key.keyFile);
  const signed = fileOf({ ...draft, signature });
  return { signed, verdict: await gateway.admitEmergency({ name, yaml: signed.yaml }) };
}

/** Nothing is signed that is about something else, whoever answers on the socket. */
function checkProposal(payload: string, { uid }: BreakGlass): void {
  let said: { readonly kind?: unknown; readonly uid?: unknown } = {};
  try {
    said = JSON.parse(payload) as typeof said;
  } catch {
    // said below
  }
  if (said.kind === 'breakGlass' && said.uid === uid) return;
  throw new InputError('BadUsage', 'what the gateway gave to sign is not about this emergency', {
    fix: 'see who answers on that socket',
  });
}

/** A signature of the right form: documents are checked with one before they are signed. */
const unsigned = '-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n';

function draftOf(wish: EmergencyWish, subject: string, policy: string, clock: Clock): BreakGlass {
  const stem = `breakglass-${formatInstant(clock.now()).slice(0, 10)}-${subject}`.slice(0, 54).replace(/-$/, '');
  return {
    kind: 'BreakGlass',
    name: `${stem}-${randomBytes(3).toString('hex')}`,
    labels: {},
    at: { file: '', line: 1, column: 1 },
    uid: randomBytes(16).toString('hex'),
    subject,
    policy,
    streams: wish.streams,
    topics: undefined,
    groups: undefined,
    transactionalIds: undefined,
    operations: wish.operations,
    duration: wish.duration,
    reason: wish.reason,
    ticket: wish.ticket,
    signedAt: Math.floor(clock.now() / 1000) * 1000,
    signature: unsigned,
  };
}

/** The one policy that has it for emergencies. */
function policyFor(rules: PolicySet, wish: EmergencyWish, subject: string, clock: Clock): string {
  const candidates = [...rules.policies.values()]
    .filter(({ breakGlass }) => breakGlass)
    .map(({ name }) => ({ name, misfits: breakGlassMisfits(rules, draftOf(wish, subject, name, clock)) }));
  return choosePolicy(candidates, {
    offers: 'offers this in an emergency',
    wish: `${subject} break the glass for this`,
    none: { why: 'no policy of the repo has breakGlass', fix: 'ask for access with sluice access request' },
  });
}

function fileOf(emergency: BreakGlass): SignedEmergency {
  const { name, uid, subject, policy, streams, operations, duration, reason, ticket, signedAt, signature } = emergency;
  const document = {
    apiVersion: 'sluice.dev/v1',
    kind: 'BreakGlass',
    metadata: { name },
    spec: {
      uid,
      subject,
      policy,
      streams: [...streams],
      operations: [...operations],
      window: { duration: formatIsoDuration(duration) },
      reason,
      ...(ticket === undefined ? {} : { ticket }),
      signedAt: formatInstant(signedAt),
      signature,
    },
  };
  return { name, uid, subject, policy, file: `breakglass/${name}.yaml`, yaml: stringify(document, { lineWidth: 0 }) };
}
