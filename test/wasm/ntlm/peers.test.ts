// What other implementations do where MS-NLMP leaves room.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import { NtlmSession } from '../../../backends/wasm/ntlm/session.ts';
import { bytes, fails, hex } from './support.ts';

interface Session {
  name: string;
  source: string;
  flags: string;
  exportedSessionKey: string;
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/ntlm-peers.json', import.meta.url), 'utf8')) as {
  wraps: (Session & { messages: { message: string; token: string }[] })[];
  signatures: (Session & { message: string; signature: string })[];
  authenticate: { name: string; source: string; token: string }[];
};

function session({ flags, exportedSessionKey }: Session, initiator: boolean): NtlmSession {
  return new NtlmSession({
    initiator, flags: Number(flags), attributes: 0, names: { client: '', target: null }, exportedSessionKey: bytes(exportedSessionKey), mic: false,
    channelBindingsVerified: false, clientSpecifiedTarget: null,
  });
}

const test = suite('NTLM as its peers write it');

for (const vector of vectors.wraps) {
  test(`GSS_Wrap, ${vector.name}: ${vector.source}`, async () => {
    const initiator = session(vector, true);
    const acceptor = session(vector, false);
    for (const { message, token } of vector.messages) {
      assert.is(hex(initiator.wrap(bytes(message), true)), token);
      const unwrapped = acceptor.unwrap(bytes(token));
      assert.is(hex(unwrapped.message), message);
      assert.is(unwrapped.encrypted, true);
    }
    const { token } = vector.messages[0]!;
    await fails('SEC_E_OUT_OF_SEQUENCE', () => acceptor.unwrap(bytes(token)));
  });
}

for (const vector of vectors.signatures) {
  test(`GSS_GetMIC, ${vector.name}: ${vector.source}`, async () => {
    assert.is(hex(session(vector, true).makeSignature([bytes(vector.message)], 0)), vector.signature);
    const acceptor = session(vector, false);
    assert.is(acceptor.verifySignature([bytes(vector.message)], bytes(vector.signature)), 0);
    // the dummy signature proves nothing, so it never lets a wrapped message pass
    await fails('SEC_E_MESSAGE_ALTERED', () => acceptor.unwrap(bytes(vector.signature + vector.message)));
  });
}

for (const { name, source, token } of vectors.authenticate) {
  test(`AUTHENTICATE, ${name}: ${source}`, () => {
    assert.is(parseNtlmMessage(bytes(token)).kind, 'AUTHENTICATE');
  });
}

test.run();
