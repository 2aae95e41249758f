// A Worker whose answer is a first token.
import { createInitiator } from '../../dist/index.js';

export default {
  async fetch() {
    const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: { user: 'alice', domain: 'ADTEST', password: 'Passw0rd!' }, packageList: 'NTLM' });
    return new Response(await client.step());
  },
};
