import { concat } from '../../contract/bytes.ts';
import type { NtlmConfig } from '../../contract/credentials.ts';
import type { Host } from '../../contract/host.ts';
import { writeFileTime } from '../core/ntlm-handshake.ts';
import { NTLMSSP_TARGET_TYPE_DOMAIN, NTLMSSP_TARGET_TYPE_SERVER } from './flags.ts';
import { computerName, utf16 } from './names.ts';

/** What a CHALLENGE says of its server. */
export interface ServerNames {
  /** TargetName in UTF-16LE: the domain where one is configured, else the computer. */
  name: Uint8Array;
  targetType: number;
  /** AV_PAIRs with their end; the timestamp is set anew for each challenge. */
  targetInfo: Uint8Array;
  setTimestamp(milliseconds: number): void;
}

export function serverNames(config: NtlmConfig | undefined, host: Host): ServerNames {
  let names = config === undefined ? unconfigured.get(host) : undefined;
  if (names === undefined) {
    names = encodeNames(config, host);
    if (config === undefined) unconfigured.set(host, names);
  }
  const targetInfo = names.targetInfo.slice(); // each credential sets its own timestamps
  const timestampAt = targetInfo.length - 12;
  return { name: names.name, targetType: names.targetType, targetInfo, setTimestamp: (milliseconds) => writeFileTime(targetInfo, timestampAt, milliseconds) };
}

/** Without a configuration, a host has one set of names. */
const unconfigured = new WeakMap<Host, EncodedNames>();

type EncodedNames = Omit<ServerNames, 'setTimestamp'>;

function encodeNames(config: NtlmConfig | undefined, host: Host): EncodedNames {
  const computer = config?.netbiosComputerName ?? computerName(host) ?? 'LOCALHOST';
  const domain = config?.netbiosDomainName;
  const dnsDomain = config?.dnsDomainName;
  const dnsComputer = config?.dnsComputerName ?? (dnsDomain === undefined ? computer.toLowerCase() : `${computer.toLowerCase()}.${dnsDomain}`);

  // in Windows's order: 2, 1, 4, 3, 5, 7
  const pairs: Uint8Array[] = [pair(NB_DOMAIN, utf16(domain ?? 'WORKGROUP')), pair(NB_COMPUTER, utf16(computer))];
  if (dnsDomain !== undefined) pairs.push(pair(DNS_DOMAIN, utf16(dnsDomain)));
  pairs.push(pair(DNS_COMPUTER, utf16(dnsComputer)));
  if (config?.dnsTreeName !== undefined) pairs.push(pair(DNS_TREE, utf16(config.dnsTreeName)));
  pairs.push(pair(TIMESTAMP, new Uint8Array(8)), pair(EOL, new Uint8Array(0)));

  return {
    name: utf16(domain ?? computer),
    targetType: domain === undefined ? NTLMSSP_TARGET_TYPE_SERVER : NTLMSSP_TARGET_TYPE_DOMAIN,
    targetInfo: concat(...pairs),
  };
}

function pair(id: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length);
  bytes[0] = id;
  bytes[2] = value.length;
  bytes[3] = value.length >>> 8;
  bytes.set(value, 4);
  return bytes;
}

const EOL = 0;
const NB_COMPUTER = 1;
const NB_DOMAIN = 2;
const DNS_COMPUTER = 3;
const DNS_DOMAIN = 4;
const DNS_TREE = 5;
const TIMESTAMP = 7;
