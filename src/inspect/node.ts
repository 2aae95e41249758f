import { expectedButCame, hex } from './text.ts';

/**
 * One field of a token, named as its specification names it. Plain data: `JSON.stringify` keeps all of it.
 *
 * `offset` counts bytes from the start of the whole token, also for what lies inside another message; `length` is in bytes.
 */
export interface TokenNode {
  name: string;
  /** What the field says, for people. Never holds a control character. */
  value: string;
  offset: number;
  length: number;
  /** What a reader may want to know about it. */
  note?: string;
  children?: TokenNode[];
  /** What is wrong here: what was expected, what came, at which byte. */
  error?: string;
}

/** The tree of a whole token. */
export interface TokenTree extends TokenNode {
  /** How the input was read. */
  form: InputForm;
}

export type InputForm = 'bytes' | 'hex' | 'base64' | 'header';

export interface InspectOptions {
  /** Hides what guesses of a password can be checked against: responses, proofs, MICs, checksums, ciphertexts. Default false. */
  redact?: boolean;
  /** Writes every byte of a field, not only the first 16. Default false. */
  full?: boolean;
}

/** What may stand beside a node's four fields. */
export type NodeExtras = Pick<TokenNode, 'note' | 'children' | 'error'>;

/**
 * A stretch of a token. Nothing is read past its end, and a shorter stretch of it can reach no further.
 * All stretches of one token share its budget of nodes, so a small token never becomes an endless tree.
 */
export class Region {
  constructor(readonly token: Uint8Array, readonly start: number, readonly end: number, readonly shared: Shared) {}

  get length(): number {
    return this.end - this.start;
  }

  /** The bytes that are there; fewer than asked for when the region ends before. */
  bytes(offset = 0, length = this.length - offset): Uint8Array {
    const from = Math.min(this.start + offset, this.end);
    return this.token.subarray(from, Math.min(from + Math.max(length, 0), this.end));
  }

  /** The stretch from `offset` on, cut where this region ends. */
  part(offset: number, length = this.length - offset): Region {
    const from = Math.min(this.start + offset, this.end);
    return new Region(this.token, from, Math.min(from + Math.max(length, 0), this.end), this.shared);
  }

  u8(offset: number): number {
    return this.bytes(offset, 1)[0] ?? 0;
  }

  u16(offset: number): number {
    return this.u8(offset) | (this.u8(offset + 1) << 8);
  }

  u32(offset: number): number {
    return (this.u16(offset) | (this.u16(offset + 2) << 16)) >>> 0;
  }

  u16be(offset: number): number {
    return (this.u8(offset) << 8) | this.u8(offset + 1);
  }

  /** A node over `length` bytes at `offset` of this region. */
  node(name: string, value: string, offset: number, length: number, extras: NodeExtras = {}): TokenNode {
    this.shared.nodes += 1;
    const from = Math.min(this.start + offset, this.end);
    return { name, value, offset: from, length: Math.max(0, Math.min(length, this.end - from)), ...withoutUndefined(extras) };
  }

  /** A node whose value is its bytes in hexadecimal. */
  bytesNode(name: string, offset: number, length: number, extras: NodeExtras = {}): TokenNode {
    return this.node(name, this.hex(offset, length), offset, length, extras);
  }

  /** As `bytesNode`, for what a guessed password can be checked against: `redact` hides it, and whatever overlaps it. */
  secretNode(name: string, offset: number, length: number, extras: NodeExtras = {}): TokenNode {
    const node = this.bytesNode(name, offset, length, extras);
    this.shared.secrets.push([node.offset, node.offset + node.length]);
    return node;
  }

  hex(offset: number, length: number): string {
    const bytes = this.bytes(offset, length);
    if (bytes.length === 0) return '(empty)';
    return this.shared.full || bytes.length <= SHOWN ? hex(bytes) : `${hex(bytes.subarray(0, SHOWN))} …`;
  }

  /** A node that says what should have been at `offset`; it covers what is there instead. */
  broken(name: string, expected: string, came: string, offset: number): TokenNode {
    const left = Math.max(0, this.length - offset);
    if (left > 0) this.shared.secrets.push([this.start + offset, this.end]); // what could not be read may be a cut proof
    return this.node(name, left === 0 ? '(missing)' : this.hex(offset, left), offset, left, { error: expectedButCame(expected, came, this.start + offset) });
  }

  /** Null when `length` bytes are there, else the node that says how many came. */
  missing(name: string, offset: number, length: number): TokenNode | null {
    const left = Math.max(0, this.length - offset);
    return left >= length ? null : this.broken(name, count(length), left === 0 ? 'the end' : count(left), offset);
  }

  /** True when the tree has grown past its bound; whoever loops stops then. */
  get exhausted(): boolean {
    return this.shared.nodes >= MAX_NODES;
  }

  /** What a loop leaves behind when it stops early. */
  stopped(offset: number): TokenNode {
    return this.node('…', `${count(this.length - offset)} not explained`, offset, this.length - offset, {
      error: `expected a token of fewer than ${MAX_NODES} fields, came more, at byte ${this.start + offset}`,
    });
  }
}

/** What all regions of one token have in common. */
export interface Shared {
  nodes: number;
  full: boolean;
  /** [start, end) of what `redact` hides. */
  secrets: [start: number, end: number][];
}

export function wholeRegion(token: Uint8Array, options: InspectOptions): Region {
  return new Region(token, 0, token.length, { nodes: 0, full: options.full ?? false, secrets: [] });
}

/** '1 byte', '16 bytes'. */
export function count(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

function withoutUndefined(extras: NodeExtras): NodeExtras {
  const kept: NodeExtras = {};
  if (extras.note !== undefined) kept.note = extras.note;
  if (extras.children !== undefined && extras.children.length > 0) kept.children = extras.children;
  if (extras.error !== undefined) kept.error = extras.error;
  return kept;
}

const SHOWN = 16;
const MAX_NODES = 4096;
