// Apache httpd with mod_auth_gssapi, NTLM by gss-ntlmssp: an origin server over HTTP and HTTPS, and a forward proxy.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Peer, hasProgram, packageVersion } from './peer.ts';
import { freePort, run, start, temporaryFolder, type Running } from './processes.ts';

export const apache: Peer = {
  name: 'Apache mod_auth_gssapi',
  packages: ['apache2', 'libapache2-mod-auth-gssapi', 'gss-ntlmssp'],
  unusable() {
    if (!existsSync(HTTPD)) return `${HTTPD} is not installed`;
    if (!existsSync(`${MODULES}/mod_auth_gssapi.so`)) return 'libapache2-mod-auth-gssapi is not installed';
    if (!hasProgram('openssl')) return 'openssl is not installed';
    return packageVersion('gss-ntlmssp') === null ? 'gss-ntlmssp is not installed' : null;
  },
};

export interface Apache {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** https://127.0.0.1:PORT, with the certificate `certificate` (PEM). */
  readonly secureUrl: string;
  /** The same in a hurry: a connection carries five requests, and waits a second for the next. */
  readonly hurriedUrl: string;
  /** http://127.0.0.1:PORT of the forward proxy, which tunnels to `secureUrl` as well. */
  readonly proxyUrl: string;
  readonly certificate: string;
  /** Lines of the access log: `status user connection-id keepalive-number method path`. */
  accessLog(): string[];
  errorLog(): string;
  stop(): void;
}

/**
 * `/` demands Negotiate and answers with `hello`; `/echo` does, too, and answers a POST with its body and the user's name in
 * X-User; `/open` demands nothing. `/slow` answers after three seconds. The proxy demands Proxy-Authorization for every request.
 *
 * @param accounts lines of `DOMAIN:user:password`, for NTLM
 * @param kerberos the path of a keytab, and of the krb5.conf that goes with it
 */
export async function startApache(accounts: string[], kerberos?: { keytab: string; configuration: string }): Promise<Apache> {
  const folder = temporaryFolder('apache');
  const [port, securePort, proxyPort, hurriedPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const file = (name: string): string => join(folder, name);
  for (const path of ['/', '/echo', '/open', '/slow']) mkdirSync(join(folder, 'htdocs', path), { recursive: true });
  writeFileSync(file('htdocs/index.html'), 'hello');
  writeFileSync(file('htdocs/open/index.html'), 'open');
  writeFileSync(file('htdocs/echo/index.cgi'), ECHO, { mode: 0o755 });
  writeFileSync(file('htdocs/slow/index.cgi'), SLOW, { mode: 0o755 });
  writeFileSync(file('accounts'), `${accounts.join('\n')}\n`);
  if (kerberos !== undefined) writeFileSync(file('keytab'), readFileSync(kerberos.keytab), { mode: 0o644 }); // Apache gives up root before it reads it
  await selfSigned(file('key.pem'), file('certificate.pem'));
  writeFileSync(file('httpd.conf'), configuration(folder, port, securePort, proxyPort, hurriedPort));

  const running: Running = start(HTTPD, ['-DFOREGROUND', '-f', file('httpd.conf')], {
    env: {
      PATH: process.env.PATH, NTLM_USER_FILE: file('accounts'), KRB5_CONFIG: kerberos?.configuration ?? '/dev/null', KRB5RCACHENAME: 'none:',
      ...(kerberos !== undefined && { KRB5_KTNAME: file('keytab') }),
    },
  });
  const tail = (name: string): string => existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '';
  try {
    for (const each of [port, securePort, proxyPort, hurriedPort]) await running.listening(each);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${tail('error.log')}`);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    secureUrl: `https://127.0.0.1:${securePort}`,
    hurriedUrl: `http://127.0.0.1:${hurriedPort}`,
    proxyUrl: `http://127.0.0.1:${proxyPort}`,
    certificate: readFileSync(file('certificate.pem'), 'utf8'),
    accessLog: () => tail('access.log').trim().split('\n'),
    errorLog: () => tail('error.log'),
    stop: () => running.stop(),
  };
}

/** A certificate for localhost and 127.0.0.1, signed with SHA-256. */
export async function selfSigned(key: string, certificate: string): Promise<void> {
  const { code, stderr } = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256', '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate]);
  if (code !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
}

function configuration(folder: string, port: number, securePort: number, proxyPort: number, hurriedPort: number): string {
  const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_gssapi', 'dir', 'ssl', 'cgid', 'proxy', 'proxy_http', 'proxy_connect'];
  const gssapiLines = `
    AuthType GSSAPI
    AuthName "interop"
    GssapiSSLonly Off
    GssapiConnectionBound On
    GssapiAllowedMech krb5
    GssapiAllowedMech ntlmssp
    Require valid-user`;
  return `
ServerRoot "${folder}"
ServerName 127.0.0.1
PidFile "${folder}/httpd.pid"
DefaultRuntimeDir "${folder}"
Mutex pthread
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
Listen 127.0.0.1:${port}
Listen 127.0.0.1:${securePort}
Listen 127.0.0.1:${proxyPort}
Listen 127.0.0.1:${hurriedPort}
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ScriptSock "${folder}/cgid.sock"
StartServers 1
ServerLimit 2
ThreadsPerChild 16
MaxRequestWorkers 32
KeepAlive On
KeepAliveTimeout 30
LogLevel warn auth_gssapi:info
ErrorLog "${folder}/error.log"
LogFormat "%>s %u %{c}L %k %m %U" interop
CustomLog "${folder}/access.log" interop
DocumentRoot "${folder}/htdocs"
DirectoryIndex index.cgi index.html
<Directory "${folder}/htdocs">
    AllowOverride None
    Options ExecCGI
    ${gssapiLines.trim()}
</Directory>
<Directory "${folder}/htdocs/echo">
    SetHandler cgi-script
</Directory>
<Directory "${folder}/htdocs/slow">
    SetHandler cgi-script
</Directory>
<Directory "${folder}/htdocs/open">
    AuthType None
    Require all granted
</Directory>
<VirtualHost 127.0.0.1:${securePort}>
    SSLEngine On
    SSLCertificateFile "${folder}/certificate.pem"
    SSLCertificateKeyFile "${folder}/key.pem"
</VirtualHost>
<VirtualHost 127.0.0.1:${hurriedPort}>
    MaxKeepAliveRequests 5
    KeepAliveTimeout 1
</VirtualHost>
<VirtualHost 127.0.0.1:${proxyPort}>
    ProxyRequests On
    AllowCONNECT ${securePort}
    <Proxy "*">
${gssapiLines}
    </Proxy>
</VirtualHost>
`;
}

const HTTPD = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';
const ECHO = `#!/bin/sh
printf 'Content-Type: application/octet-stream\\r\\nX-User: %s\\r\\nX-Method: %s\\r\\n\\r\\n' "$REMOTE_USER" "$REQUEST_METHOD"
exec cat
`;
const SLOW = `#!/bin/sh
sleep 3
printf 'Content-Type: text/plain\\r\\n\\r\\nat last'
`;
