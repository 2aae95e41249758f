import { SspiError } from '../../contract/errors.ts';

/** A permission of Deno's, as its `permissions.query` takes it. */
export type DenoPermission = { name: 'env'; variable: string } | { name: 'read'; path: string } | { name: 'net'; host?: string };

interface DenoLike {
  permissions: { querySync(permission: DenoPermission): { state: 'granted' | 'prompt' | 'denied' } };
}

/** Whether Deno lets this happen without a question; elsewhere true. */
export function isGranted(permission: DenoPermission): boolean {
  const { Deno } = globalThis as { Deno?: DenoLike };
  return Deno === undefined || Deno.permissions.querySync(permission).state === 'granted';
}

/** The same for what can be done without; `withheld` remembers it. */
export function isGrantedOption(permission: Exclude<DenoPermission, { name: 'net' }>): boolean {
  const granted = isGranted(permission);
  if (!granted) flags.add(flagOf(permission.name, 'variable' in permission ? permission.variable : permission.path));
  return granted;
}

/** The flags that would have granted what `isGrantedOption` did not find granted. */
export function withheld(): readonly string[] {
  return [...flags];
}

/** Runs `work`; where the runtime's permissions refuse it, an SspiError names the flag. `wanted`: the host and port, where an error names none. */
export async function permitted<T>(work: () => Promise<T> | T, wanted?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainDenial(error, wanted);
  }
}

/** The SspiError of a refused permission; any other error as it is. */
export function explainDenial(error: unknown, wanted?: string): unknown {
  const { name, code, message, permission, resource, syscall } = error as { name?: string; code?: string; message?: string; permission?: string; resource?: string; syscall?: string };
  if (name === 'NotCapable' || name === 'PermissionDenied') {
    const [, kind, target] = /^Requires (\w+) access(?: to (?:"([^"]*)"|<?([^>,]*)>?))?/.exec(message ?? '') ?? [];
    if (kind !== undefined) return denial(`${kind} access${target === undefined ? '' : ` to ${target}`}`, flagOf(kind, kind === 'write' ? directoryOf(target) : target), 'Deno', error);
  }
  // Deno says no more than this of a name that it may not look up.
  if (code === 'EPERM' && syscall === 'getaddrinfo' && wanted !== undefined && 'Deno' in globalThis) return denial(`net access to ${wanted}`, flagOf('net', wanted), 'Deno', error);
  if (code === 'ERR_ACCESS_DENIED') {
    const flag = NODE_FLAGS.get(permission ?? '');
    return denial(`${permission ?? 'access'}${resource ? ` of ${resource}` : ''}`, flag === undefined ? '--allow-…' : `${flag}${resource && flag.includes('fs') ? `=${resource}` : ''}`, "Node's permission model", error);
  }
  return error;
}

/** True for what `explainDenial` made, and for what a runtime lacks. */
export function isRefusalOfRuntime(error: unknown): error is SspiError {
  return error instanceof SspiError && error.code === 'SEC_E_UNSUPPORTED_FUNCTION' && error.remedy !== undefined;
}

function denial(what: string, flag: string, who: string, cause: unknown): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${who} does not permit ${what}`, { cause, remedy: `Run it with ${flag}.` });
}

function flagOf(kind: string, target: string | undefined): string {
  return `--allow-${kind}${target === undefined || target === '' ? '' : `=${target}`}`;
}

/** A file is written beside itself first, under another name. */
function directoryOf(path: string | undefined): string | undefined {
  return path?.replace(/[/\\][^/\\]*$/, '') || path;
}

const flags = new Set<string>();
const NODE_FLAGS: ReadonlyMap<string, string> = new Map([['FileSystemRead', '--allow-fs-read'], ['FileSystemWrite', '--allow-fs-write'], ['Net', '--allow-net']]);
