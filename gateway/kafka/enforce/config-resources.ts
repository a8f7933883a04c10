import { KafkaError } from '../wire/error-codes.ts';
import { mayAdminister } from './admin-only.ts';
import type { FrameContext } from './context.ts';
import { denied } from './errors.ts';

/** Types of resources that have a configuration (org.apache.kafka.common.config.ConfigResource). */
export const configResource = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const;

export interface ConfigResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/**
 * 0 when a resource's configuration may be read or changed: that of a topic or a group by its own right, that of
 * brokers, their loggers and metrics subscriptions by administrators. Types that are not known are refused with 42.
 */
export function configError(
  operation: 'describe' | 'alter',
  { resourceType, resourceName }: ConfigResource,
  context: FrameContext,
): number {
  switch (resourceType) {
    case configResource.topic:
      return context.allows(operation, 'topic', resourceName, denied.topic) ? 0 : denied.topic;
    case configResource.group:
      return context.allows(operation, 'group', resourceName, denied.group) ? 0 : denied.group;
    case configResource.broker:
    case configResource.brokerLogger:
    case configResource.clientMetrics:
      return mayAdminister(context) ? 0 : denied.cluster;
    default:
      return KafkaError.invalidRequest;
  }
}

/** An item of an answer with the error that a resource got. */
export interface ConfigRefusal extends ConfigResource {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export function configRefusal(resource: ConfigResource, errorCode: number, errorMessage: string): ConfigRefusal {
  const { resourceType, resourceName } = resource;
  return { resourceType, resourceName, errorCode, errorMessage };
}
