import { systemClock } from '../core/clock/clock.ts';
import { startGateway } from './assemble/control.ts';
import { loadConfig } from './config/load-config.ts';
import { createLogger } from './telemetry/logger.ts';

/**
 * Runs the gateway of a gateway.yaml until SIGINT or SIGTERM. Resolves when everything is ended and cleaned up;
 * rejects with SluiceError when it cannot start.
 */
export async function runGateway(options: {
  configFile: string;
  onReady?: (addresses: unknown) => void;
}): Promise<void> {
  const config = await loadConfig(options.configFile);
  const log = createLogger(config.logLevel, config.name);
  const stop = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.resolve(signal));
  const gateway = await startGateway(config, systemClock, log);
  log.info('the gateway is up', { reason: JSON.stringify(gateway.addresses) });
  options.onReady?.(gateway.addresses);
  const keepAlive = setInterval(() => {}, 3_600_000);
  const signal = await stop.promise;
  clearInterval(keepAlive);
  log.info('the gateway stops', { reason: signal });
  await gateway[Symbol.asyncDispose]();
}
