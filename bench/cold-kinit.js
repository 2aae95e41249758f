// How long a kinit with a password takes that finds nothing cached, in milliseconds, against a realm that is there already: the first of a fresh
// process, which loads the code as well, and those after it. Printed on standard output.
import { kinit } from '../dist/node/kerberos.js';
import { createTestRealm } from '../dist/node/testing.js';

const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: 'Passw0rd!' }, etypes: ['aes256-cts-hmac-sha1-96'] });
const times = [];
for (let i = 0; i < 21; i++) {
  const start = performance.now();
  await kinit({ principal: 'alice@AD.TEST', password: 'Passw0rd!', kerberos: realm.kerberos });
  times.push(performance.now() - start);
}
const [first, ...later] = times;
console.log(JSON.stringify({ first, later }));
