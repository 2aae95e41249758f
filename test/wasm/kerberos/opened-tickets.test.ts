import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TicketPart } from '../../../backends/wasm/kerberos/ap-exchange/ap-req.ts';
import { createKerberosKey } from '../../../backends/wasm/kerberos/etypes/index.ts';
import { OpenedTickets } from '../../../backends/wasm/kerberos/opened-tickets.ts';

const test = suite('opened tickets');

const serviceKey = createKerberosKey(18, new Uint8Array(32).fill(1));
const cipherOf = (fill: number) => new Uint8Array(100).fill(fill);
const part = (fill: number): TicketPart => ({ realm: 'R', nameType: 1, names: ['a'], flags: 0, key: { type: 18, bytes: new Uint8Array(32).fill(fill) }, authtime: 0, endtime: 0 });
const never = (): TicketPart => { throw new Error('opened again'); };

test('a ticket that is known is not opened again', () => {
  const tickets = new OpenedTickets();
  const first = tickets.enter(serviceKey, cipherOf(1), () => part(1));
  assert.is(tickets.enter(serviceKey, cipherOf(1), never), first);
});

test('another key, another byte anywhere, another length: opened', () => {
  const tickets = new OpenedTickets();
  const first = tickets.enter(serviceKey, cipherOf(1), () => part(1));
  const other = createKerberosKey(18, new Uint8Array(32).fill(2));
  assert.is.not(tickets.enter(other, cipherOf(1), () => part(2)), first);
  for (const at of [0, 50, 99]) {
    const altered = cipherOf(1);
    altered[at] = 9;
    assert.throws(() => tickets.enter(serviceKey, altered, never), /opened again/);
  }
  assert.throws(() => tickets.enter(serviceKey, cipherOf(1).subarray(1), never), /opened again/);
});

test('what the caller does with its buffer afterwards changes nothing', () => {
  const tickets = new OpenedTickets();
  const buffer = Buffer.alloc(100, 1);
  tickets.enter(serviceKey, buffer, () => part(1));
  buffer[50] = 7;
  assert.throws(() => tickets.enter(serviceKey, Buffer.from(buffer), never), /opened again/);
  assert.is(tickets.enter(serviceKey, cipherOf(1), never).part.key.bytes[0], 1);
});

test('a ticket that did not open is not kept', () => {
  const tickets = new OpenedTickets();
  assert.throws(() => tickets.enter(serviceKey, cipherOf(1), never), /opened again/);
  assert.is(tickets.enter(serviceKey, cipherOf(1), () => part(3)).part.key.bytes[0], 3);
});

test('bounded; what falls out is wiped once nobody uses it', () => {
  const tickets = new OpenedTickets(2);
  const [unused, used] = [1, 2].map((fill) => tickets.enter(serviceKey, cipherOf(fill), () => part(fill)));
  const session = (unused!.session = createKerberosKey(18, unused!.part.key.bytes));
  tickets.leave(unused!);
  assert.is(unused!.part.key.bytes[0], 1, 'kept for the next handshake');
  tickets.enter(serviceKey, cipherOf(3), () => part(3));
  assert.is(unused!.part.key.bytes[0], 0);
  assert.throws(() => session.encrypt(1, new Uint8Array(1)), /disposed/);
  tickets.enter(serviceKey, cipherOf(4), () => part(4));
  assert.is(used!.part.key.bytes[0], 2, 'still in use');
  tickets.leave(used!);
  assert.is(used!.part.key.bytes[0], 0);
});

test('dispose wipes all', () => {
  const tickets = new OpenedTickets();
  const one = tickets.enter(serviceKey, cipherOf(1), () => part(1));
  tickets.leave(one);
  tickets.dispose();
  assert.is(one.part.key.bytes[0], 0);
  assert.throws(() => tickets.enter(serviceKey, cipherOf(1), never), /opened again/);
});

test.run();
