// Which peers are installed, what they are called in the report, and suites that need them.
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import './processes.ts'; // its exit handler comes before the one here, so that peers stop whatever becomes of the report

export interface Peer {
  name: string;
  /** Debian packages, for the message and for the versions in the report. */
  packages: string[];
  /** Where packages do not tell the version. */
  versions?(): string[];
  /** Welcome but not demanded: its absence is a skip in CI, too. */
  extra?: boolean;
  /** Null when it can be used here, else the reason why not. Called once. */
  unusable(): string | null;
}

type Body = () => Promise<void> | void;
export interface PeerSuite {
  (name: string, body: Body): void;
  before(hook: Body): void;
  after(hook: Body): void;
  run(): void;
}

/**
 * A uvu suite whose tests need real peers. Where one is missing, its tests are skipped and the reason is printed;
 * with CI=true they fail instead.
 */
export function peerSuite(name: string, ...peers: Peer[]): PeerSuite {
  const inner = suite(name);
  const reasons = peers.flatMap((peer) => {
    const reason = check(peer);
    return reason === null ? [] : [`${peer.name}: ${reason}`];
  });
  const demanded = process.env.CI === 'true' && !peers.some((peer) => peer.extra);
  if (reasons.length > 0) process.stdout.write(`\n  ${name} needs ${reasons.join('; ')}\n    (${INSTALL})\n`);
  const test = (title: string, body: Body): void => {
    if (reasons.length === 0) inner(title, body);
    else if (demanded) inner(title, () => { throw new Error(`in CI every peer must be there: ${reasons.join('; ')}`); });
    else inner.skip(title);
  };
  return Object.assign(test, {
    before: (hook: Body) => { if (reasons.length === 0) inner.before(() => told(name, hook)); },
    after: (hook: Body) => { if (reasons.length === 0) inner.after(() => told(name, hook)); },
    run: () => inner.run(),
  });
}

/** What `/usr/bin/dpkg-query` calls the version, or null where there is no such package. */
export function packageVersion(name: string): string | null {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Version}', name], { encoding: 'utf8' });
  const [state, version] = status === 0 ? stdout.split(' ') : [];
  return state === 'installed' && version !== undefined ? version : null;
}

/** True when the program is on the PATH or in one of the folders of system programs. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `PATH="$PATH:/usr/sbin:/sbin"; command -v "$1"`, 'sh', name]).status === 0;
}

function check(peer: Peer): string | null {
  let reason = checked.get(peer);
  if (reason === undefined) checked.set(peer, reason = peer.unusable());
  return reason;
}

// uvu swallows what a hook throws
async function told(name: string, hook: Body): Promise<void> {
  try {
    await hook();
  } catch (error) {
    process.stdout.write(`\n  ${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
    throw error;
  }
}

function report(): void {
  const lines = [...checked].map(([peer, reason]) => {
    const versions = () => peer.versions?.() ?? peer.packages.map((name) => `${name} ${packageVersion(name) ?? '(not from a package)'}`);
    return `  ${peer.name.padEnd(24)} ${reason === null ? versions().join(', ') : `NOT USED: ${reason}`}`;
  });
  if (lines.length > 0) process.stdout.write(`\nPeers:\n${lines.join('\n')}\n`);
}

const INSTALL = 'test/interop/install.sh installs every peer on Debian';
const checked = new Map<Peer, string | null>();
process.on('exit', report);
