// MIT's Kerberos, with a KDC of its own on loopback: it gives one ticket of aes256-cts-hmac-sha1-96, which both sides of the comparison use.
import { join } from 'node:path';
import { kdc, startRealms } from '../../test/interop/lab/kdc.ts';
import { run } from '../../test/interop/lab/processes.ts';
import { firstLine, startGssPeer } from './gss-peer.js';

const NEEDED = 'Needed: gcc pkg-config libkrb5-dev krb5-kdc krb5-admin-server krb5-user';
const REALM = 'LAB.TEST';
const SERVICE = 'HTTP/web.ad.test';

/** Answers the peer and where its tickets and keys lie, or the reason why it is absent. */
export async function startMitKrb5() {
  const missing = kdc.unusable();
  if (missing !== null) return { absent: `MIT Kerberos is skipped: ${missing}. ${NEEDED}` };
  let realms;
  try {
    realms = await startRealms({
      [REALM]: ['addprinc -e aes256-cts:normal -pw Passw0rd! alice', `addprinc -e aes256-cts:normal -randkey ${SERVICE}`],
    }, '.ad.test = LAB.TEST\n');
    const keytab = await realms.keytab('service.keytab', REALM, SERVICE);
    const ccache = join(realms.folder, 'alice.ccache');
    const env = realms.environment({ KRB5CCNAME: `FILE:${ccache}`, KRB5_KTNAME: `FILE:${keytab}` });
    await must('kinit', [`alice@${REALM}`], { env, input: 'Passw0rd!\n' });
    await must('kvno', ['-e', 'aes256-cts-hmac-sha1-96', `${SERVICE}@${REALM}`], { env });
    const { run: job, close } = await startGssPeer('krb5', realms.folder, env);
    return {
      run: job, ccache, keytab, configuration: realms.configuration,
      close() {
        close();
        realms.stop();
      },
    };
  } catch (error) {
    realms?.stop();
    return { absent: `MIT Kerberos is skipped: ${firstLine(error)}. ${NEEDED}` };
  }
}

async function must(program, args, options) {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program}: ${stdout}${stderr}`);
}
