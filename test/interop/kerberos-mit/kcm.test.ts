// KCM caches with sssd's daemon and MIT's programs: what either writes the other reads.
import * as assert from 'uvu/assert';
import { CredentialCache, kinit as ourKinit } from '../../../src/kerberos/index.ts';
import { hex } from '../lab/handshake.ts';
import { kdc, startRealms, type MitRealms } from '../lab/kdc.ts';
import { peerSuite } from '../lab/peer.ts';
import { run, type Running } from '../lab/processes.ts';
import { startSssdKcm, sssdKcm } from '../lab/sssd-kcm.ts';
import { ALICE, PASSWORD } from './fixture.ts';

const check = peerSuite('KCM caches with sssd-kcm', kdc, sssdKcm);
let realms: MitRealms;
let daemon: Running;
check.before(async () => {
  realms = await startRealms({ 'LAB.TEST': [`addprinc -pw ${PASSWORD} alice`, `addprinc -pw ${PASSWORD} bob`, 'addprinc -randkey HTTP/web.lab.test'] });
  daemon = await startSssdKcm();
  await mit('kdestroy', '-A');
});
check.after(async () => {
  await mit('kdestroy', '-A');
  daemon.stop();
  realms.stop();
});

/** One of MIT's programs, on the caches of the daemon; what it says. */
async function mit(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, { env: realms.environment({ KRB5CCNAME: 'KCM:' }), input: `${PASSWORD}\n` });
  assert.is(code, 0, `${program} ${args.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}

check("MIT's klist and kvno use the tickets that we store", async () => {
  await ourKinit({ principal: ALICE, password: PASSWORD, kerberos: { krb5Conf: realms.krb5Conf }, ccache: 'KCM:' });
  assert.match(await mit('klist'), /Default principal: alice@LAB\.TEST[^]*krbtgt\/LAB\.TEST@LAB\.TEST/);
  assert.match(await mit('kvno', 'HTTP/web.lab.test'), /HTTP\/web\.lab\.test@LAB\.TEST: kvno = 1/);
  const cache = await CredentialCache.load('KCM:');
  assert.equal(cache.entries.map(({ server }) => server), ['krbtgt/LAB.TEST@LAB.TEST', 'HTTP/web.lab.test@LAB.TEST']);
});

check("the tickets that MIT's kinit stores; the last client is the default of both", async () => {
  await mit('kinit', 'bob@LAB.TEST');
  const bob = await CredentialCache.load('KCM:');
  assert.is(bob.principal, 'bob@LAB.TEST');
  assert.is(bob.entries[0]!.server, 'krbtgt/LAB.TEST@LAB.TEST');
  await ourKinit({ principal: ALICE, password: PASSWORD, kerberos: { krb5Conf: realms.krb5Conf }, ccache: 'KCM:' });
  assert.match(await mit('klist'), 'Default principal: alice@LAB.TEST');
  assert.is((await mit('klist', '-l')).match(/@LAB\.TEST/g)?.length, 2, 'one cache for each');
  await bob.save('KCM:');
  assert.match(await mit('klist'), 'Default principal: bob@LAB.TEST');
  assert.is(hex((await CredentialCache.load('KCM:')).entries[0]!.ticket), hex(bob.entries[0]!.ticket));
});

check('what is destroyed is gone for both', async () => {
  for (const expected of [true, true, false]) assert.is(await CredentialCache.destroy('KCM:'), expected);
  const { code } = await run('klist', ['-s'], { env: realms.environment({ KRB5CCNAME: 'KCM:' }) });
  assert.is(code, 1);
});

check.run();
