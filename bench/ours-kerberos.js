// What is measured of Kerberos: dist/, as it is published, through its public verbs; serves jobs. With a credential cache, a keytab and a krb5.conf
// as arguments it uses these, and a realm in memory without. WASM_ALONE: the host's AES is hidden.
import { createTestRealm } from '../dist/node/testing.js';
import { serveJobs } from './process.js';

if (process.env.WASM_ALONE) process.getBuiltinModule = undefined;
const sspi = await import('../dist/node/index.js');
const { acquireCredentialsHandle, createAcceptor, createInitiator } = sspi;
const FLAGS = sspi.ISC_REQ_MUTUAL_AUTH | sspi.ISC_REQ_REPLAY_DETECT | sspi.ISC_REQ_SEQUENCE_DETECT | sspi.ISC_REQ_CONFIDENTIALITY | sspi.ISC_REQ_INTEGRITY;
const TARGET = 'HTTP/web.ad.test';
const KERBEROS = { package: 'Kerberos', backend: 'wasm' };

const { client, server } = await credentials(...process.argv.slice(2));

async function credentials(ccache, keytab, configuration) {
  if (configuration !== undefined) process.env.KRB5_CONFIG = configuration;
  const realm = ccache === undefined ? await createTestRealm({ realm: 'AD.TEST', users: { alice: 'Passw0rd!' }, services: [TARGET], etypes: ['aes256-cts-hmac-sha1-96'] }) : null;
  const outbound = realm === null ? { authData: { ccache } } : { authData: { user: 'alice@AD.TEST', password: 'Passw0rd!' }, kerberos: realm.kerberos };
  const { credential: client } = await acquireCredentialsHandle({ ...KERBEROS, ...outbound });
  const { credential: server } = await acquireCredentialsHandle({
    ...KERBEROS, credentialUse: sspi.SECPKG_CRED_INBOUND, authData: { keytab: realm === null ? keytab : realm.keytab(TARGET) },
  });
  return { client, server };
}

/** Both sides: AP-REQ and AP-REP. The caller disposes of the contexts. */
async function establish() {
  const initiator = await createInitiator({ ...KERBEROS, target: TARGET, credential: client, flags: FLAGS });
  const acceptor = await createAcceptor({ ...KERBEROS, credential: server });
  await initiator.step(await acceptor.step(await initiator.step()));
  if (!initiator.complete || !acceptor.complete || (initiator.attributes & sspi.ISC_RET_MUTUAL_AUTH) === 0) throw new Error('the handshake did not complete');
  return { initiator, acceptor };
}

async function handshake() {
  const { initiator, acceptor } = await establish();
  initiator[Symbol.dispose]();
  acceptor[Symbol.dispose]();
}

/** A function that wraps a message of this many bytes on one side and unwraps it on the other. */
async function sealer(length) {
  const { initiator, acceptor } = await establish();
  const message = new Uint8Array(length).fill(0x61);
  return () => {
    const { message: opened, encrypted } = acceptor.unwrap(initiator.wrap(message));
    if (!encrypted || opened.length !== length || opened[length - 1] !== 0x61) throw new Error('the message did not survive');
  };
}

await serveJobs({ handshake, seal64: await sealer(64), seal65536: await sealer(65536) });
