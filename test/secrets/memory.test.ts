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

const subject = fork(fileURLToPath(new URL('subject.ts', import.meta.url)), {
  execArgv: ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16', '--import', new URL('../../build/register.js', import.meta.url).href],
});
await once(subject, 'spawn');
const observed = canReadMemory(subject.pid!) ? test : test.skip;
test.after(() => void subject.kill());

/** What one attempt is about: each has secrets of its own, so that none finds what another left. */
interface Attempt {
  order: Order;
  /** Those that follow from the order, and from the session key where there is one. */
  secrets(session: Uint8Array | undefined): Secret[];
  kdc?: Kdc;
}

interface Outcome {
  failure: string;
  /** The names of what was found while the contexts lived. */
  alive: string[];
}

async function observe(make: () => Attempt): Promise<Outcome> {
  for (let attempts = 0; ; attempts++) {
    const { order, secrets: known, kdc } = make();
    const tickets: Secret[] = [];
    subject.send({ order });
    const first = await nextReport('alive', tickets, kdc);
    const session = first.sessionKeys[0] === undefined ? undefined : unmask(first.sessionKeys[0]);
    const secrets = [...known(session), ...tickets, ...(session === undefined ? [] : [{ name: 'session key', bytes: session }]), { name: PLANTED, bytes: unmask(first.planted) }];
    const alive = findInMemory(subject.pid!, secrets);
    subject.send('release');
    const { collections } = await nextReport('deleted', tickets, kdc);
    const deleted = findInMemory(subject.pid!, secrets);
    if (collections > 0 && attempts < 8) continue; // the collector moved small arrays, and left copies of them
    assert.ok(alive.delete(PLANTED) && deleted.delete(PLANTED), 'what is there is found');
    for (const [name, where] of deleted) assert.unreachable(`${name} is still in memory, at ${where}`);
    return { failure: first.failure, alive: [...alive.keys()].sort() };
  }
}

/** Answers for the KDC until the report comes, and notes what keys it gave out. */
async function nextReport<Stage extends Report['stage']>(stage: Stage, tickets: Secret[], kdc: Kdc | undefined): Promise<Extract<Report, { stage: Stage }>> {
  for (;;) {
    const [report] = (await once(subject, 'message')) as [Report];
    if (report.stage === stage) return report as Extract<Report, { stage: Stage }>;
    assert.is(report.stage, 'kdc');
    const { id, message } = report as Extract<Report, { stage: 'kdc' }>;
    const { reply, issued } = kdc!.answer(Uint8Array.from(Buffer.from(message, 'hex')));
    tickets.push(...issued);
    subject.send({ id, reply: hex(reply) });
  }
}

interface Kdc {
  answer(message: Uint8Array): { reply: Uint8Array; issued: Secret[] };
}

const PLANTED = 'planted';
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const newPassword = () => `P-${hex(random(5))}`; // short enough for an LM hash

/** `more` of the order; the flags that were negotiated. */
function ntlm(more: (password: string) => Partial<Order> = () => ({}), flags = 0xe2888235): () => Attempt {
  return () => {
    const password = newPassword();
    return {
      order: { target: 'HTTP/web.test.realm', packageList: 'NTLM', user: 'TEST\\alice', password, account: password, ...more(password) },
      secrets(session) {
        const hash = ntowfv1(password);
        const secrets = [{ name: 'NTOWFv1', bytes: hash }, { name: 'NTOWFv2', bytes: ntowfv2(hash, 'ALICE', 'TEST') }, { name: 'LMOWFv1', bytes: lmowfv1(password)! }];
        if (session === undefined || flags === 0) return secrets;
        const [client, server] = sessionKeys(session, flags);
        return [...secrets, { name: 'client signing', bytes: client.slice(260, 292) }, { name: 'server signing', bytes: server.slice(260, 292) }];
      },
    };
  };
}

