import type { Region, TokenNode } from './node.ts';
import { count } from './node.ts';
import { expectedButCame, filetime, hex32, isZero, utf16 } from './text.ts';

/** What else the message needs to know of a list of AV_PAIRs. */
export interface AvPairs {
  nodes: TokenNode[];
  /** Bytes up to and with MsvAvEOL, or all of them when it is missing. */
  length: number;
  /** MsvAvFlags, when the list has it. */
  flags: number | null;
}

/**
 * A list of AV_PAIRs (MS-NLMP 2.2.2.1), up to MsvAvEOL.
 *
 *   0 AvId (LE) │ 2 AvLen (LE) │ 4 Value (AvLen bytes) │ next …
 */
export function avPairs(region: Region): AvPairs {
  const nodes: TokenNode[] = [];
  const seen = new Set<number>();
  let flags: number | null = null;
  let at = 0;
  for (;;) {
    if (region.exhausted) return { nodes: [...nodes, region.stopped(at)], length: region.length, flags };
    const missing = region.missing('AV_PAIR', at, 4);
    if (missing !== null) {
      missing.error = missing.length > 0 ? missing.error! : expectedButCame('MsvAvEOL, which closes the list', 'the end', missing.offset);
      return { nodes: [...nodes, missing], length: region.length, flags };
    }
    const id = region.u16(at);
    const length = region.u16(at + 2);
    const name = NAMES[id] ?? `AvId ${id}`;
    const value = region.part(at + 4, length);
    const pair = region.node(name, '', at, 4 + length);
    if (value.length < length) {
      pair.error = expectedButCame(`${count(length)} of ${name}`, `only ${value.length}`, value.end);
    } else {
      const expected = LENGTHS[id];
      if (expected !== undefined && !expected.includes(length)) {
        pair.error = expectedButCame(`${expected.join(' or ')} bytes of ${name}`, String(length), region.start + at + 2);
      }
    }
    Object.assign(pair, explainValue(id, value));
    if (seen.has(id)) pair.note = `${pair.note === undefined ? '' : `${pair.note}; `}given more than once`;
    seen.add(id);
    nodes.push(pair);
    if (id === MsvAvFlags && value.length >= 4) flags ??= value.u32(0);
    at += 4 + length;
    if (id === MsvAvEOL || value.length < length) return { nodes, length: Math.min(at, region.length), flags };
  }
}

function explainValue(id: number, value: Region): Partial<TokenNode> {
  if (id === MsvAvEOL) return { value: 'end of the list' };
  if (id === MsvAvFlags && value.length >= 4) return flagsValue(value);
  if (id === MsvAvTimestamp && value.length >= 8) return { value: filetime(value.u32(0), value.u32(4)) };
  if (id === MsvAvSingleHost) return singleHost(value);
  if (id === MsvAvChannelBindings) {
    if (value.length === 16 && isZero(value.bytes())) return { value: value.hex(0, 16), note: 'all zero: not bound to a channel' };
    return { value: value.hex(0, value.length), note: 'MD5: the TLS channel that the client saw' };
  }
  if (TEXTS.has(id)) {
    const text: Partial<TokenNode> = { value: value.length === 0 ? '(empty)' : utf16(value.bytes()) };
    if (value.length % 2 === 1) text.error = expectedButCame('an even number of bytes of UTF-16', count(value.length), value.start);
    if (id === MsvAvTargetName) text.note = 'the SPN that the client wants';
    return text;
  }
  const unknown: Partial<TokenNode> = { value: value.hex(0, value.length) };
  if (NAMES[id] === undefined) unknown.note = 'not defined in MS-NLMP';
  return unknown;
}

function flagsValue(value: Region): Partial<TokenNode> {
  const flags = value.u32(0);
  const children = AV_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([bit, name, note]) => value.node(name, hex32(bit), 0, 4, { note }));
  return children.length > 0 ? { value: hex32(flags), children } : { value: hex32(flags) };
}

