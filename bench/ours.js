// What is measured of portable-sspi: dist/, as it is published, through its public verbs. Run by itself it serves jobs.
import { fileURLToPath } from 'node:url';
import * as sspi from '../dist/node/index.js';
import { windowsChallenge } from './challenge.js';
import { serveJobs } from './process.js';

const { acquireCredentialsHandle, createAcceptor, createInitiator, deleteSecurityContext, freeCredentialsHandle, initializeSecurityContext } = sspi;
const FLAGS = sspi.ISC_REQ_MUTUAL_AUTH | sspi.ISC_REQ_REPLAY_DETECT | sspi.ISC_REQ_SEQUENCE_DETECT | sspi.ISC_REQ_CONFIDENTIALITY | sspi.ISC_REQ_INTEGRITY;
const TARGET = 'HTTP/web.ad.test';
const ALICE = { user: 'alice', domain: 'ADTEST', password: 'Passw0rd!' };
const BACKEND = 'wasm';

export async function prepare() {
  const { credential: ntlm } = await acquireCredentialsHandle({ package: 'NTLM', authData: ALICE, backend: BACKEND });
  const acquireClient = () => acquireCredentialsHandle({ package: 'Negotiate', packageList: 'NTLM', authData: ALICE, backend: BACKEND });
  const acquireServer = () => acquireCredentialsHandle({
    package: 'Negotiate', packageList: 'NTLM', credentialUse: sspi.SECPKG_CRED_INBOUND, backend: BACKEND,
    authData: { accounts: ({ user }) => (user.toLowerCase() === 'alice' ? { password: ALICE.password } : null) },
  });
  const { credential: client } = await acquireClient();
  const { credential: server } = await acquireServer();

  /** NEGOTIATE, then the given CHALLENGE to AUTHENTICATE, by the verbs. */
  async function clientHandshake(challenge, credential = ntlm) {
    const first = await initializeSecurityContext({ credential, targetName: TARGET, contextReq: FLAGS });
    const second = await initializeSecurityContext({
      credential, context: first.context, targetName: TARGET, contextReq: FLAGS, input: [{ type: sspi.SECBUFFER_TOKEN, data: challenge }],
    });
    deleteSecurityContext(second.context);
    return second.output[0].data;
  }

  async function freshClientHandshake(challenge) {
    const { credential } = await acquireCredentialsHandle({ package: 'NTLM', authData: ALICE, backend: BACKEND });
    const token = await clientHandshake(challenge, credential);
    freeCredentialsHandle(credential);
    return token;
  }

  /** Both sides, SPNEGO, mechListMIC both ways. The caller disposes of the contexts. */
  async function establish(outbound = client, inbound = server) {
    const initiator = await createInitiator({ target: TARGET, credential: outbound, package: 'Negotiate', flags: FLAGS, backend: BACKEND });
    const acceptor = await createAcceptor({ credential: inbound, package: 'Negotiate', backend: BACKEND });
    let token = await initiator.step();
    while (token !== null) {
      const answer = await acceptor.step(token);
      token = answer === null ? null : await initiator.step(answer);
    }
    if (!initiator.complete || !acceptor.complete) throw new Error('the handshake did not complete');
    return { initiator, acceptor };
  }

  async function handshake() {
    const { initiator, acceptor } = await establish();
    initiator[Symbol.dispose]();
    acceptor[Symbol.dispose]();
  }

  /** With credentials acquired and freed on both sides. */
  async function freshHandshake() {
    const { credential: outbound } = await acquireClient();
    const { credential: inbound } = await acquireServer();
    const { initiator, acceptor } = await establish(outbound, inbound);
    initiator[Symbol.dispose]();
    acceptor[Symbol.dispose]();
    freeCredentialsHandle(outbound);
    freeCredentialsHandle(inbound);
  }

  /** A function that seals a message of this many bytes on one side and unseals it on the other. */
  async function sealer(length) {
    const { initiator, acceptor } = await establish();
    const message = new Uint8Array(length).fill(0x61);
    return () => {
      const { message: opened, encrypted } = acceptor.unwrap(initiator.wrap(message));
      if (!encrypted || opened.length !== length || opened[length - 1] !== 0x61) throw new Error('the message did not survive');
    };
  }

  return { clientHandshake, freshClientHandshake, handshake, freshHandshake, sealer };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const challenge = await windowsChallenge();
  const { clientHandshake, freshClientHandshake, handshake, freshHandshake, sealer } = await prepare();
  requireMic(await clientHandshake(challenge));
  await serveJobs({
    client: () => clientHandshake(challenge),
    'client-fresh': () => freshClientHandshake(challenge),
    handshake,
    'handshake-fresh': freshHandshake,
    seal64: await sealer(64),
    seal65536: await sealer(65536),
  });
}

/** MS-NLMP 2.2.1.3: the MIC's place, and bit 2 of MsvAvFlags that says so. */
function requireMic(authenticate) {
  const mic = authenticate.subarray(72, 88);
  const flags = Buffer.from(authenticate).indexOf(Buffer.from('0600040002000000', 'hex'));
  if (mic.every((byte) => byte === 0) || flags < 0) throw new Error('our AUTHENTICATE carries no MIC: the comparison would not be the promised one');
}
