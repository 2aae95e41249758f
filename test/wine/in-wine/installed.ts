// The package as `npm install` puts it into a project on Windows: which engine it takes by itself, and what it says where koffi is missing.
import { subscribe } from 'node:diagnostics_channel';
import type { SecurityContext, SspiError } from '../../../src/index.ts';
import { readDomain, tell } from './environment.ts';

const specifier = 'portable-sspi'; // found beside this program, not in its bundle
const { user, password, realm, target, keytab, krb5Conf } = readDomain();

void run().then(() => process.exit(0), (error: unknown) => {
  console.log(error instanceof Error ? error.stack : error);
  process.exit(1);
});

async function run(): Promise<void> {
  const published: { reason: string; remedy: string }[] = [];
  subscribe('portable-sspi:fallback', (message) => published.push(message as typeof published[number]));
  const { createAcceptor, createInitiator } = await import(specifier) as typeof import('../../../src/index.ts');
  const credential = { user, domain: realm, password };

  const initiator = await createInitiator({ package: 'Kerberos', target, credential, kerberos: undefined });
  const named = await createInitiator({ backend: 'secur32', package: 'Kerberos', target, credential }).then(() => 'a context', (error: SspiError) => `${error.code}, ${error.remedy}`);
  const unavailable = published.filter(({ reason }) => reason === 'unavailable');
  const taken = await createInitiator({ package: 'Kerberos', target, credential, kerberos: { krb5Conf } });
  tell({
    type: 'facts',
    facts: {
      auto: initiator.backend, named, unavailable: unavailable.map(({ remedy }) => remedy).join(' | '), withOptions: taken.backend,
      options: published.filter(({ reason }) => reason === 'options').map(({ remedy }) => remedy).join(' | '),
    },
  });
  if (initiator.backend === 'secur32') {
    await meet(initiator, await createAcceptor({ package: 'Kerberos' }));
  } else {
    await meet(taken, await createAcceptor({ package: 'Kerberos', credential: { keytab: new Uint8Array(Buffer.from(keytab, 'base64')) } }));
  }
  tell({ type: 'end' });
}

async function meet(initiator: SecurityContext, acceptor: SecurityContext): Promise<void> {
  for (let token = await initiator.step(null); token !== null;) {
    const answer: Uint8Array | null = await acceptor.step(token);
    token = answer === null ? null : await initiator.step(answer);
  }
  const { message } = acceptor.unwrap(initiator.wrap(Buffer.from('hello')));
  tell({ type: 'facts', facts: { [`${initiator.backend} with ${acceptor.backend}`]: Buffer.from(message).toString() } });
}
