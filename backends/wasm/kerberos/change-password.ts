import type { ChangePasswordOptions } from '../../contract/backend.ts';
import type { Host } from '../../contract/host.ts';
import { passwordKeys } from './client-keys.ts';
import { allowedEtypes, networkTransport } from './credential.ts';
import { asExchange } from './exchange/as.ts';
import type { KerberosClock } from './exchange/clock.ts';
import { kpasswdExchange } from './exchange/kpasswd.ts';
import { runExchange } from './exchange/question.ts';
import { kerberosHost } from './host.ts';
import { clientIdentity } from './identity.ts';
import { readConfiguration } from './store/configuration.ts';

/**
 * Changes the password of an account (RFC 3244): the old one gets a ticket for kadmin/changepw, which a KDC gives to an expired password too.
 *
 * Throws SEC_E_LOGON_DENIED for a wrong old password, SEC_E_INVALID_PARAMETER with the policy's text for a new one that is refused,
 * SEC_E_NO_AUTHENTICATING_AUTHORITY where nobody answers.
 */
export async function changePassword({ user, domain, oldPassword, newPassword, kerberos = {} }: ChangePasswordOptions, given: Host): Promise<void> {
  const host = kerberosHost(given);
  const conf = await readConfiguration(kerberos, host);
  const { principal: client, canonicalize } = clientIdentity(user, domain === '' ? undefined : domain, kerberos, conf, host);
  const clock: KerberosClock = { now: () => host.now(), offset: 0 };
  const random = (length: number) => host.random(length);
  const transport = kerberos.transport ?? networkTransport(kerberos, async () => conf, host);
  const passwordTransport = kerberos.transport ?? networkTransport(kerberos, async () => conf, host, 'kpasswd');

  const keys = passwordKeys(client, oldPassword, random);
  try {
    const ticket = await runExchange(asExchange({
      client, keys, canonicalize, clock, random, etypes: allowedEtypes(kerberos, conf), lifetime: TICKET_LIFETIME, forwardable: false,
      server: { nameType: 2, realm: client.realm, components: ['kadmin', 'changepw'] },
      ...(conf !== null && { skew: conf.clockskew }),
    }), transport);
    try {
      const send = passwordTransport.send.bind(passwordTransport);
      await runExchange(kpasswdExchange({ ticket, newPassword, clock, random }), { send: (realm, message, options) => send(realm, message, { ...options, service: 'kpasswd' }) });
    } finally {
      ticket.key.fill(0);
    }
  } finally {
    keys.dispose?.();
  }
}

/** Seconds; enough for one change. */
const TICKET_LIFETIME = 300;
