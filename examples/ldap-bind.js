// LDAP: a SASL bind with GSS-SPNEGO, as a Windows client does it at port 389, and a sealed question behind it: who am I?
// Of a domain controller where LDAP_HOST, SSPI_USER and SSPI_PASSWORD are set; else of a stand-in in this process, which understands just this.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createAcceptor, createInitiator } from 'portable-sspi';

const SUCCESS = 0;
const BIND_IN_PROGRESS = 14;
const WHO_AM_I = '1.3.6.1.4.1.4203.1.11.3'; // RFC 4532

/** Binds, and returns a function that sends one operation under the security layer. */
async function bind(socket, context) {
  const incoming = messages(socket);
  let id = 0;
  const ask = async (operation, protect = (bytes) => bytes) => {
    socket.write(protect(tlv(0x30, tlv(0x02, [++id]), operation)));
    const { value, done } = await incoming.next();
    if (done) throw new Error('the server hung up');
    return value;
  };

  let result;
  for (let token = await context.step(); token !== null; token = result.token && await context.step(result.token)) {
    result = bindResult(await ask(tlv(0x60, tlv(0x02, [3]), tlv(0x04), tlv(0xa3, tlv(0x04, 'GSS-SPNEGO'), tlv(0x04, token)))));
    if (result.code !== SUCCESS && result.code !== BIND_IN_PROGRESS) throw new Error(`the server refuses the bind: ${result.code} ${result.text}`);
  }
  if (!context.complete || result.code !== SUCCESS) throw new Error('the bind came to no end');

  // RFC 4422 §3.7: from here on a length of four bytes and a wrap token, both ways.
  incoming.unwrap = (token) => context.unwrap(token).message;
  return (operation) => ask(operation, (bytes) => framed(context.wrap(bytes)));
}

async function whoAmI(host, port, credential) {
  const socket = connect(port, host);
  await once(socket, 'connect');
  const context = await createInitiator({ target: `ldap/${host}`, credential }); // the default flags sign and seal
  try {
    const ask = await bind(socket, context);
    const [, answer] = elements(elements(await ask(tlv(0x77, tlv(0x80, WHO_AM_I))))[0].content);
    const name = elements(answer.content).find(({ tag }) => tag === 0x8b);
    return `${name.content}, by ${context.package}`;
  } finally {
    context.dispose();
    socket.destroy();
  }
}

if (process.env.LDAP_HOST) {
  console.log(await whoAmI(process.env.LDAP_HOST, 389, { user: process.env.SSPI_USER, password: process.env.SSPI_PASSWORD }));
} else {
  const server = createServer((socket) => void standIn(socket).catch((error) => socket.destroy(error)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const port = server.address().port;
  console.log(await whoAmI('127.0.0.1', port, { user: 'ADTEST\\alice', password: 'Passw0rd!' })); // → u:ADTEST\alice, by NTLM
  await whoAmI('127.0.0.1', port, { user: 'ADTEST\\alice', password: 'guess' }).catch((error) => console.log(error.message)); // → the server refuses the bind: 49 invalidCredentials
  server.close();
}

/** One connection of a server that authenticates and tells the name. */
async function standIn(socket) {
  const context = await createAcceptor({ credential: { accounts: () => ({ password: 'Passw0rd!' }) } });
  const incoming = messages(socket);
  for await (const message of incoming) {
    const [id, operation] = elements(elements(message)[0].content);
    const reply = (tag, code, text, ...more) => tlv(0x30, tlv(0x02, id.content), tlv(tag, tlv(0x0a, [code]), tlv(0x04), tlv(0x04, text), ...more));
    if (operation.tag === 0x60) {
      const [, token] = elements(elements(operation.content)[2].content);
      try {
        const answer = await context.step(new Uint8Array(token.content));
        socket.write(reply(0x61, context.complete ? SUCCESS : BIND_IN_PROGRESS, '', ...(answer ? [tlv(0x87, answer)] : [])));
      } catch {
        socket.end(reply(0x61, 49, 'invalidCredentials'));
      }
      if (context.complete) incoming.unwrap = (token) => context.unwrap(token).message;
    } else {
      socket.write(framed(context.wrap(reply(0x78, SUCCESS, '', tlv(0x8b, `u:${context.peer}`)))));
    }
  }
}

/** LDAP messages, one after the other; once `unwrap` is set, each comes in a frame of the security layer. */
function messages(socket) {
  const reading = async function* () {
    let bytes = Buffer.alloc(0);
    for await (const chunk of socket) {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        const length = incoming.unwrap ? (bytes.length < 4 ? Infinity : 4 + bytes.readUInt32BE()) : (elements(bytes)[0]?.size ?? Infinity);
        if (bytes.length < length) break;
        const one = bytes.subarray(0, length);
        bytes = bytes.subarray(length);
        yield incoming.unwrap ? Buffer.from(incoming.unwrap(new Uint8Array(one.subarray(4)))) : one;
      }
    }
  };
  const incoming = reading();
  return incoming;
}

function bindResult(message) {
  const [code, , text, ...more] = elements(elements(elements(message)[0].content)[1].content);
  const token = more.find(({ tag }) => tag === 0x87);
  return { code: code.content[0], text: String(text.content), token: token ? new Uint8Array(token.content) : null };
}

function framed(token) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(token.length);
  return Buffer.concat([length, token]);
}

/** BER, as much of it as LDAP needs here. */
function tlv(tag, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

/** The elements that are there whole. */
function elements(bytes) {
  const found = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const octets = bytes[at + 1] < 128 ? 0 : bytes[at + 1] & 0x7f;
    if (at + 2 + octets > bytes.length) break;
    const length = octets === 0 ? bytes[at + 1] : bytes.readUIntBE(at + 2, octets);
    const from = at + 2 + octets;
    if (from + length > bytes.length) break;
    found.push({ tag: bytes[at], content: bytes.subarray(from, from + length), size: from + length - at });
    at = from + length;
  }
  return found;
}
