// A program of its own, so that NODE_EXTRA_CA_CERTS counts: logs on through a KDC proxy with the runtime's own fetch.
import { createAcceptor, createInitiator } from '../../../src/index.ts';

const { url, realm, user, password, target, keytab } = JSON.parse(process.argv[2]!) as Record<string, string>;
const client = await createInitiator({
  package: 'Kerberos', target: target!, credential: { user: user!, password: password! }, kerberos: { krb5Conf: '', defaultRealm: realm!, realms: { [realm!]: { kdc: [url!] } } },
});
const server = await createAcceptor({ package: 'Kerberos', credential: { keytab: keytab! } });
await client.step(await server.step(await client.step()));
process.stdout.write(`${server.peer} ${client.complete}\n`);
