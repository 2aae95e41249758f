// A small SMB 2.1 client (MS-SMB2): negotiate, session setup, signing, tree connect, echo.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { ByteStream } from './stream.ts';

export const STATUS_SUCCESS = 0x00000000;
export const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;
export const STATUS_LOGON_FAILURE = 0xc000006d;

/*
 * SMB2 header (MS-SMB2 2.2.1.2), little-endian:
 *
 *   0 0xFE 'SMB'   4 StructureSize 64   6 CreditCharge    8 Status     12 Command   14 Credits
 *  16 Flags       20 NextCommand       24 MessageId (8)  32 Reserved  36 TreeId
 *  40 SessionId (8)                    48 Signature (16) 64 the command's own structure
 */
const HEADER = 64;
const SIGNATURE = 48;
const FLAG_SIGNED = 0x8;
const NEGOTIATE = 0;
const SESSION_SETUP = 1;
const LOGOFF = 2;
const TREE_CONNECT = 3;
const ECHO = 13;

export interface Response {
  status: number;
  /** The server set SMB2_FLAGS_SIGNED. */
  signed: boolean;
  whole: Buffer;
  /** The security buffer of NEGOTIATE and SESSION_SETUP responses. */
  token: Buffer;
}

export class Smb2Client {
  readonly #stream: ByteStream;
  #messageId = 0n;
  #sessionId = 0n;
  #treeId = 0;
  #key: Uint8Array | null = null;

  private constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  static async connect(port: number): Promise<Smb2Client> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Smb2Client(new ByteStream(socket));
  }

  /** Dialect 2.1 alone, signing required. The response's token is the server's NegTokenInit2. */
  async negotiate(): Promise<Response & { dialect: number }> {
    const body = Buffer.alloc(38);
    body.writeUInt16LE(36, 0);
    body.writeUInt16LE(1, 2); // DialectCount
    body.writeUInt16LE(2, 4); // SecurityMode: signing required
    randomBytes(16).copy(body, 12); // ClientGuid
    body.writeUInt16LE(0x0210, 36);
    const response = await this.#call(NEGOTIATE, body);
    return { ...response, token: securityBuffer(response.whole, 56), dialect: response.whole.readUInt16LE(HEADER + 4) };
  }

  async sessionSetup(token: Uint8Array): Promise<Response> {
    const body = Buffer.alloc(24);
    body.writeUInt16LE(25, 0);
    body.writeUInt8(2, 3); // SecurityMode: signing required
    body.writeUInt16LE(HEADER + 24, 12);
    body.writeUInt16LE(token.length, 14);
    const response = await this.#call(SESSION_SETUP, Buffer.concat([body, token]));
    this.#sessionId = response.whole.readBigUInt64LE(40);
    return { ...response, token: securityBuffer(response.whole, 4) };
  }

  /** Signs every request with the session key from here on. */
  signWith(key: Uint8Array): void {
    this.#key = key.slice(0, 16);
  }

  async treeConnect(path: string): Promise<Response> {
    const name = Buffer.from(path, 'utf16le');
    const body = Buffer.alloc(8);
    body.writeUInt16LE(9, 0);
    body.writeUInt16LE(HEADER + 8, 4);
    body.writeUInt16LE(name.length, 6);
    const response = await this.#call(TREE_CONNECT, Buffer.concat([body, name]));
    this.#treeId = response.whole.readUInt32LE(36);
    return response;
  }

  echo(): Promise<Response> {
    return this.#call(ECHO, Buffer.from([4, 0, 0, 0]));
  }

  logoff(): Promise<Response> {
    return this.#call(LOGOFF, Buffer.from([4, 0, 0, 0]));
  }

  close(): void {
    this.#stream.socket.destroy();
  }

  async #call(command: number, body: Buffer): Promise<Response> {
    const message = Buffer.concat([Buffer.alloc(HEADER), body]);
    message.write('\xfeSMB', 0, 'latin1');
    message.writeUInt16LE(HEADER, 4);
    message.writeUInt16LE(1, 6); // CreditCharge
    message.writeUInt16LE(command, 12);
    message.writeUInt16LE(16, 14);
    message.writeBigUInt64LE(this.#messageId++, 24);
    message.writeUInt32LE(this.#treeId, 36);
    message.writeBigUInt64LE(this.#sessionId, 40);
    if (this.#key !== null) {
      message.writeUInt32LE(FLAG_SIGNED, 16);
      signature(message, this.#key).copy(message, SIGNATURE);
    }
    const length = Buffer.alloc(4); // direct TCP transport: a zero, then 24 bits of length
    length.writeUInt32BE(message.length);
    this.#stream.write(Buffer.concat([length, message]));
    const frame = await this.#stream.take((bytes) => bytes.length < 4 ? null : 4 + bytes.readUInt32BE(0));
    const whole = frame.subarray(4);
    return { status: whole.readUInt32LE(8), signed: (whole.readUInt32LE(16) & FLAG_SIGNED) !== 0, whole, token: Buffer.alloc(0) };
  }
}

/** MS-SMB2 3.1.5.1: is the response signed with this session key? */
export function verifies(response: Response, key: Uint8Array): boolean {
  return response.signed && timingSafeEqual(signature(response.whole, key), response.whole.subarray(SIGNATURE, HEADER));
}

/** MS-SMB2 3.1.4.1, dialects 2.0.2 and 2.1: HMAC-SHA256 over the message with a zero signature, cut to 16 bytes. */
function signature(message: Uint8Array, key: Uint8Array): Buffer {
  const zeroed = Buffer.from(message);
  zeroed.fill(0, SIGNATURE, HEADER);
  return createHmac('sha256', key.slice(0, 16)).update(zeroed).digest().subarray(0, 16);
}

/** The bytes that an offset (from the header's start) and a length at `at` of the body point to. */
function securityBuffer(message: Buffer, at: number): Buffer {
  if (message.length < HEADER + at + 4) return Buffer.alloc(0); // an error response
  const offset = message.readUInt16LE(HEADER + at);
  return message.subarray(offset, offset + message.readUInt16LE(HEADER + at + 2));
}
