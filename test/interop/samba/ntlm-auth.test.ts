// Samba's own NTLMSSP and SPNEGO, by ntlm_auth: as the client of our acceptor, and as a server that asks the controller.
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator } from '../../../src/index.ts';
import { handshake, hex, peerRefuses, refuses } from '../lab/handshake.ts';
import { NtlmAuth, ntlmAuth } from '../lab/ntlm-auth.ts';
import { peerSuite } from '../lab/peer.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';

const check = peerSuite('NTLM and SPNEGO with ntlm_auth', samba, ntlmAuth);
let dc: DomainController;
let helpers: NtlmAuth[] = [];
check.before(async () => { dc = await domainController(); });
check.after(() => {
  for (const helper of helpers) helper.stop();
  helpers = [];
});

async function kept(helper: Promise<NtlmAuth>): Promise<NtlmAuth> {
  helpers.push(await helper);
  return helper;
}

for (const packageName of ['NTLM', 'Negotiate'] as const) {
  const ourClient = (password: string) =>
    createInitiator({ package: packageName, target: `HTTP/${dc.host}`, credential: { user: dc.user, domain: dc.domain, password } });
  const ourServer = () => createAcceptor({ package: packageName, credential: { accounts: ({ user }) => user === dc.user ? { password: dc.password } : null } });

  check(`${packageName}, we as client`, async () => {
    const ours = await ourClient(dc.password);
    const theirs = await kept(NtlmAuth.server(packageName, dc.configuration));
    await handshake(ours, theirs);
    assert.is(theirs.user, `${dc.domain}\\${dc.user}`);
    const key = await theirs.sessionKey();
    if (packageName === 'Negotiate') assert.is(hex(ours.sessionKey), hex(key!)); // its squid protocol tells none
  });

  check(`${packageName}, we as client with a wrong password`, async () => {
    const ours = await ourClient('wrong');
    const theirs = await kept(NtlmAuth.server(packageName, dc.configuration));
    const authenticate = await ours.step(await theirs.step(await ours.step(null)));
    await peerRefuses(() => theirs.step(authenticate));
    assert.is(theirs.complete, false);
  });

  check(`${packageName}, we as server`, async () => {
    const theirs = await kept(NtlmAuth.client(packageName, dc.configuration, dc));
    const ours = await ourServer();
    await handshake(theirs, ours);
    assert.is(ours.peer, `${dc.domain}\\${dc.user}`);
    assert.is(hex(ours.sessionKey), hex((await theirs.sessionKey())!));
  });

  check(`${packageName}, we as server: a wrong password is SEC_E_LOGON_DENIED`, async () => {
    const theirs = await kept(NtlmAuth.client(packageName, dc.configuration, { ...dc, password: 'wrong' }));
    const ours = await ourServer();
    const authenticate = await theirs.step(await ours.step(await theirs.step(null)));
    await refuses(() => ours.step(authenticate), 'SEC_E_LOGON_DENIED');
    assert.is(ours.complete, false);
  });
}

check.run();
