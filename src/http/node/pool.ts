import type { Connection } from './connection.ts';
import { MAX_TIMER } from './deadline.ts';

/** Connections that wait for their next request, and a bound on how many there are toward one place. */
export interface Pool {
  /** The connection last used toward `key`, or what `open` makes; waits while the bound is reached. */
  acquire(key: string, open: () => Promise<Connection>, signal: AbortSignal): Promise<Connection>;
  /** As `acquire`, but never one that has waited: for what a stale connection has just failed. */
  acquireFresh(key: string, open: () => Promise<Connection>, signal: AbortSignal): Promise<Connection>;
  /** Gives a connection back; a closed one makes room. */
  release(key: string, connection: Connection): void;
  /** Closes what waits, and what is in use as soon as it is given back. */
  close(): void;
}

export interface PoolLimits {
  maxConnections: number;
  /** Milliseconds. */
  idleTimeout: number;
}

export function createPool({ maxConnections, idleTimeout }: PoolLimits): Pool {
  const places = new Map<string, Place>();
  let closed = false;

  const placeOf = (key: string): Place => {
    const place = places.get(key) ?? { key, open: 0, idle: [], waiting: [] };
    places.set(key, place);
    return place;
  };

  const dropIdle = (place: Place, entry: Idle) => {
    const index = place.idle.indexOf(entry);
    if (index < 0) return;
    place.idle.splice(index, 1);
    clearTimeout(entry.timer);
    entry.connection.socket.off('close', entry.onClose);
    entry.connection.close();
    leave(place);
  };

  /** One connection fewer: the next that waits may open its own. */
  const leave = (place: Place) => {
    place.open--;
    place.waiting.shift()?.();
    if (place.open === 0 && place.waiting.length === 0) places.delete(place.key);
  };

  const takeIdle = (place: Place): Connection | null => {
    for (let entry = place.idle.at(-1); entry !== undefined; entry = place.idle.at(-1)) {
      if (entry.connection.closed) {
        dropIdle(place, entry);
        continue;
      }
      place.idle.pop();
      clearTimeout(entry.timer);
      entry.connection.socket.off('close', entry.onClose);
      return entry.connection;
    }
    return null;
  };

  const acquire = async (key: string, open: () => Promise<Connection>, signal: AbortSignal, fresh: boolean): Promise<Connection> => {
    for (;;) {
      signal.throwIfAborted();
      if (closed) throw new TypeError('fetch: this fetch has been closed');
      const place = placeOf(key);
      if (fresh) for (const entry of [...place.idle]) dropIdle(place, entry);
      const idle = takeIdle(place);
      if (idle !== null) return idle;
      if (place.open >= maxConnections) {
        await waitForTurn(place.waiting, signal);
        if (signal.aborted) place.waiting.shift()?.(); // the turn that this one will not take
        continue;
      }
      place.open++;
      try {
        return await open();
      } catch (error) {
        leave(place);
        throw error;
      }
    }
  };

  return {
    acquire: (key, open, signal) => acquire(key, open, signal, false),
    acquireFresh: (key, open, signal) => acquire(key, open, signal, true),
    release(key, connection) {
      const place = placeOf(key);
      if (closed || connection.closed) {
        connection.close();
        leave(place);
        return;
      }
      // Closed by us a good while before the server would: a request sent into its closing is lost.
      const hint = connection.idleTimeout ?? Infinity;
      const wait = Math.min(idleTimeout, Math.max(hint - 1000, hint / 2), MAX_TIMER);
      const onClose = () => dropIdle(place, entry);
      const timer = setTimeout(() => dropIdle(place, entry), wait);
      timer.unref();
      const entry: Idle = { connection, timer, onClose };
      connection.socket.once('close', onClose);
      place.idle.push(entry);
      place.waiting.shift()?.();
    },
    close() {
      closed = true;
      for (const place of [...places.values()]) {
        for (const entry of [...place.idle]) dropIdle(place, entry);
        for (const wake of place.waiting.splice(0)) wake();
      }
    },
  };
}

interface Place {
  key: string;
  /** In use and idle together. */
  open: number;
  idle: Idle[];
  waiting: (() => void)[];
}

interface Idle {
  connection: Connection;
  timer: NodeJS.Timeout;
  onClose: () => void;
}

async function waitForTurn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', abort);
      act();
    };
    const wake = () => settle(resolve);
    const abort = () => settle(() => {
      const index = waiting.indexOf(wake);
      if (index >= 0) waiting.splice(index, 1);
      reject(signal.reason);
    });
    waiting.push(wake);
    signal.addEventListener('abort', abort, { once: true });
  });
}
