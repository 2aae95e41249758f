// Express with single sign-on: /public for all, the rest for whom the domain knows.
//   KEYTAB=/etc/http.keytab node express.js
import express from 'express';
import { negotiateAuth } from 'portable-sspi/http';

const app = express();
app.get('/public', (req, res) => res.send('Anyone may read this.\n'));

app.use(negotiateAuth({ keytab: process.env.KEYTAB ?? '/etc/krb5.keytab', onRefusal: (error) => console.error(error.message) }));

app.get('/', (req, res) => res.send(`Hello ${req.sspi.user} of ${req.sspi.domain}, by ${req.sspi.package}.\n`));
app.get('/admin', (req, res) => {
  // Domain Admins: the group's relative id is 512 in every domain
  const admin = req.sspi.groups?.some((sid) => sid.endsWith('-512'));
  res.status(admin ? 200 : 403).send(admin ? 'Welcome.\n' : 'For administrators.\n');
});

const server = app.listen(Number(process.env.PORT ?? 8080), () => console.log(`http://localhost:${server.address().port}/`));
