// `#host` where there is fetch and nothing else: browsers and edge functions.
import type { Host } from '../../../contract/host.ts';
import { post } from '../post.ts';

/** None. */
export function hostFiles(): Partial<Host> {
  return {};
}

/** A KDC is reached through its HTTPS proxy. */
export function hostNetwork(): Partial<Host> {
  return typeof fetch === 'function' ? { post } : {};
}

/** None. */
export function hostStores(): Partial<Host> {
  return {};
}
