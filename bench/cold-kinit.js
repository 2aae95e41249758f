// One fresh process: how long the first kinit takes, in milliseconds, against a realm that is there already. Printed on standard output.
import { kinit } from '../dist/kerberos.js';
import { createTestRealm } from '../dist/testing.js';

const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: 'Passw0rd!' }, etypes: ['aes256-cts-hmac-sha1-96'] });
const start = performance.now();
await kinit({ principal: 'alice@AD.TEST', password: 'Passw0rd!', kerberos: realm.kerberos });
console.log(JSON.stringify({ total: performance.now() - start }));
