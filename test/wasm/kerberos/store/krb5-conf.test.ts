import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../../backends/contract/errors.ts';
import { allowedEtypes } from '../../../../backends/wasm/kerberos/credential.ts';
import { readKrb5Conf, realmOfHost, toDuration } from '../../../../backends/wasm/kerberos/store/krb5-conf.ts';
import { parseProfile, profileString, profileStrings } from '../../../../backends/wasm/kerberos/store/profile.ts';

const test = suite('krb5.conf');

const TEXT = `
# a comment
[libdefaults]
    default_realm = AD.TEST
    ticket_lifetime = 1d 2h
    clockskew = 120
    dns_lookup_kdc = no
    permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts
    default_ccache_name = "FILE:/tmp/with \\"quotes\\""
; another
[realms]
    AD.TEST = {
        kdc = dc1.ad.test
        kdc = dc2.ad.test:88
        kpasswd_server = dc1.ad.test
        auth_to_local_names = {
            alice = a
        }
    }
    ONE.LINE = { kdc = kdc.one.line }
[domain_realm]
    .ad.test = AD.TEST
    Special.Example.ORG = AD.TEST
[capaths]
    AD.TEST = {
        FAR.TEST = MIDDLE.TEST
        NEAR.TEST = .
    }
`;

test('reads settings, realms with nested groups, domains and paths', async () => {
  const conf = await readKrb5Conf(TEXT);
  assert.is(conf.defaultRealm, 'AD.TEST');
  assert.is(conf.ticketLifetime, 93600);
  assert.is(conf.clockskew, 120);
  assert.is(conf.dnsLookupKdc, false);
  assert.equal(conf.permittedEnctypes, ['aes256-cts-hmac-sha1-96', 'aes128-cts']);
  assert.is(conf.defaultCcacheName, 'FILE:/tmp/with "quotes"');
  assert.equal(conf.realms.get('AD.TEST'), { kdc: ['dc1.ad.test', 'dc2.ad.test:88'], kpasswd: ['dc1.ad.test'], adminServer: [] });
  assert.equal(conf.realms.get('ONE.LINE')!.kdc, ['kdc.one.line']);
  assert.equal(conf.capaths.get('AD.TEST')!.get('FAR.TEST'), ['MIDDLE.TEST']);
  assert.equal(conf.capaths.get('AD.TEST')!.get('NEAR.TEST'), []);
});

test('finds the realm of a host by itself, then by its parents', async () => {
  const { domainRealm } = await readKrb5Conf(TEXT);
  assert.is(realmOfHost(domainRealm, 'web.AD.test'), 'AD.TEST');
  assert.is(realmOfHost(domainRealm, 'a.b.ad.test.'), 'AD.TEST');
  assert.is(realmOfHost(domainRealm, 'special.example.org'), 'AD.TEST');
  assert.is(realmOfHost(domainRealm, 'example.org'), undefined);
  assert.is(realmOfHost(domainRealm, 'notad.test'), undefined);
});

test('merges groups and includes, and the first value wins', async () => {
  const files: Record<string, string> = {
    '/etc/other.conf': '[realms]\nAD.TEST = {\n kdc = dc3.ad.test\n}\n',
    '/etc/krb5.conf.d/10-first': '[libdefaults]\ndefault_realm = FIRST.TEST\n',
    '/etc/krb5.conf.d/20-second.conf': '[libdefaults]\ndefault_realm = SECOND.TEST\n',
  };
  const conf = await readKrb5Conf('include /etc/other.conf\nincludedir /etc/krb5.conf.d/\n' + TEXT, {
    readText: async (path) => files[path] ?? null,
    listDirectory: async () => ['20-second.conf', '10-first', '.hidden.conf', 'backup~'],
  });
  assert.is(conf.defaultRealm, 'FIRST.TEST');
  assert.equal(conf.realms.get('AD.TEST')!.kdc, ['dc3.ad.test', 'dc1.ad.test', 'dc2.ad.test:88']);
});

test('a final relation takes no further values', async () => {
  const profile = await parseProfile('[a]\nx* = 1\nx = 2\ny = 1\ny = 2\n');
  assert.equal(profileStrings(profile, 'a', 'x'), ['1']);
  assert.equal(profileStrings(profile, 'a', 'y'), ['1', '2']);
  assert.is(profileString(profile, 'a', 'z'), undefined);
});

