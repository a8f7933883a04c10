/** Verdicts as the audit log has them. */
import type { AdmissionEvent } from '../../core/audit/event.ts';
import type { GrantVerdict, PolicyVerdict } from '../../core/model/verdict.ts';
import type { JudgedEmergency } from './emergencies.ts';

export function admissionOf(verdict: GrantVerdict | PolicyVerdict): AdmissionEvent {
  return {
    kind: 'admission',
    subject: verdict.kind,
    ...(verdict.kind === 'grant' ? { uid: verdict.uid, name: verdict.name } : {}),
    commit: verdict.commit,
    admitted: verdict.admitted,
    ...(verdict.refusal === undefined ? {} : { refusal: verdict.refusal }),
    digest: verdict.digest,
    approvedBy: verdict.approvals.map(({ by }) => by),
  };
}

/** An emergency: whose it is, until when, and which groups are to know. */
export function toldEmergency({ verdict, admitted, policy }: JudgedEmergency): AdmissionEvent {
  const who = admitted && { of: admitted.subject, until: admitted.end, notify: policy?.breakGlass?.notify ?? [] };
  return { ...admissionOf(verdict), subject: 'breakGlass', ...who };
}
