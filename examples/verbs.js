// The SSPI verbs, as one would call them from C: handles, buffers, statuses, flags.
import {
  ASC_REQ_CONFIDENTIALITY, ISC_REQ_CONFIDENTIALITY, ISC_REQ_REPLAY_DETECT, ISC_RET_CONFIDENTIALITY, SECBUFFER_DATA, SECBUFFER_TOKEN, SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_SIZES, SECPKG_CRED_INBOUND, SEC_E_OK, SEC_I_CONTINUE_NEEDED, acceptSecurityContext, acquireCredentialsHandle, decryptMessage, deleteSecurityContext,
  encryptMessage, freeCredentialsHandle, initializeSecurityContext, queryContextAttributes, statusName,
} from 'portable-sspi';

const { credential: outbound } = await acquireCredentialsHandle({ package: 'Negotiate', authData: { user: 'ADTEST\\alice', password: 'Passw0rd!' } });
const { credential: inbound } = await acquireCredentialsHandle({
  package: 'Negotiate', credentialUse: SECPKG_CRED_INBOUND, authData: { accounts: ({ user }) => (user === 'alice' ? { password: 'Passw0rd!' } : null) },
});

let client;
let server;
let toClient = [];
for (let leg = 1; client?.status !== SEC_E_OK || server?.status !== SEC_E_OK; leg++) {
  client = await initializeSecurityContext({
    credential: outbound, context: client?.context, targetName: 'HTTP/web.ad.test', contextReq: ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT, input: toClient,
  });
  console.log(`InitializeSecurityContext ${leg}: ${statusName(client.status)}`);
  if (client.output[0].data.length === 0) break;
  server = await acceptSecurityContext({ credential: inbound, context: server?.context, contextReq: ASC_REQ_CONFIDENTIALITY, input: client.output });
  console.log(`AcceptSecurityContext ${leg}: ${statusName(server.status)}`);
  if (server.status !== SEC_E_OK && server.status !== SEC_I_CONTINUE_NEEDED) throw new Error(statusName(server.status));
  toClient = server.output;
}
console.log('confidentiality:', (client.contextAttr & ISC_RET_CONFIDENTIALITY) !== 0);
console.log('who:', queryContextAttributes(server.context, SECPKG_ATTR_NATIVE_NAMES).clientName);

// EncryptMessage works in place: the message's memory holds the ciphertext afterwards, the TOKEN buffer the signature.
const { securityTrailer } = queryContextAttributes(client.context, SECPKG_ATTR_SIZES);
const buffers = [
  { type: SECBUFFER_TOKEN, data: new Uint8Array(securityTrailer) },
  { type: SECBUFFER_DATA, data: new TextEncoder().encode('sealed in place') },
];
encryptMessage(client.context, { buffers });
decryptMessage(server.context, { buffers });
console.log('message:', new TextDecoder().decode(buffers[1].data));

for (const { context } of [client, server]) deleteSecurityContext(context);
for (const credential of [outbound, inbound]) freeCredentialsHandle(credential);
