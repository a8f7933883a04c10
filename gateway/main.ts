import { systemClock } from '../core/clock/clock.ts';
import { startGateway } from './assemble/control.ts';
import { runWorker } from './assemble/worker.ts';
import { loadConfig } from './config/load-config.ts';
import { createLogger } from './telemetry/logger.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

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
  for (const signal of signals) process.once(signal, () => stop.resolve(signal));
  const gateway = await startGateway(config, systemClock, log, import.meta.filename);
  log.info('the gateway is up', { reason: JSON.stringify(gateway.addresses) });
  options.onReady?.(gateway.addresses);
  const keepAlive = setInterval(() => {}, 3_600_000);
  const signal = await stop.promise;
  clearInterval(keepAlive);
  log.info('the gateway stops', { reason: signal });
  await gateway[Symbol.asyncDispose]();
}

/**
 * A data worker of a gateway that runs this file. Signals are for control, which tells its workers (a service manager
 * or a terminal sends them to all). What keeps the process after its work is done is not waited for.
 */
async function serveGateway(): Promise<void> {
  for (const signal of signals) process.on(signal, () => {});
  await runWorker(process, systemClock);
  if (process.connected) process.disconnect();
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1000).unref();
}

if (import.meta.main && process.connected) await serveGateway();
