import { join } from 'node:path';

/** What a server is started with. */
export interface GiteaSettings {
  /** Its own folder: data, repos, home. */
  readonly folder: string;
  readonly port: number;
  /** Folder of the templates and options. */
  readonly staticRoot: string;
}

/** app.ini of a server that talks to loopback alone, sends nothing and does nothing by itself. */
export function giteaSettings({ folder, port, staticRoot }: GiteaSettings): string {
  const sections: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>> = {
    '': { RUN_MODE: 'prod', WORK_PATH: folder, I_AM_BEING_UNSAFE_RUNNING_AS_ROOT: true },
    server: {
      HTTP_ADDR: '127.0.0.1',
      HTTP_PORT: port,
      ROOT_URL: `http://127.0.0.1:${port}/`,
      STATIC_ROOT_PATH: staticRoot,
      APP_DATA_PATH: join(folder, 'data'),
      DISABLE_SSH: true,
      OFFLINE_MODE: true,
    },
    database: { DB_TYPE: 'sqlite3', PATH: join(folder, 'gitea.db') },
    security: { INSTALL_LOCK: true, PASSWORD_COMPLEXITY: 'off', MIN_PASSWORD_LENGTH: 6 },
    oauth2: { ENABLED: false },
    service: { DISABLE_REGISTRATION: true },
    repository: { ROOT: join(folder, 'repos'), DEFAULT_BRANCH: 'main' },
    session: { PROVIDER: 'memory' },
    indexer: { ISSUE_INDEXER_TYPE: 'db' },
    queue: { TYPE: 'channel' },
    cron: { ENABLED: false },
    actions: { ENABLED: true },
    mailer: { ENABLED: false },
    webhook: { ALLOWED_HOST_LIST: 'loopback', DELIVER_TIMEOUT: 5 },
    log: { MODE: 'console', LEVEL: 'Warn', ROOT_PATH: join(folder, 'log') },
  };
  return Object.entries(sections)
    .map(([name, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
      return [...(name === '' ? [] : [`[${name}]`]), ...lines, ''].join('\n');
    })
    .join('\n');
}
