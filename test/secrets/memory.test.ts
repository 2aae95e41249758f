import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_USE_DCE_STYLE } from '../../backends/contract/flags.ts';
import { deriveSealKeys } from '../../backends/wasm/core/krb5.ts';
import { lmowfv1, ntowfv1, ntowfv2 } from '../../backends/wasm/core/ntlm-hash.ts';
import { sessionKeys } from '../../backends/wasm/core/ntlm-session.ts';
import { KEY_USAGE } from '../../backends/wasm/kerberos/codes/key-usage.ts';
import { decode } from '../../backends/wasm/kerberos/messages/asn1.ts';
import { EncTicketPart } from '../../backends/wasm/kerberos/messages/enc-ticket-part.ts';
import { AsRep, TgsRep } from '../../backends/wasm/kerberos/messages/kdc-rep.ts';
import { Ticket } from '../../backends/wasm/kerberos/messages/ticket.ts';
import { writeKeytab } from '../../backends/wasm/kerberos/store/keytab.ts';
import { createDatabase, type PrincipalRecord } from '../../src/testing/database.ts';
import { answerKdc } from '../../src/testing/kdc.ts';
import { canReadMemory, findInMemory, type Secret } from './memory.ts';
import { type Order, type Report, unmask } from './protocol.ts';

/*
 * Another process authenticates, and this one reads its memory: first while its contexts live, when the keys must be found (or else
 * nothing would be proven by their absence), then after they were disposed of, when none may be.
 */
const test = suite('secrets in memory');

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const database = createDatabase('TEST.REALM', [18, 17], random);
const alice = database.addUser('alice', 'Correct-horse-7');
const service = database.addService('HTTP/web.test.realm');
const kdc = { database, now: () => new Date(), random, ticketLifetime: 36_000, renewLifetime: 604_800, skew: 300, minimumPasswordLength: 1 };

const subject = fork(fileURLToPath(new URL('subject.ts', import.meta.url)), {
  execArgv: ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16', '--import', new URL('../../build/register.js', import.meta.url).href],
});
await once(subject, 'spawn');
const observed = canReadMemory(subject.pid!) ? test : test.skip;
test.after(() => void subject.kill());

interface Outcome {
  failure: string;
  /** Names, of what was found. */
  alive: string[];
  deleted: string[];
}

/** `known`: secrets that follow from the order and from the session key, where there is one. */
async function observe(order: Order, known: (sessionKey: Uint8Array | undefined) => Secret[]): Promise<Outcome> {
  for (let attempts = 0; ; attempts++) {
    const tickets: Secret[] = [];
    subject.send({ order });
    const first = await nextReport(tickets);
    assert.is(first.stage, 'alive');
    const { failure, sessionKeys: keys } = first as Extract<Report, { stage: 'alive' }>;
    const session = keys[0] === undefined ? undefined : unmask(keys[0]);
    const secrets = [...known(session), ...tickets, ...(session === undefined ? [] : [{ name: 'session key', bytes: session }]), { name: 'planted', bytes: unmask((first as { planted: string }).planted) }];
    const alive = findInMemory(subject.pid!, secrets);
    subject.send('release');
    const second = (await nextReport(tickets)) as Extract<Report, { stage: 'deleted' }>;
    const deleted = findInMemory(subject.pid!, secrets);
    assert.is(second.stage, 'deleted');
    if (second.collections > 0 && attempts < 5) continue; // the collector moved things, and left copies
    assert.ok(alive.has('planted') && deleted.delete('planted'), 'the scan finds what is there');
    for (const [name, where] of deleted) assert.unreachable(`${name} is still in memory, at ${where}`);
    return { failure, alive: [...alive.keys()].filter((name) => name !== 'planted').sort(), deleted: [...deleted.keys()] };
  }
}

/** Answers for the KDC meanwhile, and notes what keys it gave out. */
async function nextReport(tickets: Secret[]): Promise<Report> {
  for (;;) {
    const [report] = (await once(subject, 'message')) as [Report];
    if (report.stage !== 'kdc') return report;
    const reply = answerKdc(Uint8Array.from(Buffer.from(report.message, 'hex')), kdc);
    if (reply[0] === 0x6b) tickets.push({ name: 'TGT session key', bytes: ticketKey(decode(AsRep, reply).ticket, database.find(['krbtgt', 'TEST.REALM'])!) });
    if (reply[0] === 0x6d) tickets.push({ name: 'ticket session key', bytes: ticketKey(decode(TgsRep, reply).ticket, service) });
    subject.send({ id: report.id, reply: hex(reply) });
  }
}

