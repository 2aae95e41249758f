import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { negotiateAuth } from 'portable-sspi/http';
import { same } from './expect.ts';

const auth = negotiateAuth({ keytab: '/etc/web.keytab' });

export const server = createServer((req, res) => auth(req, res, () => {
  same<string>()(req.sspi!.user);
  same<string>()(req.sspi!.domain);
  res.end(`hello ${req.sspi!.user}`);
}));

// as connect and Express declare theirs
export const middleware: (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void = auth;

// @ts-expect-error a request is one of node:http's
auth({ headers: {} }, {}, () => {});
