import { apis } from '../wire/generated/apis.ts';
import {
  defaultGetTelemetrySubscriptionsResponse,
  type GetTelemetrySubscriptionsRequest,
  type GetTelemetrySubscriptionsResponse,
} from '../wire/generated/get-telemetry-subscriptions.ts';
import {
  defaultPushTelemetryResponse,
  type PushTelemetryRequest,
  type PushTelemetryResponse,
} from '../wire/generated/push-telemetry.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

const forward = { kind: 'forward', pending: undefined } as const;

/**
 * KIP-714: a client's metrics go to the brokers' plugin unread, where brokers have one; only then do they advertise it.
 * It needs no right of its own, but one who has none at all has no way to a broker.
 */
export const getTelemetrySubscriptions = enforcement<
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse
>(apis.GetTelemetrySubscriptions, {
  min: 0,
  max: 0,
  request: (_request, _version, context) =>
    context.access.hasRights()
      ? forward
      : { kind: 'reply', response: { ...defaultGetTelemetrySubscriptionsResponse, errorCode: denied.cluster } },
});

export const pushTelemetry = enforcement<PushTelemetryRequest, PushTelemetryResponse>(apis.PushTelemetry, {
  min: 0,
  max: 0,
  request: (_request, _version, context) =>
    context.access.hasRights()
      ? forward
      : { kind: 'reply', response: { ...defaultPushTelemetryResponse, errorCode: denied.cluster } },
});
