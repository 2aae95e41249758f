import { get, type Agent, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { challengesOf } from '../http/node/leg-channel.ts';

/** One request and its response. */
export interface Leg {
  path: string;
  authorization: string | null;
  status: number;
  statusText: string;
  /** The values of its WWW-Authenticate fields. */
  challenges: string[];
  /** The token of the Negotiate challenge. */
  token: Uint8Array | null;
  body: string;
}

/** Sends one GET on the agent's connection, with a token where there is one. */
export async function getOnce(url: string, agent: Agent, token: Uint8Array | null): Promise<Leg> {
  const authorization = token === null ? null : `Negotiate ${Buffer.from(token).toString('base64')}`;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent, headers: authorization === null ? {} : { Authorization: authorization } }, resolve).on('error', reject);
  });
  const challenges = challengesOf(response.rawHeaders).map(([, value]) => value);
  const answer = challenges.map((challenge) => /^Negotiate (\S+)$/i.exec(challenge)?.[1]).find((token68) => token68 !== undefined);
  return {
    path: new URL(url).pathname, authorization, challenges, status: response.statusCode ?? 0, statusText: response.statusMessage ?? '',
    token: answer === undefined ? null : new Uint8Array(Buffer.from(answer, 'base64')), body: (await text(response)).trim(),
  };
}
