import type { AcquireCredentialsOptions, BackendName, PackageName } from '../../src/index.ts';

/** Who talks to whom, and with what credentials: one run of the contract suite. */
export interface World {
  /** Heads the names of its suites. */
  name: string;
  client: BackendName;
  server: BackendName;
  packages: readonly PackageName[];
  /** A good account, in a domain that NTLM and Kerberos name each in its way. */
  user: string;
  password: string;
  domain: string;
  realm: string;
  target: string;
  /** What Negotiate ends with between these two. */
  negotiates: 'NTLM' | 'Kerberos';
  /** Besides package, backend and use. */
  clientOptions(name: PackageName): Promise<AcquireCredentialsOptions>;
  serverOptions(name: PackageName): Promise<AcquireCredentialsOptions>;
  capabilities: Capabilities;
  /** Where this world is known to behave otherwise than its backends promise. */
  difference?(name: PackageName, title: string): Difference | undefined;
  /** Told of each test that is not run, or whose known difference showed. */
  skipped?(suite: string, title: string, reason: string): void;
  /** Told before each test. */
  started?(suite: string, title: string): void;
}

/** What a world can; a switch that is off shows as skipped tests. */
export interface Capabilities {
  /** Export and import of established contexts. */
  exports: boolean;
  /** A credential's host can be replaced. */
  replaceableHost: boolean;
  /** Supplied credentials through SECBUFFER_PKG_PARAMS. */
  suppliedCredentials: boolean;
  /** Both sides tell their session keys; without, equal keys are proven by signed messages. */
  sessionKeys: boolean;
  /** The server's accounts, its policy for channel bindings and its keytab are what the test gives. */
  acceptorData: boolean;
}

export interface Difference {
  reason: string;
  /** What the test's error then says; null: it cannot even be tried; 'perhaps': nobody has seen it yet, so it may pass, or fail and be told. */
  fails: RegExp | null | 'perhaps';
}
