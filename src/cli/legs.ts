import { watchHttpLegs } from '../http/node/leg-channel.ts';
import { formatTokenTree, inspectToken } from '../inspect/index.ts';
import { paint, type Terminal } from './terminal.ts';

/** Tells `write` of every request of this process and its response, as `createFetch` sends them; returns what ends it. */
export function watchLegs(terminal: Terminal, full: boolean, write: (text: string) => void): () => void {
  return watchHttpLegs(({ method, target, headers, status, reason, challenges }) => {
    const lines = [paint(terminal, 'title', `> ${method} ${target}`)];
    for (const [name, value] of headers) if (SHOWN.test(name)) lines.push(...headerText(terminal, '>', name, value, full));
    lines.push(paint(terminal, 'title', `< ${status} ${reason}`));
    for (const [name, value] of challenges) lines.push(...headerText(terminal, '<', name, value, full));
    write(`${lines.join('\n')}\n`);
  });
}

/** The header, shortened to the line, and what its token says. Other schemes' credentials are not shown at all. */
export function headerText(terminal: Terminal, mark: string, name: string, value: string, full: boolean): string[] {
  const [scheme, token] = value.split(' ', 2);
  const ours = /^(?:negotiate|ntlm)$/i.test(scheme!);
  if (!ours && /authorization$/i.test(name)) return [`${mark} ${name}: ${scheme} (not shown)`];
  const line = `${mark} ${name}: ${value}`;
  const shown = full || line.length <= terminal.width ? line : `${line.slice(0, terminal.width - 2)} …`;
  if (!ours || token === undefined) return [shown];
  const tree = inspectToken(`${name}: ${value}`, { full, redact: !full }).children?.[0]?.children?.[0];
  if (tree === undefined) return [shown];
  const text = formatTokenTree(tree, { color: terminal.color, width: terminal.width - 2, compact: !full });
  return [shown, ...text.split('\n').map((textLine) => `  ${textLine}`)];
}

const SHOWN = /^(?:host|authorization|proxy-authorization)$/i;