/**
 * Single_Host_Data (MS-NLMP 2.2.2.2).
 *
 *   0 Size (LE) │ 4 Z4 │ 8 CustomData (8) │ 16 MachineID (32) │ 48 since 2025 PermanentMachineID (32)
 *
 * CustomData reads as the head of LSAP_TOKEN_INFO_INTEGRITY (MS-KILE 2.2.5): Flags and TokenIL.
 */
function singleHost(value: Region): Partial<TokenNode> {
  const children: TokenNode[] = [];
  const add = (name: string, offset: number, length: number, make: () => TokenNode): boolean => {
    const missing = value.missing(name, offset, length);
    children.push(missing ?? make());
    return missing === null;
  };
  const whole = add('Size', 0, 4, () => {
    const size = value.u32(0);
    return value.node('Size', String(size), 0, 4, size === value.length ? {} : { error: expectedButCame(String(value.length), String(size), value.start) });
  })
    && add('Z4', 4, 4, () => value.node('Z4', String(value.u32(4)), 4, 4))
    && add('CustomData', 8, 8, () => value.bytesNode('CustomData', 8, 8, { note: integrity(value.u32(8), value.u32(12)) }))
    && add('MachineID', 16, 32, () => value.bytesNode('MachineID', 16, 32, { note: 'random, drawn at startup' }));
  if (whole && value.length > 48) children.push(value.bytesNode(value.length === 80 ? 'PermanentMachineID' : 'Unknown', 48, value.length - 48));
  return { value: `of the client's machine, ${count(value.length)}`, children };
}

function integrity(flags: number, level: number): string | undefined {
  const name = INTEGRITY_LEVELS[level];
  if (name === undefined || flags > 1) return undefined;
  return `${name} integrity, ${flags === 1 ? 'UAC-restricted token' : 'full token'}`;
}

const MsvAvEOL = 0;
const MsvAvFlags = 6;
const MsvAvTimestamp = 7;
const MsvAvSingleHost = 8;
const MsvAvTargetName = 9;
const MsvAvChannelBindings = 10;

const NAMES: Readonly<Record<number, string>> = {
  [MsvAvEOL]: 'MsvAvEOL', 1: 'MsvAvNbComputerName', 2: 'MsvAvNbDomainName', 3: 'MsvAvDnsComputerName', 4: 'MsvAvDnsDomainName', 5: 'MsvAvDnsTreeName',
  [MsvAvFlags]: 'MsvAvFlags', [MsvAvTimestamp]: 'MsvAvTimestamp', [MsvAvSingleHost]: 'MsvAvSingleHost', [MsvAvTargetName]: 'MsvAvTargetName',
  [MsvAvChannelBindings]: 'MsvAvChannelBindings',
};
const TEXTS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, MsvAvTargetName]);
const LENGTHS: Readonly<Record<number, readonly number[]>> = {
  [MsvAvEOL]: [0], [MsvAvFlags]: [4], [MsvAvTimestamp]: [8], [MsvAvSingleHost]: [48, 80], [MsvAvChannelBindings]: [16],
};
/** The bit of MsvAvFlags that says that the AUTHENTICATE_MESSAGE carries a MIC. */
export const AV_FLAG_MIC = 0x00000002;
const AV_FLAGS: readonly (readonly [bit: number, name: string, note: string])[] = [
  [0x00000001, 'account authentication constrained', 'the account is constrained'],
  [AV_FLAG_MIC, 'MIC present', 'the message carries a MIC'],
  [0x00000004, 'target SPN untrusted', 'MsvAvTargetName comes from an untrusted source'],
];
const INTEGRITY_LEVELS: Readonly<Record<number, string>> = {
  0: 'untrusted', 0x1000: 'low', 0x2000: 'medium', 0x3000: 'high', 0x4000: 'system', 0x5000: 'protected process',
};
