// A protocol of one's own over TCP: each frame is a 4-byte length and a token; after the handshake, a sealed message.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createAcceptor, createInitiator } from 'portable-sspi';

/** Frames of a socket, one after the other. */
async function* frames(socket) {
  let waiting = Buffer.alloc(0);
  for await (const chunk of socket) {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE(0)) {
      const end = 4 + waiting.readUInt32BE(0);
      yield new Uint8Array(waiting.subarray(4, end));
      waiting = waiting.subarray(end);
    }
  }
}

function send(socket, bytes) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  socket.write(Buffer.concat([length, bytes]));
}

/** Steps until this side is complete and the peer needs nothing more. */
async function authenticate(context, socket, incoming) {
  while (!context.complete) {
    const { value: token, done } = await incoming.next();
    if (done) throw new Error('the peer hung up');
    const answer = await context.step(token);
    if (answer !== null) send(socket, answer);
  }
}

const server = createServer(async (socket) => {
  const context = await createAcceptor({ credential: { accounts: () => ({ password: 'Passw0rd!' }) } });
  const incoming = frames(socket);
  await authenticate(context, socket, incoming);
  for await (const frame of incoming) {
    const question = new TextDecoder().decode(context.unwrap(frame).message);
    send(socket, context.wrap(new TextEncoder().encode(`${context.peer} asked: ${question}`)));
  }
  context.dispose();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const socket = connect(server.address().port, '127.0.0.1');
const client = await createInitiator({ target: 'chat/127.0.0.1', credential: { user: 'alice', domain: 'ADTEST', password: 'Passw0rd!' } });
const incoming = frames(socket);
send(socket, await client.step());
await authenticate(client, socket, incoming);

send(socket, client.wrap(new TextEncoder().encode('is anybody there?')));
const { value: reply } = await incoming.next();
console.log(new TextDecoder().decode(client.unwrap(reply).message)); // → ADTEST\alice asked: is anybody there?

client.dispose();
socket.end();
server.close();
