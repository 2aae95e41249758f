// A small LDAP client (RFC 4511) with SASL GSS-SPNEGO and its security layer.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { elements, first, integer, tlv, type Element } from './ber.ts';
import { ByteStream } from './stream.ts';

/** Both ways of the security layer; `unwrap` throws for a message that fails verification. */
export interface SecurityLayer {
  wrap(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
  unwrap(token: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface BindResult {
  /** 0 success, 14 saslBindInProgress, 49 invalidCredentials, 8 strongerAuthRequired … */
  code: number;
  message: string;
  token: Uint8Array | null;
}

export interface SearchOptions {
  base: string;
  scope: 'base' | 'subtree';
  /** An equality match, or the presence of an attribute. */
  filter: { attribute: string; value?: string };
  attributes: string[];
}

export interface Entry {
  dn: string;
  attributes: Record<string, Buffer[]>;
}

export class LdapClient {
  readonly #stream: ByteStream;
  #next = 1;
  #layer: SecurityLayer | null = null;
  /** What the security layer carried but nobody has taken yet. */
  #plain = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    this.#stream = new ByteStream(socket);
  }

  static async connect(port: number): Promise<LdapClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new LdapClient(socket);
  }

  /** Over TLS; the certificate is the controller's own and is not verified. */
  static async connectTls(port: number): Promise<LdapClient> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return new LdapClient(socket);
  }

  /** DER of the server's certificate. */
  get certificate(): Uint8Array {
    return (this.socket as TLSSocket).getPeerCertificate().raw;
  }

  /** One leg of a SASL bind. */
  async bind(mechanism: string, token: Uint8Array | null): Promise<BindResult> {
    const credentials = token === null ? [] : [tlv(0x04, token)];
    const [response] = await this.#request(tlv(0x60, integer(3), tlv(0x04), tlv(0xa3, tlv(0x04, mechanism), ...credentials)), 0x61);
    const [code, , message, ...more] = elements(response!.content);
    const reply = more.find((element) => element.tag === 0x87);
    return { code: number(code), message: text(message), token: reply === undefined ? null : reply.content };
  }

  /** From here on every message is protected: four octets of length, then a wrap token (RFC 4422 §3.7). */
  secure(layer: SecurityLayer): void {
    this.#layer = layer;
  }

  async search(options: SearchOptions): Promise<{ entries: Entry[]; code: number; message: string }> {
    const { attribute, value } = options.filter;
    const filter = value === undefined ? tlv(0x87, attribute) : tlv(0xa3, tlv(0x04, attribute), tlv(0x04, value));
    const scope = integer(options.scope === 'base' ? 0 : 2, 0x0a);
    const responses = await this.#request(tlv(0x63, tlv(0x04, options.base), scope, integer(0, 0x0a), integer(0), integer(0),
      tlv(0x01, Buffer.from([0])), filter, tlv(0x30, ...options.attributes.map((name) => tlv(0x04, name)))), 0x65);
    const [code, , message] = elements(responses.at(-1)!.content);
    return { entries: responses.filter((response) => response.tag === 0x64).map(entry), code: number(code), message: text(message) };
  }

  /** The SID that this connection acts for: the first of the root's tokenGroups is the user, the others are groups. */
  async userSid(): Promise<string> {
    const { entries } = await this.search({ base: '', scope: 'base', filter: { attribute: 'objectClass' }, attributes: ['tokenGroups'] });
    return entries[0]?.attributes.tokenGroups?.[0]?.toString('hex') ?? 'nobody';
  }

  close(): void {
    this.socket.destroy();
  }

  /** Sends one request and takes responses up to the one with tag `last`. */
  async #request(operation: Buffer, last: number): Promise<Element[]> {
    const id = this.#next++;
    const message = tlv(0x30, integer(id), operation);
    if (this.#layer === null) this.#stream.write(message);
    else this.#stream.write(framed(await this.#layer.wrap(message)));
    const responses: Element[] = [];
    for (;;) {
      const [messageId, response] = elements((await this.#receive()).content);
      if (number(messageId) !== id) throw new Error(`LDAP: message ${number(messageId)} came, ${id} was expected`);
      responses.push(response!);
      if (response!.tag === last) return responses;
    }
  }

  async #receive(): Promise<Element> {
    if (this.#layer === null) return first(await this.#stream.take((bytes) => first(bytes)?.size ?? null))!;
    for (;;) {
      const element = first(this.#plain);
      if (element !== null) {
        this.#plain = this.#plain.subarray(element.size);
        return element;
      }
      const token = await this.#stream.take((bytes) => bytes.length < 4 ? null : 4 + bytes.readUInt32BE(0));
      this.#plain = Buffer.concat([this.#plain, await this.#layer.unwrap(token.subarray(4))]);
    }
  }
}

function entry(response: Element): Entry {
  const [dn, attributes] = elements(response.content);
  return {
    dn: text(dn),
    attributes: Object.fromEntries(elements(attributes!.content).map((attribute) => {
      const [name, values] = elements(attribute.content);
      return [text(name), elements(values!.content).map((value) => value.content)];
    })),
  };
}

function framed(token: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(token.length);
  return Buffer.concat([length, token]);
}

function number(element: Element | undefined): number {
  return element === undefined ? NaN : element.content.readUIntBE(0, element.content.length);
}

function text(element: Element | undefined): string {
  return element === undefined ? '' : element.content.toString('utf8');
}
