/** Certificates for a test, made by openssl: a CA and servers of it. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Authority {
  readonly caFile: string;
  /** A certificate with this common name, for 127.0.0.1 and localhost or for the names that are given. */
  issue(name: string, names?: string): Certificate;
}

/** A new CA in a folder. */
export function authority(dir: string, name = 'ca'): Authority {
  const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const key = (file: string): unknown =>
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', file);
  const caFile = join(dir, `${name}.pem`);
  const caKey = join(dir, `${name}.key`);
  key(caKey);
  openssl('req', '-x509', '-new', '-key', caKey, '-subj', `/CN=${name}`, '-days', '2', '-out', caFile);
  return {
    caFile,
    issue(server, names = 'IP:127.0.0.1,DNS:localhost') {
      const [certFile, keyFile, request, extensions] = ['.pem', '.key', '.csr', '.ext'].map((end) =>
        join(dir, `${server}${end}`),
      ) as [string, string, string, string];
      key(keyFile);
      writeFileSync(extensions, `subjectAltName=${names}\n`);
      openssl('req', '-new', '-key', keyFile, '-subj', `/CN=${server}`, '-out', request);
      const signed = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extensions];
      openssl('x509', '-req', '-in', request, ...signed, '-out', certFile);
      return { certFile, keyFile };
    },
  };
}
