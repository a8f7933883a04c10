import { Hono } from 'hono';
import type { GatewayStatus, SessionStatus } from '../../core/model/admin-api.ts';
import type { Recorder } from '../recorder/recorder.ts';
import { addBreakGlass, type EmergencyControls } from './break-glass.ts';
import { addEvidence, type EvidenceControls } from './evidence.ts';
import { addOwners, type OwnerControls } from './owners.ts';

export interface AdminControls {
  readonly status: () => Promise<GatewayStatus>;
  readonly sessions: () => Promise<readonly SessionStatus[]>;
  readonly explainGrant: (id: string) => Promise<object | undefined>;
  /** Resolves after a round that began after the call. */
  readonly reconcile: () => Promise<void>;
  readonly kill: (session: string) => Promise<boolean>;
  readonly emergencies: EmergencyControls;
  readonly owners: OwnerControls;
  readonly evidence: EvidenceControls;
  readonly recorder: Pick<Recorder, 'record'>;
}

/** Status and controls, for who can open the socket. Every control is in the audit log before it answers. */
export function adminApp(controls: AdminControls): Hono {
  const app = new Hono();
  const audited = (action: string, target?: string): Promise<void> =>
    controls.recorder.record({ kind: 'admin', action, ok: true, ...(target === undefined ? {} : { target }) });
  app.get('/status', async (c) => c.json(await controls.status()));
  app.get('/sessions', async (c) => c.json(await controls.sessions()));
  app.get('/grants/:id', async (c) => {
    const found = await controls.explainGrant(c.req.param('id'));
    return found === undefined ? c.json({ error: 'no such grant' }, 404) : c.json(found);
  });
  app.post('/reconcile', async (c) => {
    await audited('reconcile');
    await controls.reconcile();
    return c.json(await controls.status());
  });
  app.post('/sessions/:id/kill', async (c) => {
    const id = c.req.param('id').slice(0, 64);
    await audited('kill', id);
    return (await controls.kill(id)) ? c.json({ killed: id }) : c.json({ error: 'no such session' }, 404);
  });
  addOwners(app, controls.owners);
  addEvidence(app, controls.evidence);
  addBreakGlass(app, controls.emergencies);
  app.notFound((c) => c.json({ error: 'there is nothing here' }, 404));
  app.onError((_error, c) => c.json({ error: 'the gateway could not do this; its log says why' }, 500));
  return app;
}
