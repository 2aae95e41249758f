import type { SspiError } from '../contract/errors.ts';

/** node:diagnostics_channel's name for what is published here. */
export const FALLBACK_CHANNEL = 'portable-sspi:fallback';

/** Why the Wasm engine answers on Windows. */
export interface Fallback {
  /** `unavailable`: Secur32 does not load, told once. `options`: Secur32 does not take what was asked for, told each time. */
  reason: 'unavailable' | 'options';
  /** One sentence. */
  message: string;
  /** One sentence that a person can act on. */
  remedy: string;
  /** Why it does not load. */
  error?: SspiError;
}

/** Publishes; does nothing where a runtime has no diagnostics channels, or when nobody listens. */
export async function publishFallback(fallback: Fallback): Promise<void> {
  const specifier = 'node:diagnostics_channel'; // not a literal in import(): bundlers for browsers would try to resolve it
  const module = await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier).catch(() => undefined) as typeof import('node:diagnostics_channel') | undefined;
  module?.channel(FALLBACK_CHANNEL).publish(fallback);
}
