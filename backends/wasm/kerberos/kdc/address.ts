import { SspiError } from '../../../contract/errors.ts';

/** Where a KDC listens; `any` means UDP or TCP, by the size of the message. */
export type KdcAddress =
  | { protocol: 'any' | 'udp' | 'tcp'; host: string; port: number }
  | { protocol: 'https'; url: string };

/**
 * Reads `dc1.ad.test`, `dc1:88`, `[::1]:88`, `udp://dc1:88`, `tcp://dc1`, `tcp/dc1:88` (MIT's spelling) and
 * `https://gateway/KdcProxy`. Throws SEC_E_INVALID_PARAMETER.
 */
export function parseKdcAddress(text: string, defaultPort = 88): KdcAddress {
  const trimmed = text.trim();
  if (/^https?:\/\//i.test(trimmed)) {
    if (!URL.canParse(trimmed)) refuse(text);
    const { protocol, hostname } = new URL(trimmed);
    // MS-KKDCP 2.1 demands TLS; a proxy of a test on this host needs none.
    if (protocol === 'http:' && !LOOPBACK.test(hostname)) refuse(text);
    return { protocol: 'https', url: trimmed };
  }
  const parts = /^(?:(udp|tcp)(?::\/\/|\/))?(?:\[([0-9a-f:.%\w]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?\/?$/i.exec(trimmed);
  if (parts === null) return refuse(text);
  const port = parts[4] === undefined ? defaultPort : Number(parts[4]);
  if (port < 1 || port > 65535) refuse(text);
  return { protocol: (parts[1]?.toLowerCase() ?? 'any') as 'any' | 'udp' | 'tcp', host: (parts[2] ?? parts[3])!, port };
}

/** Reads the target of a URI record, `krb5srv:flags:transport:residual` (MIT's realm configuration, "KDC discovery"); null where it names no KDC. */
export function parseKdcUri(target: string, defaultPort: number): KdcAddress | null {
  const parts = /^krb5srv:[a-z]*:(udp|tcp|kkdcp):(.+)$/i.exec(target);
  if (parts === null) return null;
  const transport = parts[1]!.toLowerCase();
  try {
    const address = parseKdcAddress(transport === 'kkdcp' ? parts[2]! : `${transport}://${parts[2]!}`, defaultPort);
    return (address.protocol === 'https') === (transport === 'kkdcp') ? address : null;
  } catch {
    return null; // a record that is wrong is one fewer
  }
}

export function formatKdcAddress(address: KdcAddress): string {
  if (address.protocol === 'https') return address.url;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.protocol === 'any' ? '' : `${address.protocol}://`}${host}:${address.port}`;
}

function refuse(text: string): never {
  throw new SspiError('SEC_E_INVALID_PARAMETER', `'${text}' is no address of a KDC`, {
    remedy: "Write 'dc1.example.com', 'tcp://dc1.example.com:88' or 'https://gateway.example.com/KdcProxy'.",
  });
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;
