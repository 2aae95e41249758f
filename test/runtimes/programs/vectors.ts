import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  acquireCredentialsHandle, initializeSecurityContext, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, queryContextAttributes, SECPKG_ATTR_SESSION_KEY,
} from '../../../src/index.ts';
import { inspectToken } from '../../../src/inspect/index.ts';
import { CredentialCache, Keytab } from '../../../src/kerberos/index.ts';
import { hex, token } from '../../contract/support.ts';
import { tokenOf } from '../../contract/drive.ts';
import { bytes } from './bytes.ts';
import type { Task } from './task.ts';
import { repeat } from './transcript.ts';

/** The same vectors give the same bytes here as everywhere. */
export function vectorSuite(task: Task): void {
  const test = suite('vectors');
  const { windows, stringToKey, keytabs, caches, inspections } = task.vectors;

  test('NTLM: the messages of Windows Server 2019, to the byte', async () => {
    const draws = [bytes(windows.machineId), bytes(windows.clientChallenge + windows.exportedSessionKey)];
    const random = (length: number) => {
      const drawn = draws.shift();
      if (drawn?.length !== length) throw new Error(`${length} random bytes were drawn`);
      return drawn;
    };
    const { credential } = await acquireCredentialsHandle({
      package: 'NTLM', backend: 'wasm', authData: { user: windows.user, password: windows.password },
      ntlm: { workstation: 'SERVER2019', emptyChannelBindings: true }, host: { random },
    });
    const asked = { credential, targetName: 'HOST\\dc01.domain.local', contextReq: ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY };
    const first = await initializeSecurityContext(asked);
    assert.is(hex(tokenOf(first)), windows.negotiate);
    const last = await initializeSecurityContext({ ...asked, context: first.context, input: [token(bytes(windows.challenge))] });
    assert.is(hex(tokenOf(last)), windows.authenticate);
    assert.is(hex(queryContextAttributes(last.context, SECPKG_ATTR_SESSION_KEY).sessionKey), windows.exportedSessionKey);
  });

  for (const { etype, password, principal, salt, key } of stringToKey) {
    test(`Kerberos: string-to-key of ${etype}`, async () => {
      const keytab = await Keytab.fromPassword(principal, password, { etypes: [etype], salt });
      assert.is(hex(keytab.entries[0]!.key), key);
    });
  }

  test('Kerberos: keytabs and caches of MIT are read and written as they were', () => {
    for (const file of keytabs) assert.is(hex(Keytab.parse(bytes(file)).toBytes()), file);
    for (const file of caches) assert.is(hex(CredentialCache.parse(bytes(file)).toBytes()), file);
  });

  test('every handshake and message of the transcript: NTLM, SPNEGO, Kerberos', async () => {
    const lines = await repeat(task, task.transcript);
    for (const [index, line] of task.transcript.lines.entries()) assert.is(lines[index], line);
    assert.is(lines.length, task.transcript.lines.length);
  });

  test('inspectToken says the same of captured tokens', () => {
    for (const { token: captured, tree } of inspections) assert.is(JSON.stringify(inspectToken(captured)), tree);
  });

  test.run();
}
