import diagnostics from 'node:diagnostics_channel';

/**
 * One request of `createFetch` and its answer, as the diagnostics channel `portable-sspi:http:leg` tells them.
 * The headers hold the tokens: a subscriber decides what it shows of them.
 */
export interface HttpLeg {
  method: string;
  /** The request target: path, absolute form toward a proxy, or the authority of a CONNECT. */
  target: string;
  headers: readonly (readonly [name: string, value: string])[];
  status: number;
  reason: string;
  /** The WWW-Authenticate and Proxy-Authenticate fields of the answer. */
  challenges: readonly (readonly [name: string, value: string])[];
}

/** `make` runs only where someone listens. */
export function publishLeg(make: () => HttpLeg): void {
  if (channel.hasSubscribers) channel.publish(make());
}

/** Calls `listener` for every leg of this process until the function that it returns is called. */
export function watchHttpLegs(listener: (leg: HttpLeg) => void): () => void {
  const onMessage = (leg: unknown) => listener(leg as HttpLeg);
  channel.subscribe(onMessage);
  return () => void channel.unsubscribe(onMessage);
}

/** The challenges among a message's rawHeaders, in their order. */
export function challengesOf(rawHeaders: readonly string[]): [name: string, value: string][] {
  const challenges: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (/^(?:www|proxy)-authenticate$/i.test(rawHeaders[i]!)) challenges.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  }
  return challenges;
}

const channel = diagnostics.channel('portable-sspi:http:leg');
