// httpntlm's three functions, the JavaScript client that most programs use. It makes an NTLMv2 response and no MIC, no session key.
const DOMAIN = 'ADTEST';

/**
 * @param {Uint8Array} challenge a CHALLENGE_MESSAGE
 * @returns {Promise<{ handshake(): string } | { absent: string }>} `handshake` makes both messages and gives the second
 */
export async function loadHttpntlm(challenge) {
  let ntlm;
  try {
    ({ default: ntlm } = await import('httpntlm/ntlm.js'));
  } catch (error) {
    return { absent: `httpntlm is skipped: ${error.message.split('\n')[0]}. Run: npm ci --prefix bench` };
  }
  const header = `NTLM ${Buffer.from(challenge).toString('base64')}`;
  const handshake = () => {
    ntlm.createType1Message({ domain: DOMAIN, workstation: 'CLIENT' });
    const parsed = ntlm.parseType2Message(header, (error) => { throw error; });
    return ntlm.createType3Message(parsed, { domain: DOMAIN, workstation: 'CLIENT', username: 'alice', password: 'Passw0rd!' });
  };
  requireNtlmv2(Buffer.from(handshake().slice('NTLM '.length), 'base64'));
  return { handshake };
}

/** An NTLMv1 response has 24 bytes; comparing with that would be comparing with less work. */
function requireNtlmv2(authenticate) {
  const ntResponseLength = authenticate.readUInt16LE(20);
  if (ntResponseLength <= 24) throw new Error(`httpntlm made an NTLMv1 response (${ntResponseLength} bytes)`);
}