function kerberos(more: Partial<Order> = {}, clientKeytab = false): () => Attempt {
  return () => {
    const database = createDatabase('TEST.REALM', [18, 17], random);
    const password = newPassword();
    const alice = database.addUser('alice', password);
    const service = database.addService('HTTP/web.test.realm');
    const keytabOf = (record: PrincipalRecord) => hex(writeKeytab(database.keytab(record)));
    return {
      order: {
        target: 'HTTP/web.test.realm', packageList: 'Kerberos', user: 'alice@TEST.REALM', keytab: keytabOf(service),
        ...(clientKeytab ? { clientKeytab: keytabOf(alice) } : { password }), ...more,
      },
      secrets(session) {
        const secrets = [{ name: "alice's key", bytes: database.key(alice, 18)!.bytes }, { name: "the service's key", bytes: database.key(service, 18)!.bytes }];
        if (session === undefined) return secrets;
        return [...secrets, ...[KEY_USAGE.GSS_ACCEPTOR_SEAL, KEY_USAGE.GSS_INITIATOR_SEAL].map((usage) => ({ name: `seal keys ${usage}`, bytes: deriveSealKeys(18, session, usage).slice(0, 32) }))];
      },
      kdc: {
        answer(message) {
          const reply = answerKdc(message, { database, now: () => new Date(), random, ticketLifetime: 36_000, renewLifetime: 604_800, skew: 300, minimumPasswordLength: 1 });
          const keyOf = (ticket: Uint8Array, record: PrincipalRecord) => {
            const { encPart } = decode(Ticket, ticket);
            return decode(EncTicketPart, database.key(record, encPart.etype)!.decrypt(KEY_USAGE.KDC_REP_TICKET, encPart.cipher)).key.keyvalue;
          };
          const issued: Secret[] = [];
          if (reply[0] === 0x6b) issued.push({ name: 'TGT session key', bytes: keyOf(decode(AsRep, reply).ticket, database.find(['krbtgt', 'TEST.REALM'])!) });
          if (reply[0] === 0x6d) issued.push({ name: 'ticket session key', bytes: keyOf(decode(TgsRep, reply).ticket, service) });
          return { reply, issued };
        },
      },
    };
  };
}

observed('NTLM: hashes and keys, after a whole exchange', async () => {
  const { alive } = await observe(ntlm());
  assert.equal(alive, ['NTOWFv2', 'client signing', 'server signing', 'session key']);
});

observed('NTLM: a wrong password, an altered message, a handshake that is given up', async () => {
  for (const [more, failure] of [[{ account: 'other' }, 'SEC_E_LOGON_DENIED'], [{ altered: 1 }, 'SEC_E_MESSAGE_ALTERED'], [{ legs: 1 }, ''], [{ legs: 3 }, '']] as const) {
    const outcome = await observe(ntlm(() => more));
    assert.is(outcome.failure, failure);
    assert.equal(outcome.alive.filter((name) => name !== 'session key'), ['NTOWFv2']);
  }
});

observed('NTLM: LM and NTLMv1 hashes; an NT hash', async () => {
  const level = { ntlm: { lmCompatibilityLevel: 0 } } as const;
  const old = await observe(ntlm(() => ({ client: level, server: level }), 0));
  assert.equal(old.alive, ['LMOWFv1', 'NTOWFv1', 'session key']);
  const hashed = await observe(ntlm((password) => ({ ntHash: hex(ntowfv1(password)) })));
  assert.equal(hashed.alive, ['NTOWFv1', 'NTOWFv2', 'client signing', 'server signing', 'session key']); // NTOWFv1: the caller's own
});

observed('Kerberos: long-term keys, session keys and what is derived from them, after a whole exchange', async () => {
  const { alive } = await observe(kerberos());
  assert.equal(alive, ['TGT session key', "alice's key", 'seal keys 22', 'seal keys 24', 'session key', "the service's key", 'ticket session key']);
});

observed('Kerberos: DCE style, and one whose last leg never comes', async () => {
  const client = { flags: ISC_REQ_USE_DCE_STYLE | ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY };
  assert.ok((await observe(kerberos({ client }))).alive.includes('session key'));
  assert.ok((await observe(kerberos({ client, legs: 2 }))).alive.includes('ticket session key'));
});

observed('Kerberos: a wrong password, an altered AP-REQ, a handshake that is given up, a keytab', async () => {
  assert.is((await observe(kerberos({ password: 'other' }))).failure, 'SEC_E_LOGON_DENIED');
  assert.is((await observe(kerberos({ altered: 1 }))).failure, 'SEC_E_LOGON_DENIED');
  assert.equal((await observe(kerberos({ legs: 1 }))).alive.slice(0, 2), ['TGT session key', "alice's key"]);
  assert.ok((await observe(kerberos({}, true))).alive.includes("alice's key"));
});

test.run();
