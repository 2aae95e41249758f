/** What was taken from the system and given back. Nothing leaks while every pair is equal once all handles are freed. */
export interface Secur32Counts {
  /** AcquireCredentialsHandle, FreeCredentialsHandle. */
  credentials: Count;
  /** Contexts that a first leg or an import made, DeleteSecurityContext. */
  contexts: Count;
  /** Memory that the DLL allocated, FreeContextBuffer. */
  buffers: Count;
  /** Access tokens, CloseHandle. */
  tokens: Count;
  /** Calls that run, or ran, on another thread. */
  calls: Count;
}

export interface Count {
  acquired: number;
  freed: number;
}

export function newCounts(): Secur32Counts {
  const none = (): Count => ({ acquired: 0, freed: 0 });
  return { credentials: none(), contexts: none(), buffers: none(), tokens: none(), calls: none() };
}