function ticketKey(ticket: Uint8Array, sealedFor: PrincipalRecord): Uint8Array {
  const { encPart } = decode(Ticket, ticket);
  return decode(EncTicketPart, database.key(sealedFor, encPart.etype)!.decrypt(KEY_USAGE.KDC_REP_TICKET, encPart.cipher)).key.keyvalue;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const NTLM = { target: 'HTTP/web.test.realm', packageList: 'NTLM', user: 'TEST\\alice', password: 'Short-7', account: 'Short-7' } satisfies Order;
const KERBEROS = { target: 'HTTP/web.test.realm', packageList: 'Kerberos', user: 'alice@TEST.REALM', password: 'Correct-horse-7', keytab: hex(writeKeytab(database.keytab(service))) } satisfies Order;

/** The hashes of NTLM's password, and what follows from the session key. */
function ntlmSecrets(flags = 0xe2888235): (session: Uint8Array | undefined) => Secret[] {
  return (session) => {
    const hash = ntowfv1('Short-7');
    const secrets = [{ name: 'NTOWFv1', bytes: hash }, { name: 'NTOWFv2', bytes: ntowfv2(hash, 'ALICE', 'TEST') }, { name: 'LMOWFv1', bytes: lmowfv1('Short-7')! }];
    if (session !== undefined && (flags & 0x80000) !== 0) {
      const [client, server] = sessionKeys(session, flags);
      secrets.push({ name: 'client signing', bytes: client.slice(260, 292) }, { name: 'server signing', bytes: server.slice(260, 292) });
    }
    return secrets;
  };
}

function kerberosSecrets(session: Uint8Array | undefined): Secret[] {
  const secrets = [{ name: "alice's key", bytes: database.key(alice, 18)!.bytes }, { name: "the service's key", bytes: database.key(service, 18)!.bytes }];
  for (const usage of session === undefined ? [] : [KEY_USAGE.GSS_ACCEPTOR_SEAL, KEY_USAGE.GSS_INITIATOR_SEAL]) {
    secrets.push({ name: `seal keys ${usage}`, bytes: deriveSealKeys(18, session!, usage).slice(0, 32) });
  }
  return secrets;
}

observed('NTLM: hashes and keys, after a whole exchange', async () => {
  const { alive } = await observe(NTLM, ntlmSecrets());
  assert.equal(alive, ['NTOWFv2', 'client signing', 'server signing', 'session key']);
});

observed('NTLM: a wrong password, an altered message, a handshake that is given up', async () => {
  for (const [more, failure] of [[{ account: 'other' }, 'SEC_E_LOGON_DENIED'], [{ altered: 1 }, 'SEC_E_MESSAGE_ALTERED'], [{ legs: 1 }, ''], [{ legs: 3 }, '']] as const) {
    const outcome = await observe({ ...NTLM, ...more }, ntlmSecrets());
    assert.is(outcome.failure, failure);
    assert.equal(outcome.alive.filter((name) => name !== 'session key'), ['NTOWFv2']);
  }
});

observed('NTLM: LM and NTLMv1 hashes; an NT hash', async () => {
  const ntlm = { lmCompatibilityLevel: 0 } as const;
  const old = await observe({ ...NTLM, client: { ntlm }, server: { ntlm } }, ntlmSecrets(0));
  assert.equal(old.alive, ['LMOWFv1', 'NTOWFv1', 'session key']);
  const { password: _, ...rest } = NTLM;
  const hashed = await observe({ ...rest, ntHash: hex(ntowfv1('Short-7')) }, ntlmSecrets());
  assert.equal(hashed.alive, ['NTOWFv1', 'NTOWFv2', 'client signing', 'server signing', 'session key']); // NTOWFv1: the caller's own
});

observed('Kerberos: long-term keys, session keys and what is derived from them, after a whole exchange', async () => {
  const { alive } = await observe(KERBEROS, kerberosSecrets);
  assert.equal(alive, ['TGT session key', "alice's key", 'seal keys 22', 'seal keys 24', 'session key', "the service's key", 'ticket session key']);
});

observed('Kerberos: DCE style, and one whose last leg never comes', async () => {
  const client = { flags: ISC_REQ_USE_DCE_STYLE | ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY };
  assert.ok((await observe({ ...KERBEROS, client }, kerberosSecrets)).alive.includes('session key'));
  assert.ok((await observe({ ...KERBEROS, client, legs: 2 }, kerberosSecrets)).alive.includes('ticket session key'));
});

observed('Kerberos: a wrong password, an altered AP-REQ, a handshake that is given up, a keytab', async () => {
  assert.is((await observe({ ...KERBEROS, password: 'other' }, kerberosSecrets)).failure, 'SEC_E_LOGON_DENIED');
  assert.is((await observe({ ...KERBEROS, altered: 1 }, kerberosSecrets)).failure, 'SEC_E_LOGON_DENIED');
  assert.equal((await observe({ ...KERBEROS, legs: 1 }, kerberosSecrets)).alive.slice(0, 2), ['TGT session key', "alice's key"]);
  const { password: _, ...rest } = KERBEROS;
  assert.ok((await observe({ ...rest, clientKeytab: hex(writeKeytab(database.keytab(alice))) }, kerberosSecrets)).alive.includes("alice's key"));
});

test.run();
