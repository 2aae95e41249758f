/** What the program is told: who runs it, and where its peers are. It goes through JSON. */
export interface Task {
  runtime: string;
  /** What this runtime can do; what it cannot is tested for its error. */
  can: Abilities;
  realm: string;
  /** Of the web server, with its keytab in hexadecimal. */
  service: { spn: string; keytab: string };
  user: { name: string; password: string };
  /** Of a service that is guarded by `negotiateAuth`, in Node. */
  url: string;
  kdc: { proxyUrl: string; port: number };
  transcript: Transcript;
  vectors: Vectors;
  /** A folder for the program's files, where there are any. */
  folder: string;
}

export interface Abilities {
  /** A connection of one's own, which NTLM needs over HTTP. */
  holdConnections: boolean;
  /** It serves later requests too. */
  keepConnections: boolean;
  tcp: boolean;
  udp: boolean;
  files: boolean;
}

/** Handshakes with a fixed clock and fixed randomness, and each exchange with the KDC. All bytes in hexadecimal. */
export interface Transcript {
  now: number;
  lines: string[];
  exchanges: { request: string; reply: string }[];
}

/** Of test/vectors, as far as the public functions can show them. All bytes in hexadecimal. */
export interface Vectors {
  windows: Record<'user' | 'password' | 'machineId' | 'clientChallenge' | 'exportedSessionKey' | 'negotiate' | 'challenge' | 'authenticate', string>;
  stringToKey: { etype: string; principal: string; password: string; salt: string; key: string }[];
  keytabs: string[];
  caches: string[];
  /** A token, and as JSON what `inspectToken` says of it. */
  inspections: { token: string; tree: string }[];
}

export interface Result {
  suite: string;
  test: string;
  state: 'passed' | 'failed' | 'skipped';
  reason?: string;
}
