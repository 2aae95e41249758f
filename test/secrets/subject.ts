/*
 * The process whose memory is read. It is told what to do and keeps no secret itself: what it is given comes as hexadecimal text,
 * what it reports is masked. It never collects garbage in the middle, since V8 moves small arrays then and leaves copies that nobody can wipe.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import type { AcceptorData, AuthData } from '../../backends/contract/credentials.ts';
import { createAcceptor, createInitiator, type SecurityContext } from '../../src/index.ts';
import { mask, type Order, type Report } from './protocol.ts';

let collections = 0;
new PerformanceObserver((list) => { collections += list.getEntries().length; }).observe({ entryTypes: ['gc'] });

const waiting = new Map<number, (reply: Uint8Array) => void>();
let asked = 0;
let release = () => {};

process.on('message', (message: { order: Order } | { reply: string; id: number } | 'release') => {
  if (message === 'release') return release();
  if ('reply' in message) return waiting.get(message.id)!(unhex(message.reply));
  void run(message.order);
});

process.on('disconnect', () => process.exit());

const tell = (report: Report) => process.send!(report);

async function run(order: Order): Promise<void> {
  (globalThis as { gc?: () => void }).gc!();
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  collections = 0;
  const planted = crypto.getRandomValues(new Uint8Array(16));
  const sessionKeys: string[] = [];
  let failure = '';
  const client = await createInitiator({ target: order.target, credential: clientData(order), packageList: order.packageList, kerberos: { transport, defaultRealm: 'TEST.REALM' }, ...order.client });
  const server = await createAcceptor({ credential: serverData(order), packageList: order.packageList, ...order.server });
  try {
    await handshake(client, server, order);
    if (client.complete && server.complete) {
      for (const context of [client, server]) {
        const key = context.sessionKey;
        sessionKeys.push(mask(key));
        key.fill(0);
      }
      exchange(client, server);
    }
  } catch (error) {
    failure = (error as { code: string }).code;
  }
  tell({ stage: 'alive', failure, sessionKeys, planted: mask(planted) });
  await new Promise<void>((resolve) => { release = resolve; });
  client[Symbol.dispose]();
  server[Symbol.dispose]();
  for (const bytes of given.splice(0)) bytes.fill(0);
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  tell({ stage: 'deleted', collections, planted: mask(planted) });
}

async function handshake(client: SecurityContext, server: SecurityContext, { legs = 9, altered = 0 }: Order): Promise<void> {
  let token = await client.step();
  for (let leg = 1; token !== null && leg < legs; leg++) {
    if (leg === altered) token[token.length - 3]! ^= 1;
    token = await (leg % 2 === 1 ? server : client).step(token);
  }
}

function exchange(client: SecurityContext, server: SecurityContext): void {
  for (const length of [0, 100, 70_000]) {
    server.unwrap(client.wrap(new Uint8Array(length)));
    client.unwrap(server.wrap(new Uint8Array(length)));
    server.verify(new Uint8Array(length), client.sign(new Uint8Array(length)));
  }
  try {
    server.unwrap(client.wrap(new Uint8Array(100)).fill(1, 20, 30));
  } catch { /* the context goes on */ }
}

function clientData({ user, password, clientKeytab, ntHash }: Order): AuthData {
  if (clientKeytab !== undefined) return { user, keytab: unhex(clientKeytab) };
  return ntHash !== undefined ? { user, ntHash: unhex(ntHash) } : { user, password: password! };
}

function serverData({ keytab, account }: Order): AcceptorData {
  return { ...(keytab !== undefined && { keytab: unhex(keytab) }), ...(account !== undefined && { accounts: () => ({ password: account }) }) };
}

/** The caller's own copies, which are the caller's to wipe. */
const given: Uint8Array[] = [];

function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  given.push(bytes);
  return bytes;
}

const transport = {
  send: (_realm: string, message: Uint8Array) => new Promise<Uint8Array>((resolve) => {
    waiting.set(asked, resolve);
    tell({ stage: 'kdc', id: asked++, message: Buffer.from(message).toString('hex') });
  }),
};