test('a group whose brace stands on the next line', async () => {
  const conf = await readKrb5Conf('[realms]\nA.TEST =\n\n  {\n kdc = a\n nested =\n {\n x = y\n }\n}\n[libdefaults]\ndefault_realm =\nclockskew = 7\n');
  assert.equal(conf.realms.get('A.TEST')!.kdc, ['a']);
  assert.equal([conf.defaultRealm, conf.clockskew], [undefined, 7]);
});

test('encryption types: families, and what is taken away again', async () => {
  const allowed = async (list: string, more = '') => allowedEtypes({}, await readKrb5Conf(`[libdefaults]\npermitted_enctypes = ${list}\n${more}`));
  assert.equal(await allowed('aes128-cts camellia256-cts-cmac aes'), [17, 18, 20, 19]);
  assert.equal(await allowed('DEFAULT -aes128-cts, -aes128-sha2 +rc4'), [18, 20]);
  assert.equal(await allowed('rc4 aes256-cts', 'allow_rc4 = true\n'), [23, 18]);
  assert.is((await allowed('aes -aes').catch((error: unknown) => error) as SspiError).code, 'SEC_E_KDC_UNKNOWN_ETYPE');
});

test('docs/kerberos.md tells what is read and what is not', async () => {
  const page = readFileSync(new URL('../../../../docs/kerberos.md', import.meta.url), 'utf8');
  const [read, passed] = page.slice(page.indexOf('## krb5.conf\n')).split('And these are passed over:').map((part) => part.split('\n## ')[0]!);
  const settings = (part: string) => part.split('\n').filter((line) => line.startsWith('| `')).flatMap((line) => [...line.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  const text = (value: unknown) => JSON.stringify(value, (_, one: unknown) => (one instanceof Map ? [...one] : one));
  const values = ['A.TEST', 'no', 'yes', '12'];
  const counts = async (name: string) => {
    const outcomes = await Promise.all(values.map(async (value) => text(await readKrb5Conf(`[libdefaults]\n${name} = ${value}\n[realms]\nR = {\n${name} = ${value}\n}\n`).catch(() => 'refused'))));
    const without = text(await readKrb5Conf('[libdefaults]\n[realms]\nR = {\nx = y\n}\n'));
    return outcomes.some((outcome) => outcome !== without);
  };
  for (const name of settings(read!)) assert.is(await counts(name), true, `${name} is read`);
  for (const name of settings(passed!)) assert.is(await counts(name), false, `${name} is passed over`);
  assert.ok(settings(passed!).length > 25);
  // Each that the source names is in the first table.
  const source = readFileSync(new URL('../../../../backends/wasm/kerberos/store/krb5-conf.ts', import.meta.url), 'utf8');
  const named = [...source.matchAll(/\b(?:setting|flag|duration|hosts)\('(\w+)'/g)].map(([, name]) => name!);
  assert.equal([...new Set(named)].sort(), settings(read!).sort());
});

const refused: [why: string, text: string, message: RegExp][] = [
  ['a relation before a section', 'x = 1', /line 1: a relation stands before the first \[section\]/],
  ['a } too many', '[realms]\n}\n', /line 2: a } closes no group/],
  ['a group left open', '[realms]\nA = {\n kdc = x\n', /still open at the end/],
  ['a section inside a group', '[realms]\nA = {\n[libdefaults]\n', /line 3: a section begins inside a group/],
  ['no relation', '[libdefaults]\nnonsense\n', /line 2: 'tag = value' expected, 'nonsense' came/],
  ['a wrong flag', '[libdefaults]\nforwardable = maybe\n', /forwardable = maybe is not true or false/],
  ['a wrong duration', '[libdefaults]\nticket_lifetime = soon\n', /ticket_lifetime = soon is not a duration/],
  ['groups without end', `[a]\n${'b = {\n'.repeat(40)}`, /groups nest deeper/],
];
for (const [why, text, message] of refused) {
  test(`refuses ${why} and names the line`, async () => {
    try {
      await readKrb5Conf(text);
    } catch (error) {
      assert.instance(error, SspiError);
      assert.is((error as SspiError).code, 'SEC_E_INVALID_PARAMETER');
      assert.match((error as SspiError).message, message);
      return;
    }
    assert.unreachable();
  });
}

test('a file that includes itself ends', async () => {
  try {
    await parseProfile('include /a', { readText: async () => 'include /a' });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /includes nest deeper than 10/);
  }
});

test('durations as MIT writes them', () => {
  const cases: [string, number][] = [['3600', 3600], ['10h', 36000], ['8:30', 30600], ['8:30:15', 30615], ['1d2h3m4s', 93784], ['1d 2h', 93600], ['30m', 1800]];
  for (const [text, seconds] of cases) assert.is(toDuration('x', text), seconds, text);
});

test.run();
